"""What a command becomes for a configuration: read back by the parsers that scripts use."""

import argparse
import json

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, strategies as st
from omegaconf import OmegaConf

from tunekit_core import BadCommand, literal_word, plain_word, render_command

PLACES = {"templates": {}, "folder": "/run", "checkpoint": "/trial/checkpoint", "seed": 7}
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
SIGNS = st.text("ab'\"\\${}[]()=:, \n-é", max_size=12)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS | SIGNS
VALUES = SCALARS | st.lists(SCALARS, max_size=4)
NAMES = st.text("abxyz_", min_size=1, max_size=5)


def words(command, configuration, **places):
    return render_command(command.split(), configuration, **{**PLACES, **places}).words


def file_of(command, configuration, **places):
    """What is in the one file of a command, after it was named in it."""
    rendered = render_command(command.split(), configuration, **{**PLACES, **places})
    ((path, text),) = rendered.files.items()
    assert path in rendered.words
    return text


VALUE_OF = {
    "number": (1e-05, ["1e-05"], ["--x", "1e-05"], ["x=1e-05"], 1e-05),
    "text": ("two 'words'", ["two 'words'"], ["--x", "two 'words'"], [r"x='two \'words\''"], "two 'words'"),
    "empty text": ("", [""], ["--x", ""], ["x=''"], ""),
    "dash": ("-v", ["-v"], ["--x=-v"], ["x='-v'"], "-v"),
    "true": (True, ["True"], ["--x", "True"], ["x=true"], True),
    "nothing": (None, ["null"], [], ["x=null"], None),
    "list": ([64, "a"], ["64", "a"], ["--x", "64", "a"], ["x=[64,'a']"], [64, "a"]),
    "empty list": ([], [], ["--x"], ["x=[]"], []),
    "lists in a list": ([[1], [2, 3]], ["[1]", "[2, 3]"], ["--x", "[1]", "[2, 3]"], ["x=[[1],[2,3]]"], [[1], [2, 3]]),
}


@pytest.mark.parametrize("kind", VALUE_OF)
def test_the_table_of_the_docs(kind):
    value, alone, argument, override, in_file = VALUE_OF[kind]
    assert words("p {x}", {"x": value}) == ["p", *alone]
    assert words("p {arguments}", {"x": value}) == ["p", *argument]
    assert words("p {overrides}", {"x": value}) == ["p", *override]
    assert json.loads(file_of("p {json}", {"x": value})) == {"x": in_file}
    assert yaml.safe_load(file_of("p {yaml}", {"x": value})) == {"x": in_file}


def test_a_command_that_passes_no_entry_has_arguments_at_its_end():
    assert words("p t.py", {"a": 1}) == ["p", "t.py", "--a", "1"]
    assert words("p --seed {seed} --at {checkpoint}", {"a": 1}) == [
        *("p", "--seed", "7", "--at", "/trial/checkpoint", "--a", "1")
    ]
    assert words("p {none}", {"a": 1}) == ["p"]


def test_what_another_placeholder_takes_is_not_given_twice():
    configuration = {"a": 1, "b": 2, "on": True, "off": False}
    assert words("p --a={a} {arguments}", configuration) == [
        *("p", "--a=1", "--b", "2", "--on", "True", "--off", "False")
    ]
    assert words("p {arguments} {flags}", configuration) == ["p", "--a", "1", "--b", "2", "--on"]
    assert words("p {no_flags} {a} {b}", configuration) == ["p", "--on", "--no-off", "1", "2"]
    assert json.loads(file_of("p {a} {json}", configuration)) == {"b": 2, "on": True, "off": False}


def test_an_entry_may_have_the_name_of_a_placeholder_that_the_command_does_not_use():
    assert words("p", {"seed": 1, "arguments": 2}) == ["p", "--seed", "1", "--arguments", "2"]


def test_braces_are_doubled():
    assert words("p {{a}} {{{a}}}", {"a": 1}) == ["p", "{a}", "{1}"]


@given(SIGNS)
def test_a_literal_word_is_itself(text):
    assert plain_word(literal_word(text)) == text


@pytest.mark.parametrize("word", ["{", "}", "{a", "a}", "{a{b}}", "{a}}"])
def test_a_brace_by_itself_is_refused(word):
    with pytest.raises(BadCommand, match="by itself in "):
        words(f"p {word}", {"a": 1, "b": 2})


def parsed(arguments, configuration):
    """What argparse makes of arguments, with the types that the configuration has."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name, value in configuration.items():
        if isinstance(value, list):
            kind = type(value[0]) if value else str
            parser.add_argument(f"--{name}", dest=name, nargs="*", type=kind)
        else:
            kind = {"True": True, "False": False}.__getitem__ if isinstance(value, bool) else type(value)
            parser.add_argument(f"--{name}", dest=name, type=kind)
    return vars(parser.parse_args(arguments))


SAFE = TEXTS.filter(lambda text: not text.startswith("-"))  # in a list nobody could tell it from an option
LISTS = st.lists(st.integers()) | st.lists(st.floats(allow_nan=False, allow_infinity=False)) | st.lists(SAFE)


@given(st.dictionaries(NAMES, st.booleans() | NUMBERS | TEXTS | SIGNS | LISTS, max_size=4))
def test_argparse_reads_what_was_given(configuration):
    assert parsed(words("p {arguments}", configuration)[1:], configuration) == configuration
    single = {name: value for name, value in configuration.items() if not isinstance(value, list)}
    command = "p " + " ".join(f"--{name}={{{name}}}" for name in single)
    assert parsed(words(f"{command} {{none}}", single)[1:], single) == single


@given(st.dictionaries(NAMES, st.booleans(), max_size=4))
def test_argparse_reads_flags_of_both_kinds(configuration):
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in configuration:
        parser.add_argument(f"--{name}", action=argparse.BooleanOptionalAction, default=False)
    assert vars(parser.parse_args(words("p {flags}", configuration)[1:])) == configuration
    assert vars(parser.parse_args(words("p {no_flags}", configuration)[1:])) == configuration


@given(VALUES)
def test_hydra_reads_what_was_given(value):
    (_, override) = words("p {overrides}", {"a.b": value})
    parser = OverridesParser.create()
    found = parser.parse_override(override)
    assert (found.key_or_group, found.is_sweep_override()) == ("a.b", False)
    assert OmegaConf.to_container(OmegaConf.create({"x": found.value()}), resolve=True) == {"x": value}


NESTED = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))


def same(found, expected):
    """Equal with equal types, in depth."""
    return json.dumps(found) == json.dumps(expected)


@given(st.dictionaries(TEXTS, NESTED, max_size=4))
def test_yaml_and_json_read_what_was_given(template):
    for name in ("yaml", "json"):
        text = file_of(f"p {{{name}:base}}", {}, templates={"base": template})
        assert same(yaml.safe_load(text) if name == "yaml" else json.loads(text), template)


def test_texts_and_numbers_that_versions_of_yaml_read_otherwise_are_unmistakable():
    values = {
        "a": 1e-05,
        "b": "1e-05",
        "c": "yes",
        "on": "off",
        "d": 1e16,
        "e": "0o7",
        "f": "1:30",
        "g": "~",
        "h": -0.0,
    }
    text = file_of("p {yaml}", values)
    assert text == ('a: 1.0e-05\nb: "1e-05"\nc: "yes"\n"on": "off"\nd: 1.0e+16\ne: "0o7"\nf: "1:30"\ng: "~"\nh: -0.0\n')
    assert yaml.safe_load(text) == values


def test_names_with_dots_are_nested_and_set_in_a_copy_of_the_file():
    base = {"optim": {"lr": 1, "name": "sgd"}, "log.every": 5, "data": {"a": [1]}, "empty": None}
    values = {"optim.lr": 0.5, "log.every": 7, "new.deep.x": True, "empty.y": 1}
    text = file_of("p {yaml:base.yaml}", values, templates={"base.yaml": base})
    assert yaml.safe_load(text) == {
        "optim": {"lr": 0.5, "name": "sgd"},
        "log.every": 7,
        "data": {"a": [1]},
        "empty": {"y": 1},
        "new": {"deep": {"x": True}},
    }
    assert base == {"optim": {"lr": 1, "name": "sgd"}, "log.every": 5, "data": {"a": [1]}, "empty": None}


@pytest.mark.parametrize(
    ("values", "base", "message"),
    [
        ({"a": 1, "a.b": 2}, {}, "'a.b' into a file where 'a' is no mapping but 1"),
        ({"a.b": 2, "a": 1}, {}, "the value of 'a' where a mapping is"),
        ({"a": 1}, {"a": {"b": 2}}, "the value of 'a' where a mapping is"),
        ({"a.b": 1}, {"a": [1]}, r"'a.b' into a file where 'a' is no mapping but \[1\]"),
        ({"a.": 1}, {}, "each part between its dots needs a name"),
        ({".a": 1}, {}, "'.a' into a file where '' is no mapping"),
    ],
)
def test_what_would_hide_something_in_a_file_is_refused(values, base, message):
    with pytest.raises(BadCommand, match=message):
        words("p {json:base.json}", values, templates={"base.json": base})


def test_two_files_of_one_name_are_two():
    templates = {"a/c.json": {"a": 1}, "b/c.yaml": {"b": 2}}
    rendered = render_command(["p", "{yaml:a/c.json}", "--x={yaml:b/c.yaml}"], {}, **{**PLACES, "templates": templates})
    assert rendered.words == ["p", "/run/0-c.yaml", "--x=/run/1-c.yaml"]
    assert rendered.files == {"/run/0-c.yaml": "a: 1\n", "/run/1-c.yaml": "b: 2\n"}
