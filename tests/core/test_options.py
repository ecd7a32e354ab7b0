"""Options are declared once, and a value that does not fit is refused by the name that was typed."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Optional, Union

import attrs
import pytest
from hypothesis import given, settings, strategies as st

from tunekit_core import (
    NO_OPTIONS,
    ConfigurationError,
    InputFile,
    InputFolder,
    InvalidOption,
    NoOptions,
    PluginError,
    Searcher,
    StoppingCriterion,
    Streams,
    option,
)
from tunekit_core.contracts.options import Range
from tunekit_core.plugins.component import Component
from tunekit_core.plugins.options import check_option, options_of, type_text

if TYPE_CHECKING:
    from decimal import Decimal

Mode = Literal["min", "max"]

FITTING = [
    (True, bool, True),
    (3, int, 3),
    (-3, int, -3),
    (0.5, float, 0.5),
    (3, float, 3.0),
    (float("inf"), float, float("inf")),
    ("text", str, "text"),
    ("", str, ""),
    (None, type(None), None),
    (None, int | None, None),
    (None, Optional[int], None),  # noqa: UP045 - the old spellings are in use
    (2, Union[str, int], 2),  # noqa: UP007
    (2, int | float, 2),
    (2.0, int | float, 2),
    (2.0, float | int, 2.0),
    (-0.0, float, 0.0),
    (2.5, int | float, 2.5),
    (2, float | None, 2.0),
    ("min", Mode, "min"),
    (3, Literal[1, 3], 3),
    ("auto", int | Literal["auto"], "auto"),
    (7, int | Literal["auto"], 7),
    ([1, 2], Sequence[float], [1.0, 2.0]),
    ((1, 2), list[int], [1, 2]),
    ([], list[int], []),
    ([1, 2], tuple[int, ...], (1, 2)),
    ([1, "a"], tuple[float, str], (1.0, "a")),
    ([[1, 2], [3]], Sequence[Sequence[float]], [[1.0, 2.0], [3.0]]),
    ([1, None], list[int | None], [1, None]),
    ([1, "a"], list, [1, "a"]),
    ({"a": 1}, Mapping[str, Any], {"a": 1}),
    ({"a": 1}, dict[str, float], {"a": 1.0}),
    ({}, Mapping, {}),
    (object, Any, object),
]
NOT_FITTING = [
    (1, bool),
    ("true", bool),
    (True, int),
    (1.0, int),
    ("3", int),
    (None, int),
    (False, float),
    ("0.5", float),
    (None, float),
    (1, str),
    (None, str),
    ("mean", Mode),
    (True, Literal[1, 3]),
    (3.0, Literal[1, 3]),
    ("always", int | Literal["auto"]),
    (True, int | None),
    (True, int | float),
    (5, str | None),
    ("12", Sequence[int]),
    ("text", list[str]),
    (3, list[int]),
    ({"a": 1}, list[int]),
    ([1, "2"], list[int]),
    ([1, True], tuple[int, ...]),
    ([1], tuple[float, str]),
    ([1, "a", 2], tuple[float, str]),
    ([1, 2], tuple[float, str]),
    ([("a", 1)], Mapping[str, int]),
    ({"a": "1"}, Mapping[str, int]),
    ({1: 1}, Mapping[str, int]),
    (None, Mapping[str, int]),
]


@pytest.mark.parametrize(("value", "annotation", "taken"), FITTING)
def test_a_value_that_fits_is_taken_and_an_int_becomes_a_float_where_one_is_wanted(value, annotation, taken):
    checked = check_option("searcher.option", value, annotation)
    assert checked == taken
    assert type(checked) is type(taken)


@pytest.mark.parametrize(("value", "annotation"), NOT_FITTING)
def test_a_value_that_does_not_fit_is_refused_with_option_value_and_type(value, annotation):
    with pytest.raises(ConfigurationError) as caught:
        check_option("searcher.option", value, annotation)
    assert f"searcher.option={value!r} does not fit. " in str(caught.value)
    assert f"Allowed: {type_text(annotation)}." in str(caught.value)
    assert (caught.value.option, caught.value.value) == ("searcher.option", value)


def test_parts_of_a_sequence_are_converted():
    assert [type(part) for part in check_option("o", [1, 2.5], list[float])] == [float, float]


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (bool, "true | false"),
        (int, "whole number"),
        (float, "number"),
        (str, "text"),
        (type(None), "null"),
        (Any, "any value"),
        (int | None, "whole number | null"),
        (Mode, "'min' | 'max'"),
        (Mode | None, "'min' | 'max' | null"),
        (list[int], "list of whole number"),
        (Sequence[float | None], "list of number | null"),
        (tuple[str, ...], "list of text"),
        (tuple[float, str], "list of number, text"),
        (list, "list"),
        (tuple, "list"),
        (InputFile, "path of a file"),
        (InputFolder | None, "path of a folder | null"),
        (list[InputFile], "list of path of a file"),
        (dict[str, int], "mapping"),
        (Mapping, "mapping"),
    ],
)
def test_types_are_written_as_a_person_would(annotation, text):
    assert type_text(annotation) == text


def test_a_misspelt_choice_names_the_close_one():
    with pytest.raises(ConfigurationError, match="Did you mean 'max'"):
        check_option("benchmark.mode", "maxx", Mode | None)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.parametrize("value", [3, 0.5, True, None])
@pytest.mark.parametrize("annotation", [str, int | str])
def test_text_that_looks_like_something_else_is_refused_with_how_to_type_it(value, annotation):
    if annotation is not str and isinstance(value, int) and not isinstance(value, bool):
        return
    with pytest.raises(ConfigurationError, match=r"has quotes of its own: 'searcher\.option=\"…\"'\."):
        check_option("searcher.option", value, annotation)


@pytest.mark.parametrize(
    ("value", "annotation", "meant"),
    [
        (["a", "b"], str, "One value is taken: type o.x=a, or --multirun o.x=a,b for a run with each. Allowed: text."),
        (["a"], str | None, "One value is taken: type o.x=a. Allowed: text | null."),
        ([1, 2], Literal[1, 2], "One value is taken: type o.x=1, or --multirun o.x=1,2 for a run with each. Allowed: "),
        (["a", 1], str, "does not fit. Allowed: text."),
        ([], str, "does not fit. Allowed: text."),
        ([[1, 2], [3, 4]], list[int], "type o.x=[1, 2], or --multirun o.x=[1, 2],[3, 4] for a run with each. Allowed"),
    ],
)
def test_a_list_where_one_value_is_wanted_is_told_to_be_one_of_them(value, annotation, meant):
    with pytest.raises(ConfigurationError) as caught:
        check_option("o.x", value, annotation)
    assert meant in str(caught.value)


@pytest.mark.parametrize(
    ("value", "annotation", "taken"),
    [
        ("file", InputFile, InputFile("/HERE/file")),
        (Path("folder/../file"), InputFile | None, InputFile("/HERE/file")),
        ("folder", InputFile | InputFolder, InputFolder("/HERE/folder")),
        (["file"], tuple[InputFile, ...], (InputFile("/HERE/file"),)),
        ({"a": "file"}, Mapping[str, InputFile], {"a": InputFile("/HERE/file")}),
        ("auto", InputFile | Literal["auto"], "auto"),
        (None, InputFile | None, None),
    ],
)
def test_an_input_is_taken_as_an_absolute_path(value, annotation, taken, here):
    checked = check_option("searcher.option", value, annotation)
    assert repr(checked).replace(str(here), "/HERE") == repr(taken)


@pytest.mark.parametrize(
    ("value", "annotation", "problem"),
    [
        (
            "none",
            InputFile,
            "there is no file /HERE/none. A path that does not begin with / is taken from the current folder, in a "
            "file too. Type searcher.option=PATH with the path of a file that exists.",
        ),
        (
            "none",
            InputFolder | None,
            "there is no folder /HERE/none. A path that does not",
        ),
        ("folder", InputFile, "/HERE/folder is a folder, where a file is wanted."),
        (["file", "none"], list[InputFile], "there is no file /HERE/none."),
        ("folder/none", InputFile, "there is no file /HERE/folder/none. A path that does not begin with /"),
        ("/none", InputFile, "there is no file /none. Type searcher.option=PATH"),
        ({"a": "none"}, dict[str, InputFile], "there is no file /HERE/none."),
        ("a\0b", InputFile, "there is no file /HERE/a"),
        ("x" * 5000, InputFile, "there is no file /HERE/xxx"),
    ],
)
def test_an_input_that_is_not_there_is_refused_by_name(value, annotation, problem, here):
    with pytest.raises(ConfigurationError) as caught:
        check_option("searcher.option", value, annotation)
    assert str(caught.value).replace(str(here), "/HERE").startswith(f"searcher.option={value!r}: {problem}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_input_that_may_not_be_read_is_refused(here):
    (here / "file").chmod(0)
    with pytest.raises(ConfigurationError, match=f"you may not read {here}/file"):
        check_option("searcher.option", "file", InputFile)


@attrs.frozen(kw_only=True)
class SharedOptions:
    """What several searchers have."""

    patience: int = option(3, help="Trials.", at_least=1)


@attrs.frozen(kw_only=True)
class TidyOptions(SharedOptions):
    """How tidy it is."""

    depth: int = option(help="Levels of tidiness.", at_least=2, at_most=9)
    width: float = option(1.5, help="In metres; see also ``depth``.", above=0)
    limit: int | None = option(None, help="Most trials, or as many as there are.", at_least=1)
    mode: Literal["swift", "slow"] = option("swift", help="How it goes about it.")
    weights: Mapping[str, float] = option(attrs.Factory(dict), help="By name of a hyperparameter.")
    names: tuple[str, ...] = option((), help="Which hyperparameters.")

    def __attrs_post_init__(self):
        if self.limit is not None and self.limit < self.depth:
            raise InvalidOption("limit", self.limit, f"must be at least depth={self.depth}. Raise it")


class Tidy(Searcher):
    """Proposes tidy configurations."""

    name = "tidy"
    Options = TidyOptions

    def __init__(self, problem, streams, options):
        super().__init__(problem, streams, options)
        self.options = options
        for name, weight in options.weights.items():
            if weight < 0:
                raise InvalidOption(f"weights.{name}", weight, "must not be negative")
            if name not in problem.space.searched:
                raise ConfigurationError(f"{name} is no hyperparameter of the problem.", option="searcher.weights")

    def suggest(self, trial_id, *, resource):
        return None


class NoOptionsAtAll(Tidy):
    name = "plain"
    Options = NoOptions

    def __init__(self, problem, streams, options=NO_OPTIONS):
        Searcher.__init__(self, problem, streams, options)


class Boring(StoppingCriterion):
    """Ends after a number of trials."""

    name = "boring"

    @attrs.frozen(kw_only=True)
    class Options:
        trials: int = option(help="How many.", at_least=1)

    def __call__(self, view):
        return None


TIDY = Component("searcher", "tidy", Tidy, "tunekit-tidy", "1.2.3")
PLAIN = Component("searcher", "plain", NoOptionsAtAll, "tunekit-tidy", "1.2.3")
BORING = Component("stopping", "boring", Boring, "tunekit-tidy", "1.2.3")


def test_an_option_says_its_type_its_default_its_range_and_what_it_is():
    depth, width = TIDY.options["depth"], TIDY.options["width"]
    assert (depth.annotation, depth.required, depth.takes) == (int, True, "whole number, at least 2 and at most 9")
    assert (width.required, width.default, width.takes) == (False, 1.5, "number, above 0")
    assert width.help == "In metres; see also ``depth``."


def test_a_type_without_a_range_is_all_that_is_said():
    assert TIDY.options["mode"].takes == "'swift' | 'slow'"


def test_options_of_a_base_class_come_first_and_the_order_is_that_of_the_classes():
    assert list(TIDY.options) == ["patience", "depth", "width", "limit", "mode", "weights", "names"]


def test_a_component_that_declares_no_options_has_none():
    assert PLAIN.options == {}
    assert PLAIN.read_options({}) == NO_OPTIONS


def test_an_empty_mapping_as_the_default_is_a_new_one_each_time():
    first, second = (TIDY.read_options({"depth": 2}) for _ in range(2))
    assert TIDY.options["weights"].default == first.weights == {}
    assert first.weights is not second.weights


@pytest.mark.parametrize(
    ("limits", "text", "inside", "outside"),
    [
        ({"at_least": 2}, "at least 2", [2, 3], [1, 1.9, -math.inf]),
        ({"above": 0}, "above 0", [1, 1e-300, math.inf], [0, -0.0, -1]),
        ({"at_most": 0.5}, "at most 0.5", [0.5, -7], [0.51, 1]),
        ({"below": 1}, "below 1", [0.999], [1, 2]),
        ({"above": 0, "at_most": 1}, "above 0 and at most 1", [0.1, 1], [0, 1.1]),
        ({"at_least": 0, "below": 1}, "at least 0 and below 1", [0, 0.5], [-0.1, 1]),
        ({"at_least": 0, "below": math.inf}, "at least 0 and finite", [0, 1e300], [-1, math.inf]),
        ({"below": math.inf}, "below infinity", [0, -math.inf], [math.inf]),
        ({"above": -math.inf}, "above minus infinity", [0, math.inf], [-math.inf]),
        ({"above": -math.inf, "below": math.inf}, "finite", [-1e300, 1e300], [-math.inf, math.inf]),
        ({"above": -math.inf, "below": 1}, "below 1 and finite", [-1e300, 0.5], [-math.inf, 1]),
        ({"above": -math.inf, "at_most": 10**400}, f"at most {10**400} and finite", [1], [-math.inf, math.inf]),
        ({"at_most": 2**30}, "at most 1073741824", [2**30], [2**30 + 1]),
    ],
)
def test_a_range_has_the_limits_that_it_names(limits, text, inside, outside):
    @attrs.frozen(kw_only=True)
    class Options:
        number: float = option(help="A number.", **limits)

    assert [Options(number=value).number for value in inside] == inside
    for value in (*outside, math.nan):
        with pytest.raises(InvalidOption) as caught:
            Options(number=value)
        assert str(caught.value) == f"number={value!r} must be {text}."
        assert (caught.value.option, caught.value.problem) == ("number", f"must be {text}")


def test_limits_that_are_infinite_limit_nothing():
    assert str(Range(at_least=-math.inf, at_most=math.inf)) == ""


def test_what_is_no_number_is_not_compared_with_the_range():
    assert TIDY.read_options({"depth": 2, "limit": None}).limit is None


def test_options_cannot_be_changed():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        TIDY.read_options({"depth": 2}).depth = 3


def test_what_is_left_out_takes_its_default_and_what_is_given_is_converted():
    read = TIDY.read_options({"depth": 2, "width": 2, "weights": {"x": 1}, "names": ["x"]})
    assert read == TidyOptions(depth=2, width=2.0, weights={"x": 1.0}, names=("x",))
    assert [type(value) for value in (read.width, read.weights["x"], read.names)] == [float, float, tuple]


def test_a_component_is_given_its_options(problem):
    tidy = TIDY.create(problem, Streams(0), options={"depth": 4})
    assert tidy.options == TidyOptions(depth=4)
    assert tidy.problem is problem


@pytest.mark.parametrize(
    ("given", "option", "message"),
    [
        (
            {"width": 2.0},
            "searcher.depth",
            "The searcher 'tidy' needs a value for 'depth': add searcher.depth=… (whole number, at least 2 and at most "
            "9).",
        ),
        (
            {"depht": 3},
            "searcher.depht",
            "searcher.depht=3: the searcher 'tidy' (tunekit-tidy 1.2.3) has no option 'depht'. Did you mean 'depth'? "
            "Its options: patience, depth, width, limit, mode, weights, names.",
        ),
        (
            {"depth": "3"},
            "searcher.depth",
            "searcher.depth='3' does not fit. Allowed: whole number, at least 2 and at most 9.",
        ),
        (
            {"depth": True},
            "searcher.depth",
            "searcher.depth=True does not fit. Allowed: whole number, at least 2 and at most 9.",
        ),
        (
            {"depth": 3, "mode": "swft"},
            "searcher.mode",
            "searcher.mode='swft' does not fit. Did you mean 'swift'? Allowed: 'swift' | 'slow'.",
        ),
        (
            {"depth": 3, "weights": {"x": "1"}},
            "searcher.weights",
            "searcher.weights={'x': '1'} does not fit. Allowed: ",
        ),
        ({"depth": 1}, "searcher.depth", "searcher.depth=1 must be at least 2 and at most 9."),
        ({"depth": 3, "patience": 0}, "searcher.patience", "searcher.patience=0 must be at least 1."),
        ({"depth": 3, "width": math.nan}, "searcher.width", "searcher.width=nan must be above 0."),
        ({"depth": 3, "limit": 2}, "searcher.limit", "searcher.limit=2 must be at least depth=3. Raise it."),
        ({"depth": 3, "weights": {"x": -1}}, "searcher.weights.x", "searcher.weights.x=-1.0 must not be negative."),
        ({"depth": 3, "weights": {"y": 1}}, "searcher.weights", "y is no hyperparameter of the problem."),
    ],
    ids=[
        "missing",
        "unknown",
        "text",
        "truth",
        "misspelt",
        "in a mapping",
        "range",
        "inherited",
        "nan",
        "two",
        "key",
        "own",
    ],
)
def test_a_refusal_names_the_option_as_it_was_typed(problem, given, option, message):
    with pytest.raises(ConfigurationError) as caught:
        TIDY.create(problem, Streams(0), options=given)
    assert str(caught.value).startswith(message)
    assert caught.value.option == option


def test_a_refusal_has_the_value_as_it_was_given(problem):
    with pytest.raises(ConfigurationError) as caught:
        TIDY.create(problem, Streams(0), options={"depth": 3, "weights": {"x": -1}})
    assert caught.value.value == -1


@pytest.mark.parametrize(
    ("component", "prefix"),
    [
        (TIDY, "searcher.depth"),
        (attrs.evolve(TIDY, kind="stopping"), "stopping.tidy.depth"),
        (attrs.evolve(TIDY, kind="composer"), "composers.tidy.depth"),
        (attrs.evolve(TIDY, kind="observer"), "observers.tidy.depth"),
        (BORING, "stopping.boring"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_an_option_has_the_name_that_is_typed_on_the_command_line(component, prefix):
    (required,) = [name for name, option in component.options.items() if option.required]
    assert component.path_of(required) == prefix
    with pytest.raises(ConfigurationError, match=rf"^{prefix}=0 must be at least"):
        component.read_options({required: 0})


def test_a_component_without_options_takes_none():
    with pytest.raises(ConfigurationError, match=r"^searcher\.seed=3: .* has no option 'seed'\. Its options: none\.$"):
        PLAIN.read_options({"seed": 3})


@pytest.mark.parametrize("where", ["options", "component"])
def test_what_breaks_while_it_is_built_is_an_error_of_the_plugin(problem, where):
    def breaks(*_):
        raise ZeroDivisionError("division by zero")

    @attrs.frozen(kw_only=True)
    class Options:
        depth: int = option(3, help="Levels.")
        __attrs_post_init__ = breaks if where == "options" else lambda self: None

    factory = type("Broken", (Tidy,), {"Options": Options, "__init__": breaks})
    with pytest.raises(
        PluginError, match=r"'tidy' \(tunekit-tidy 1\.2\.3\) broke .* ZeroDivisionError: division by zero"
    ):
        attrs.evolve(TIDY, factory=factory).create(problem, Streams(0), options={})


class NoAttrsClass:
    depth: int = 3


class NotDecorated(SharedOptions):
    depth: int = option(3, help="Levels.")


@attrs.frozen(kw_only=True)
class NotAnOption:
    depth: int = 3


@attrs.frozen(kw_only=True)
class Reserved:
    name: str = option("me", help="Its name.")


@attrs.frozen(kw_only=True)
class UnreadableType:
    depth: "Mapping[str, Decimal]" = option(attrs.Factory(dict), help="Levels, by name.")


@attrs.frozen
class Inner:
    depth: int = 3


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("annotation", "named"),
    [
        (Path, "Path"),
        (Inner, "Inner"),
        (Colour | None, "Colour"),
        (set[int], "set"),
        (frozenset, "frozenset"),
        (bytes, "bytes"),
        (complex, "complex"),
        (object, "object"),
        (dict[str, list[Inner]], "Inner"),
        (tuple[int, Path], "Path"),
        (tuple[Path, ...] | Literal["all"], "Path"),
    ],
)
def test_a_type_of_which_nothing_can_be_typed_is_an_error_of_the_plugin(annotation, named):
    @attrs.frozen(kw_only=True)
    class Options:
        o: annotation = option(help="An option.")

    with pytest.raises(PluginError, match=rf"Options\.o has the type {named}.*, of which nothing can be typed\."):
        options_of(Options)


def test_types_that_cannot_be_used_are_named_with_the_component_and_its_distribution():
    unreadable = type("Unreadable", (Tidy,), {"Options": UnreadableType})
    with pytest.raises(
        PluginError, match=r"^The searcher 'tidy' \(tunekit-tidy 1\.2\.3\) cannot be used: The types of"
    ):
        attrs.evolve(TIDY, factory=unreadable).read_options({})


@pytest.mark.parametrize(
    ("declaring", "message"),
    [
        (NoAttrsClass, r"NoAttrsClass declares options and is no attrs class: write @attrs\.frozen\(kw_only=True\)"),
        (NotDecorated, r"NotDecorated declares options and is no attrs class"),
        (None, r"None declares options and is no attrs class"),
        (NotAnOption, r"NotAnOption\.depth is not declared with tunekit_core\.option"),
        (Reserved, r"Reserved\.name: no option can be called 'name'"),
        (UnreadableType, r"UnreadableType cannot be read: name 'Decimal' is not defined\..*`if TYPE_CHECKING:`"),
    ],
    ids=["no attrs class", "not decorated", "no class", "not an option", "reserved", "unreadable type"],
)
def test_options_that_are_not_declared_as_they_should_be_are_an_error_of_the_plugin(declaring, message):
    with pytest.raises(PluginError, match=message):
        options_of(declaring)


def numbers() -> st.SearchStrategy:
    return st.sampled_from([0, 0.0, -0.0, 1, 1.0, 2.5, 1e300, None, "1"])


VALUES = st.recursive(
    numbers(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.lists(inner, max_size=2).map(tuple),
        st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    ),
    max_leaves=4,
)
ANNOTATIONS = st.sampled_from(
    [
        float,
        int | float,
        float | int | None,
        str | float,
        Sequence[float],
        list[int | float],
        tuple[float, ...],
        tuple[float, int] | None,
        Mapping[str, float],
        Mapping[str, Sequence[float | int]],
        list[float] | Mapping[str, float | None],
    ]
)


@settings(max_examples=500)
@given(ANNOTATIONS, VALUES, VALUES)
def test_values_that_are_read_as_equal_are_recorded_alike(annotation, one, other):
    try:
        these = [check_option("searcher.option", value, annotation) for value in (one, other)]
    except ConfigurationError:
        return
    if these[0] == these[1]:
        assert json.dumps(these[0], sort_keys=True) == json.dumps(these[1], sort_keys=True)


def test_an_input_is_recorded_alike_however_its_path_is_typed(tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "file").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    typed = ["sub/file", "./sub/file", "sub/../sub//file", "~/sub/file", str(tmp_path / "sub" / "file")]
    assert {check_option("searcher.option", path, InputFile) for path in typed} == {tmp_path / "sub" / "file"}
