"""Finds what trials report in what their jobs print, which comes as events of a log: lines, or pieces of lines."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from typing import Any, TypeAlias

import attrs

TAG = re.compile(r"\[tunekit-(report|end)\]")
LONGEST_TAG = len("[tunekit-report]")
OBJECT = re.compile(r"\s*(\{|$)")
SPECIAL = re.compile(r'["\\{}]')
LONGEST_LINE = (1 << 20) + (1 << 16)  # characters; of what a Reporter prints itself, the bootstrap's lines are short
MICROSECONDS = 1_000_000
PRINTED = ""  # stands for the incarnation of what a Reporter prints itself


@attrs.frozen
class LoggedReport:
    """A report of a trial.

    Attributes:
        run: Of the trial; ``None`` if the script has printed the report itself, in an image without our bootstrap.
        incarnation: Of the bootstrap: a job that was begun again elsewhere has another one.
        seq: Its number within the incarnation, from 0.
        metrics: What was reported; ``None`` if what was written is no report, so that the trial has failed.
        unreadable: The beginning of that.
    """

    run: int | None
    incarnation: str
    seq: int
    metrics: Mapping[str, Any] | None
    unreadable: str = ""


@attrs.frozen
class LoggedEnd:
    """The end of a script.

    Attributes:
        incarnation: Of the bootstrap.
        n_reports: How many reports it has printed.
        exit_code: Its exit status; ``None`` if a signal ended it.
        signal: The number of that signal.
        asked: Whether the job was asked to stop before.
        unheard: Why it has reported nothing, for people, if it ended well; empty if it has.
    """

    incarnation: str
    n_reports: int
    exit_code: int | None
    signal: int | None
    asked: bool
    unheard: str = ""


Logged: TypeAlias = LoggedReport | LoggedEnd


class ReportLines:
    """Reads one stream of a log, an event after the other.

    A line of ours may come in several events that follow one another, after something else in the same event, and more
    than once. It is told once, as soon as all of it is there. A line of which the rest never comes is given up when the
    next begins.

    Attributes:
        end: The end that was told last.
    """

    def __init__(self) -> None:
        self.end: LoggedEnd | None = None
        self._text = ""
        self._object: _ObjectEnd | None = None  # where there was a tag, and the text begins after it
        self._kind = ""
        self._parts: dict[int, str] = {}
        self._parts_of: tuple[str, int] | None = None
        self._seen: dict[str, _Seen] = {}

    def feed(self, message: str) -> list[Logged]:
        """Read one event, and return what became complete with it and was not told before."""
        found: list[Logged] = []
        self._text += message
        while True:
            if self._object is None:
                match = TAG.search(self._text)
                if match is None:
                    self._text = self._text[1 - LONGEST_TAG :]  # a tag may have begun
                    return found
                self._kind, self._text, self._object = match[1], self._text[match.end() :], _ObjectEnd()
            following = TAG.search(self._text, max(0, self._object.position - LONGEST_TAG))
            limit = len(self._text) if following is None else following.start()
            end = self._object.find(self._text, limit)
            if end is not None:
                found += self._told(self._text[:end])
                self._give_up(end)
            elif following is not None or limit > LONGEST_LINE or not OBJECT.match(self._text):
                self._give_up(limit if following is not None else 0)
            else:
                return found

    def is_complete(self) -> bool:
        """Whether the script has ended and all its reports were told."""
        if self.end is None:
            return False
        seen = self._seen.get(self.end.incarnation, _Seen())
        return seen.first_missing >= self.end.n_reports

    def begin_again(self) -> None:
        """Read the stream from its beginning; what was told is not told again."""
        self._text, self._object = "", None

    def state(self) -> dict[str, Any]:
        """What goes on from here in another process, by `restored`: a value that JSON keeps."""
        seen = {incarnation: [each.first_missing, sorted(each.later)] for incarnation, each in self._seen.items()}
        return {
            "text": self._text if self._object is None else f"[tunekit-{self._kind}]{self._text}",
            "parts_of": self._parts_of,
            "parts": list(self._parts.items()),
            "seen": seen,
            "end": None if self.end is None else attrs.asdict(self.end),
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> ReportLines:
        """What goes on from a state."""
        lines = cls()
        lines._text = state["text"]
        lines._parts_of = None if state["parts_of"] is None else tuple(state["parts_of"])
        lines._parts = dict(state["parts"])
        lines._seen = {incarnation: _Seen(first, set(later)) for incarnation, (first, later) in state["seen"].items()}
        lines.end = None if state["end"] is None else LoggedEnd(**state["end"])
        return lines

    def _give_up(self, position: int) -> None:
        self._text, self._object = self._text[position:], None

    def _told(self, text: str) -> list[Logged]:
        """What a whole line says; nothing if that is no line of ours, or was told before."""
        try:
            content = json.loads(text)
            logged = self._end(content) if self._kind == "end" else self._report(content)
        except (ValueError, LookupError, TypeError, RecursionError):
            return []
        return [] if logged is None else [logged]

    def _end(self, content: dict[str, Any]) -> LoggedEnd | None:
        end = LoggedEnd(
            incarnation=str(content["incarnation"]),
            n_reports=int(content["seq"]),
            exit_code=content["exit_code"],
            signal=content["signal"],
            asked=bool(content["asked"]),
            unheard=str(content.get("unheard", "")),
        )
        if end == self.end:
            return None
        self.end = end
        return end

    def _report(self, content: dict[str, Any]) -> LoggedReport | None:
        if "incarnation" not in content:
            return self._printed(content)
        run, incarnation, seq = int(content["run"]), str(content["incarnation"]), int(content["seq"])
        if (incarnation, seq) in self:
            return None
        if "unreadable" in content:
            report = LoggedReport(run, incarnation, seq, None, str(content["unreadable"]))
        else:
            metrics = content["report"] if "report" in content else self._joined(incarnation, seq, content)
            if not isinstance(metrics, dict):
                return None
            report = LoggedReport(run, incarnation, seq, metrics)
        self._see(incarnation, seq)
        return report

    def _printed(self, content: dict[str, Any]) -> LoggedReport | None:
        """A report that the script has printed: the time of a Reporter tells it from others, or else what it says."""
        if not content:
            return None
        time = content.get("st_worker_timestamp")
        seq = zlib.crc32(json.dumps(content).encode()) if time is None else int(time * MICROSECONDS)
        if (PRINTED, seq) in self:
            return None
        self._see(PRINTED, seq)
        return LoggedReport(None, PRINTED, seq, content)

    def _joined(self, incarnation: str, seq: int, content: dict[str, Any]) -> Any:
        """A report that came in parts; ``None`` as long as one is missing. Those of one follow one another."""
        if self._parts_of != (incarnation, seq):
            self._parts_of, self._parts = (incarnation, seq), {}
        self._parts[int(content["part"])] = str(content["text"])
        n_parts = int(content["parts"])
        if len(self._parts) < n_parts:
            return None
        return json.loads("".join(self._parts[part] for part in range(n_parts)))

    def __contains__(self, report: tuple[str, int]) -> bool:
        """Whether a report, given by its incarnation and number, was told."""
        incarnation, seq = report
        return incarnation in self._seen and seq in self._seen[incarnation]

    def _see(self, incarnation: str, seq: int) -> None:
        self._seen.setdefault(incarnation, _Seen()).add(seq)


@attrs.define
class _Seen:
    """Numbers from 0 on, few of which are missing."""

    first_missing: int = 0
    later: set[int] = attrs.field(factory=set)

    def __contains__(self, number: int) -> bool:
        return number < self.first_missing or number in self.later

    def add(self, number: int) -> None:
        self.later.add(number)
        while self.first_missing in self.later:
            self.later.remove(self.first_missing)
            self.first_missing += 1


@attrs.define
class _ObjectEnd:
    """Finds where an object in JSON ends, in a text that grows.

    Attributes:
        position: How far it has looked.
    """

    position: int = 0
    _depth: int = 0
    _is_in_text: bool = False

    def find(self, text: str, limit: int) -> int | None:
        """The position after its end; ``None`` if that is not there before a limit."""
        while match := SPECIAL.search(text, self.position, limit):
            if match[0] == "\\":
                if match.end() == limit:
                    return None  # what it escapes has not come
                self.position = match.end() + 1
                continue
            self.position = match.end()
            if match[0] == '"':
                self._is_in_text = not self._is_in_text
            elif not self._is_in_text:
                self._depth += 1 if match[0] == "{" else -1
                if self._depth <= 0:
                    return self.position
        self.position = max(self.position, limit)
        return None
