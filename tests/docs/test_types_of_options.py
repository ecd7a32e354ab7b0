"""The table of types of options against the code: each cell is read as it would be where it stands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from tunekit_core import ConfigurationError, InputFile, InputFolder
from tunekit_core.plugins.options import TYPES, check_option, options_of

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "types-of-options.md"
NAMES = {
    each.__name__: each
    for each in (bool, int, float, str, list, tuple, dict, Mapping, Sequence, InputFile, InputFolder)
} | {"Literal": Literal, "Any": Any}
QUOTED = re.compile(r"`([^`]*)`")


@attrs.frozen
class Line:
    """A line of the table."""

    annotation: str
    typed: str
    in_a_file: str
    in_python: str
    refused: tuple[str, ...]


def lines() -> list[Line]:
    table = PAGE.read_text(encoding="utf-8").partition("| --- |")[2].partition("\n\n")[0].splitlines()[1:]
    cells = [
        [QUOTED.findall(cell.replace("\\|", "|")) for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table
    ]
    return [Line(*(quoted for (quoted,) in parts), tuple(refused)) for *parts, refused in cells]


def typed(text: str) -> Any:
    """What stands behind the name, as the shell and Hydra read it."""
    (word,) = shlex.split(text)
    return OverridesParser.create().parse_override(word).value()


every_line = pytest.mark.parametrize("line", lines(), ids=lambda line: f"{line.annotation} {line.typed}")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs.csv").touch()
    (tmp_path / "folder").mkdir()
    return tmp_path


@every_line
def test_what_is_typed_what_stands_in_a_file_and_what_python_has_are_the_same(line, here):
    annotation, expected = eval(line.annotation, NAMES), eval(line.in_python.replace("/here", str(here)), NAMES)
    in_a_file = OmegaConf.to_container(OmegaConf.create(line.in_a_file))["x"]
    for value in (typed(line.typed), in_a_file, expected):
        assert repr(check_option("searcher.x", value, annotation)) == repr(expected)


@every_line
def test_what_is_said_to_be_refused_is(line):
    for text in line.refused:
        with pytest.raises(ConfigurationError, match=r"^searcher\.x="):
            check_option("searcher.x", typed(text), eval(line.annotation, NAMES))


def test_every_type_is_in_the_table():
    shown = {line.annotation for line in lines()}
    assert {each.__name__ for each in TYPES} <= shown
    assert {"Any", "int | None", "list[int]", "tuple[float, ...]", "Mapping[str, float]"} <= shown


def test_the_class_on_the_page_declares_its_options_as_it_should():
    names: dict[str, Any] = {}
    code = PAGE.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    exec(compile(code, PAGE.name, "exec", dont_inherit=True), names)
    assert list(options_of(names["MyOptions"])) == ["depth", "rate", "share", "mode", "weights", "earlier"]
