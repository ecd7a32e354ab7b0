"""Text and JSON forms of domains and spaces."""

import json

import pytest

from tunekit_core.errors import ConfigurationError
from tunekit_core.space import (
    SearchSpace,
    choice,
    finrange,
    logfinrange,
    loguniform,
    ordinal,
    parse_domain,
    randint,
    uniform,
)
from tunekit_core.space.text import domain_from_json


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        (uniform(0, 10), "uniform(0.0, 10.0)"),
        (loguniform(1e-4, 0.1), "loguniform(0.0001, 0.1)"),
        (randint(1, 4), "randint(1, 4)"),
        (choice(["a", "b"]), "choice(['a', 'b'])"),
        (choice([1, True and 2, None, 0.5, "it's"]), 'choice([1, 2, None, 0.5, "it\'s"])'),
        (ordinal([1, 2]), "ordinal([1, 2])"),
        (ordinal([1, 2], "equal"), "ordinal([1, 2], kind='equal')"),
        (finrange(0, 0.6, 3), "finrange(0.0, 0.6, 3)"),
        (logfinrange(8, 64, 4, cast_int=True), "logfinrange(8, 64, 4, cast_int=True)"),
    ],
)
def test_the_text_of_a_domain(domain, text):
    assert str(domain) == text
    assert repr(domain) == text


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("  uniform( 0,1e1 ) ", uniform(0, 10)),
        ("uniform(-1, +1)", uniform(-1, 1)),
        ("uniform(upper=2, lower=1)", uniform(1, 2)),
        ("choice(('a', 'b'))", choice(["a", "b"])),
        ("randint(1, 1e3)", randint(1, 1000)),
        ("ordinal([1, 2], 'equal')", ordinal([1, 2], "equal")),
    ],
)
def test_text_may_be_written_freely(text, domain):
    assert parse_domain(text) == domain


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "loguniforn(1, 2)",
            "No domain is named 'loguniforn'. Did you mean 'loguniform'? Known are: uniform(0.0, 0.9),",
        ),
        ("normal(0, 1)", "No domain is named 'normal'. "),
        ("uniform(1)", "uniform takes (lower, upper), as in uniform(0.0, 0.9): missing a required argument: 'upper'."),
        ("uniform(0, 1, q=2)", "got an unexpected keyword argument 'q'"),
        ("uniform(**{'lower': 1})", "missing a required argument"),
        ("uniform(0, 1", "'uniform(0, 1' is not a domain: "),
        ("0.5", "'0.5' is not a domain. Known are: "),
        ("os.system('ls')", "is not a domain. Known are: "),
        ("choice([relu, tanh])", "choice([relu, tanh]): text must be quoted: write 'relu' in quotes."),
        ("uniform(0, 2**3)", "2 ** 3 must be a number, quoted text"),
        ("choice([__import__('os').getcwd()])", "must be a number, quoted text"),
        ("choice([{[]: 1}])", "must be a number, quoted text"),
        ("uniform(*[0, 1])", "must be a number, quoted text"),
        ("uniform(1, 0)", "uniform(1, 0): the bounds must be finite numbers"),
    ],
)
def test_text_that_is_no_domain_is_refused_with_what_is_known(text, message):
    with pytest.raises(ConfigurationError) as caught:
        parse_domain(text)
    assert message in str(caught.value)


def test_json_that_is_no_domain_is_refused():
    with pytest.raises(ConfigurationError, match="No domain is named 'gaussian'"):
        domain_from_json({"domain": "gaussian", "mean": 0})
    with pytest.raises(ConfigurationError, match="unexpected keyword argument 'mean'"):
        domain_from_json({"domain": "uniform", "lower": 0, "upper": 1, "mean": 0})


SPACE = SearchSpace(
    {"lr": loguniform(1e-4, 0.1), "epochs": 27, "act": choice(["tanh", "relu"]), "note": "plain", "bias": None}
)


def test_a_space_as_yaml_holds_it():
    text = {
        "lr": "loguniform(0.0001, 0.1)",
        "epochs": 27,
        "act": "choice(['tanh', 'relu'])",
        "note": "plain",
        "bias": None,
    }
    assert SPACE.to_text() == text
    assert SearchSpace.parse(text) == SPACE


def test_fixed_values_are_written_beside_the_text():
    fixed = SPACE.fix({"act": "relu"})
    assert SearchSpace.parse(fixed.to_text()).fix(fixed.fixed) == fixed


@pytest.mark.parametrize("space", [SPACE, SPACE.fix({"act": "relu"}), SearchSpace({})])
def test_json_gives_the_space_back_even_with_sorted_keys(space):
    assert SearchSpace.from_json(json.loads(json.dumps(space.to_json(), sort_keys=True, allow_nan=False))) == space


def test_the_json_of_a_space():
    assert SPACE.fix({"act": "relu"}).to_json()[1:3] == [
        {"name": "epochs", "constant": 27},
        {"name": "act", "domain": "choice", "categories": ["tanh", "relu"], "fixed": "relu"},
    ]


@pytest.mark.parametrize("text", ["unifrm(0, 1)", "uniform(0, 1", "Adam(lr=0.1)"])
def test_text_that_begins_like_a_domain_never_becomes_a_constant(text):
    with pytest.raises(ConfigurationError, match=r"^lr: ") as caught:
        SearchSpace.parse({"lr": text})
    assert caught.value.option == "lr"
