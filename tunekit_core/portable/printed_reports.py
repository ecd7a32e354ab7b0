"""Finds reports in what a script prints: lines of the Reporter, and what regular expressions match.

This file needs nothing but Python 3.8, since it is read beside a script, whatever environment that has: by the
supervisor of a run on this machine, and in a container.
"""

from __future__ import annotations

import json
import re
import time

TYPE_CHECKING = False  # importing typing would cost as much time as all the rest
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TAG = b"[tunekit-report]"  # before the metrics, as the Reporter prints them where no file is named
TIME_STAMP = "st_worker_timestamp"  # seconds since 1970, by which the reports of several trials are put in order
MISREAD = "st_misread"  # in place of metrics, for people: a pattern has found what is no number, or a part of one
WITHOUT_REPORT = "it ended without a report"
PAGE = "docs/how-to/report-metrics.md"
BOTH_STREAMS = r'sh -c "exec \"$@\" 2>&1" -'  # before a command: its errors are on its standard output as well
LONGEST_REPORT = 1 << 20  # bytes
LONGEST_MATCHED = 10_000  # characters of a line in which patterns are looked for: some take the square of that in time
LONGEST_SHOWN = 100  # characters of a line, or a pattern, in a text for people
LONGEST_NUMBER = 50  # characters of what may be a number
BREAK = re.compile(rb"[\r\n\b]+")  # progress bars go back to the beginning of their line
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x00")  # colours, titles, UTF-16
# Texts, which are compiled when they are used: most runs need none of them.
ONLY_GROUP = r"(?<!\\)\((?!\?)[^()]*\)"
ANY_WORD, ANY_ITEM = r"(\S+)", r"([^\s,;]+)"
BEGINS_NUMBER = r"[-+]?\.?\d"
ENDS_NUMBER = r"\d\.?$"
WHOLE = r"[-+]?\d+"
THOUSANDS = r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+|,\d{3})"  # 1,234 may as well be 1.234 in other countries
WRAPPED = r"[\[({\"']*(?:tensor|Array|(?:(?:np|numpy)\.)?(?:float|int)\d+)\(([^(),]+).*"
BEFORE_NUMBER, BEHIND_NUMBER = "([{<\"'", ".,;:)]}>|\"'%"  # what stands around a number in a word
# What makes a number, before or after it, another one: digits, a sign, an exponent, K for a thousand.
BEFORE = r"(?:(?<![\w.)\]])[-\u2212])?(?:\d[\d.]*(?:[eE][-+]?)?|(?<!\w)\.)?$"
AFTER = (
    r"\d[\d.]*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|[eEdD][-+]?\d+|_\d+|[xX][\dA-Fa-f]+"
    r"|[kKMGT](?:i?B)?(?![A-Za-z\d])|(?:['\u2019\u00a0\u2009\u202f]\d{3})+(?!\d)(?:\.\d+)?"
)
COMMA_BEFORE = r"(?<![\d.,])\d+,$"
AFTER_COMMA = r"\d{3}(?!\d)|\d+$"
COMMA_AFTER = r"(?:,\d{3})+(?:\.\d+)?(?![\d.,]\d)|,\d+(?![.,]?\d)"
IN_NUMBER = r"[\w.,+\u2212%-]"


class PrintedReports:
    """Reads the standard output of one run, in pieces of any size.

    A line with the tag of the Reporter is a report as it stands. Where there are patterns, what they match is gathered
    until all that a report needs was found since the last one, which makes the next. What a pattern finds for a needed
    metric is skipped if there is no digit in it, unless it is ``nan`` or ``inf``. A number of which it finds a part, or
    that can be read in two ways, is a report of :data:`MISREAD`, the last of the run: no false number is reported.

    Args:
        patterns: By metric a regular expression, whose first group, or all that it matches, is the value.
        needed: The metrics without which there is no report, each with a pattern: those that are optimised, and the
            resource.
        resource: The resource, if one is named.
    """

    def __init__(self, patterns: Mapping[str, str], needed: Sequence[str], resource: str | None = None) -> None:
        self._patterns = {name: re.compile(pattern) for name, pattern in patterns.items()}
        self._needed = tuple(needed)
        self._resource = resource
        self._found: dict[str, float | str] = {}
        self._ever: set[str] = set()  # the names of what was found
        self._output, self._errors = _Lines(), _Lines()
        self._last = b""  # the last line with anything in it
        self._no_number = ""  # a line in which a pattern found what is no number
        self._of_errors = ""  # a line of the standard error that would have been heard
        self._is_heard = self._is_misread = False

    def read(self, data: bytes) -> list[bytes]:
        """The reports that are complete with these bytes, each a line of JSON without its end.

        What stands behind a tag and is no JSON is returned as it is: it was to be a report.
        """
        found = [report for line in self._output.split(data) for report in self._of_line(line)]
        self._is_heard = self._is_heard or bool(found)
        return found

    def read_rest(self) -> list[bytes]:
        """The report in a last line that has no end."""
        return self.read(b"\n")

    def read_errors(self, data: bytes) -> None:
        """Take notice of the standard error: nothing there is a report, but :meth:`unheard` says what would be one."""
        if self._is_heard or self._of_errors:
            return
        for line in self._errors.split(data):
            text = _text(line)
            if TAG in line or any(self._patterns[name].search(text) for name in self._unfound()):
                self._of_errors = text
                return

    def unheard(self) -> str:
        """Why there was no report, for people, in two lines at most; called once the program has ended without one."""
        self.read_errors(b"\n")
        missing = [f"benchmark.metrics.{name}={_quoted(self._patterns[name].pattern)}" for name in self._unfound()]
        if not missing and self._of_errors:
            why = "what begins with [tunekit-report] is on its standard error"
        elif not missing:
            why = "neither a call of Reporter nor a line '[tunekit-report]' was heard, and benchmark.metrics is empty"
        elif not self._last:
            why = f"it printed nothing, and so nothing that matches {' or '.join(missing)}"
        elif self._no_number:
            why = f"what it printed and {' or '.join(missing)} matched was no number"
        else:
            why = f"no line that it printed matched {' or '.join(missing)}"
        is_resource = bool(missing) and self._unfound() == [self._resource]
        count = f". Without benchmark.resource={self._resource} reports are counted" if is_resource else ""
        return f"{WITHOUT_REPORT}: {why}.\n{self._hint()}{count}"

    def _unfound(self) -> list[str]:
        return [name for name in self._needed if name in self._patterns and name not in self._ever]

    def _hint(self) -> str:
        """What helps to mend it, as a sentence without its end."""
        if self._of_errors:
            return (
                f"A line of its standard error: {_quoted(self._of_errors)}. The standard output alone is searched: "
                f"begin the command with {BOTH_STREAMS}"
            )
        if not self._patterns or not self._last:
            return f"{PAGE} says how scripts report"
        line = self._no_number or _text(self._last)
        wider = (_with_any_word(self._patterns[name], line) for name in self._unfound())
        works = next(filter(None, wider), "")
        return f"The last one: {_quoted(line)}" + (f". It matches {_quoted(works)}" if works else "")

    def _of_line(self, line: bytes) -> Iterator[bytes]:
        if line.strip():
            self._last = line
        _, tag, text = line.partition(TAG)
        if tag:
            yield _with_time_stamp(text.strip())
        elif self._patterns and line and not self._is_misread:
            misread = self._match(_text(line))
            if misread:
                self._is_misread = True
                yield _report({MISREAD: misread})
            elif self._found.keys() >= {*self._needed}:
                yield _report(self._found)
                self._found = {}

    def _match(self, text: str) -> str:
        """Look for values in a line, and say what is wrong with one."""
        for name, pattern in self._patterns.items():
            found = pattern.search(text)
            value = None if found is None else found[1] if pattern.groups else found[0]
            if found is None or value is None:  # its group is one of several that may match
                continue
            number = _number(value)
            whole = None if number is None else _whole_number(pattern, found, text)
            if number is None and name in self._needed:
                if not any(map(str.isdigit, value)):
                    self._no_number = text
                    continue
                whole = value
            if whole is not None:
                return _misread(name, pattern, text, value, whole)
            self._ever.add(name)
            self._found[name] = value if number is None else number
        return ""


class _Lines:
    """Puts lines together that come in pieces of any size; one that is too long is cut."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []  # of a line that has no end yet
        self._size = 0  # of these

    def split(self, data: bytes) -> list[bytes]:
        """The lines that are complete with these bytes."""
        *lines, rest = BREAK.split(data)
        if lines:
            lines[0] = b"".join([*self._pieces, lines[0]])
            self._pieces, self._size = [], 0
        self._pieces.append(rest)
        self._size += len(rest)
        if self._size > LONGEST_REPORT:
            lines.append(b"".join(self._pieces))
            self._pieces, self._size = [], 0
        return lines


def _text(line: bytes) -> str:
    return ESCAPE.sub("", line[: 4 * LONGEST_MATCHED].decode("utf-8", "replace"))[:LONGEST_MATCHED]


def _report(metrics: Mapping[str, float | str]) -> bytes:
    return json.dumps({**metrics, TIME_STAMP: time.time()}).encode("ascii")


def _with_time_stamp(text: bytes) -> bytes:
    try:
        report = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(report, dict) or TIME_STAMP in report:
        return text
    return _report(report)


def _number(word: str) -> float | None:
    """The number that a word is, with nothing but punctuation, ``%`` or what NumPy and torch add around it."""
    word = re.sub(WRAPPED, r"\1", word.strip())
    for text in (word, word.lstrip(BEFORE_NUMBER).rstrip(BEHIND_NUMBER)):
        if re.fullmatch(THOUSANDS, text):
            text = text.replace(",", "")
        for kind in (int, float):
            try:
                return kind(text)
            except ValueError:
                pass
    return None


def _whole_number(pattern: re.Pattern[str], found: re.Match[str], text: str) -> str | None:
    r"""The number of which a pattern has found a part; ``None`` if it has found all of it.

    Where a pattern needs what stands around its group, as ``loss: -(\d+)`` does, it is meant so.
    """
    begin, end = found.span(1 if pattern.groups else 0)
    value = text[begin:end]
    before, after = text[max(0, begin - LONGEST_NUMBER) : begin], text[end : end + LONGEST_NUMBER]
    more = re.search(BEFORE, before) if re.match(BEGINS_NUMBER, value) else None
    left = len(more[0]) if more else 0
    more = re.match(AFTER, after) if re.search(ENDS_NUMBER, value) else None
    right = len(more[0]) if more else 0
    is_part = False
    for first, last in ((begin - left, begin), (end, end + right)):
        is_part |= first < last and _finds(pattern, text[:first] + text[last:], value)
    if not is_part and re.match(AFTER_COMMA, value) and re.search(COMMA_BEFORE, before):
        is_part = _finds(pattern, text[:begin].rstrip("0123456789,") + text[begin:], value)
    if not is_part and re.fullmatch(WHOLE, value) and re.match(COMMA_AFTER, after):
        is_part = _finds(pattern, text[:end], value)
    if not is_part:
        return None
    begin, end = begin - left, end + right
    while begin and re.match(IN_NUMBER, text[begin - 1]):
        begin -= 1
    while end < len(text) and re.match(IN_NUMBER, text[end]):
        end += 1
    return text[begin:end].rstrip(",.")


def _finds(pattern: re.Pattern[str], text: str, value: str) -> bool:
    found = pattern.search(text)
    return found is not None and (found[1] if pattern.groups else found[0]) == value


def _misread(name: str, pattern: re.Pattern[str], text: str, value: str, whole: str) -> str:
    """What is wrong with a value, for people; ``whole`` is the number of which it is a part, or the value itself."""
    option = f"benchmark.metrics.{name}"
    begin = max(0, text.find(whole) - LONGEST_SHOWN // 2)
    what = f"{_quoted(value)}, which is no number" if whole == value else f"{_quoted(value)} of {_quoted(whole)}"
    works = _with_any_word(pattern, text)
    if works:
        advice = f"Type {option}={_quoted(works)}"
    elif whole == value:
        advice = "Have its group match nothing but a number such as 1234.5 or 1e-05, or have it printed as such"
    else:
        advice = f"Write what stands right before the number into the pattern, as in 'loss: {ANY_WORD}'"
    return f"{option}={_quoted(pattern.pattern)} matched {what}, in the line {_quoted(text[begin:])}.\n{advice}"


def _with_any_word(pattern: re.Pattern[str], text: str) -> str:
    """A pattern that differs in its group, and finds a number in a text; empty if that is not so simple."""
    for group in (ANY_WORD, ANY_ITEM):
        wider, n_groups = re.subn(ONLY_GROUP, group.replace("\\", r"\\"), pattern.pattern)
        if n_groups != 1 or wider == pattern.pattern:
            continue
        try:
            compiled = re.compile(wider)
        except re.error:
            continue
        found = compiled.search(text)
        if found is not None and _number(found[1]) is not None and _whole_number(compiled, found, text) is None:
            return wider
    return ""


def _quoted(text: str) -> str:
    """A text on one line in quotes, cut where it is long; with its backslashes as they are."""
    text = "".join(sign if sign.isprintable() else " " for sign in text.strip())
    mark = '"' if "'" in text else "'"
    return f"{mark}{text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + '…'}{mark}"
