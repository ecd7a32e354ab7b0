"""Joins what several programs require, so that a contradiction is told here and not within a job that is paid."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import attrs
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tunekit_core import ConfigurationError

COMMENT = re.compile(r"(^|\s)#.*$")
KEPT = re.compile(r"-|\.{0,2}/|~/|file:|[a-z+]+://|[^@]*\.(whl|zip|tar\.gz)(\[|$)|.*\s--", re.IGNORECASE)
"""Options of pip, paths and addresses, and a requirement with options of its own."""
OPTION = re.compile(r"(-[rcef]|--(requirement|constraint|editable|find-links))(\s+|=|(?=[^-\s]))")
"""An option of pip before a path or an address."""
PATH = re.compile(r"\.|/|~/|[^@]*\.(whl|zip|tar\.gz)(\[|$)", re.IGNORECASE)
MANY = 10_000  # versions between which nothing is required


@attrs.frozen
class RequirementsFile:
    """What one program requires.

    Attributes:
        name: Of the file, for messages.
        text: Its content, as pip reads it.
        is_moved: Whether pip reads it in another folder than its own, so that paths in it lead nowhere.
    """

    name: str
    text: str
    is_moved: bool = False


@attrs.frozen
class _Line:
    origin: str
    text: str
    is_moved: bool

    def __str__(self) -> str:
        return f"`{self.text}` ({self.origin})"


@attrs.define
class _Required:
    requirement: Requirement
    lines: list[_Line]


def union_of_requirements(files: Sequence[RequirementsFile]) -> str:
    """One file that requires all that several do.

    Requirements of one distribution under the same conditions become one, with all specifiers and extras. Options of
    pip, paths and addresses stay as they are and come first.

    Raises:
        ConfigurationError: If no version fulfils all, or a line is none that pip reads.
    """
    kept: dict[str, None] = {}
    required: dict[tuple[str, str], _Required] = {}
    for line in (line for file in files for line in _lines(file)):
        if line.is_moved and _is_on_this_machine(line.text):
            raise ConfigurationError(
                f"{line} names something on this machine, which jobs do not have there. Write what it stands for: the "
                "lines of that file, name==version of what an index has, or an address. Code of yours travels by "
                "source_dependencies."
            )
        if KEPT.match(line.text):
            kept[line.text] = None
            continue
        try:
            requirement = Requirement(line.text)
        except InvalidRequirement as error:
            reason = str(error).splitlines()[0].rstrip(".")
            raise ConfigurationError(f"{line} is no requirement: {reason}. Write it as in `numpy>=1.26`.") from error
        key = (canonicalize_name(requirement.name), str(requirement.marker or ""))
        if key not in required:
            required[key] = _Required(requirement, [line])
        else:
            _join(required[key], requirement, line)
    for each in required.values():
        if not _is_possible(each.requirement.specifier):
            raise _contradiction(each.lines)
    return "".join(f"{text}\n" for text in [*kept, *(str(required[key].requirement) for key in sorted(required))])


def _lines(file: RequirementsFile) -> Iterator[_Line]:
    text, first = "", 0
    for number, written in enumerate(file.text.splitlines(), 1):
        first = first if text else number
        text += COMMENT.sub("", written)
        if text.endswith("\\"):
            text = text[:-1]
            continue
        if text.strip():
            yield _Line(f"{file.name}, line {first}", text.strip(), file.is_moved)
        text = ""
    if text.strip():
        yield _Line(f"{file.name}, line {first}", text.strip(), file.is_moved)


def _is_on_this_machine(text: str) -> bool:
    """Whether a line names a file or folder of this machine."""
    option = OPTION.match(text)
    named = text[option.end() :] if option else text
    if "://" in named or "file:" in named:
        return "file:" in named
    return option is not None or PATH.match(named) is not None


def _join(required: _Required, requirement: Requirement, line: _Line) -> None:
    known = required.requirement
    if None not in (known.url, requirement.url) and known.url != requirement.url:
        raise _contradiction([required.lines[0], line])
    # An address says which version it is; a specifier beside it cannot be written.
    known.url = known.url or requirement.url
    known.extras |= requirement.extras
    known.specifier = SpecifierSet() if known.url else known.specifier & requirement.specifier
    required.lines.append(line)


def _is_possible(specifiers: SpecifierSet) -> bool:
    """Whether there can be a version that fulfils all: one that is named, or one right beside it."""
    versions = []
    for specifier in specifiers:
        try:
            versions.append(Version(specifier.version.removesuffix(".*")))
        except InvalidVersion:  # after ===, any text
            return len({each.version for each in specifiers if each.operator == "==="}) == 1
    return not versions or any(specifiers.contains(each, prereleases=True) for each in _near(versions))


def _near(versions: Sequence[Version]) -> Iterator[Version]:
    for version in versions:
        release = f"{version.epoch}!{'.'.join(map(str, version.release))}"
        yield version
        yield Version(f"{release}.dev{0 if version.dev is None else version.dev + 1}")
        yield Version(f"{release}.post{0 if version.post is None else version.post + 1}")
        if version.pre is not None:
            yield Version(f"{release}{version.pre[0]}{version.pre[1] + 1}")
        yield Version(f"{release}.0.0.0.1")
        yield from _before(version)


def _before(version: Version) -> Iterator[Version]:
    """The last that comes before, in each place of the number: 1.10000 before 2, and 2.0.10000 before 2.1."""
    for place in range(len(version.release)):
        if version.release[place]:
            parts = [*version.release[:place], version.release[place] - 1, MANY]
            yield Version(f"{version.epoch}!{'.'.join(map(str, parts))}")


def _contradiction(lines: Sequence[_Line]) -> ConfigurationError:
    named = " and ".join(map(str, lines))
    return ConfigurationError(f"No version fulfils {named}. Change {'it' if len(lines) == 1 else 'one of them'}.")
