"""Configurations: dicts to read, which nobody can change."""

import copy
import json
import pickle

import pytest
from hypothesis import given, strategies as st

from tunekit_core import Configuration, Proposal, as_json

VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text())
ENTRIES = st.dictionaries(st.text(), VALUES)


@pytest.fixture
def configuration():
    return Configuration({"lr": 0.1, "units": 8, "act": "relu"})


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.__setitem__("lr", 1),
        lambda c: c.__delitem__("lr"),
        lambda c: c.update(lr=1),
        lambda c: c.update({"new": 1}),
        lambda c: c.setdefault("new", 1),
        lambda c: c.setdefault("lr", 1),
        lambda c: c.pop("lr"),
        lambda c: c.pop("new", None),
        lambda c: c.popitem(),
        lambda c: c.clear(),
        lambda c: c.__ior__({"lr": 1}),
    ],
)
def test_nothing_changes_it_and_the_error_says_what_to_do_instead(configuration, change):
    with pytest.raises(TypeError) as caught:
        change(configuration)
    assert str(caught.value) == (
        "Configuration is read-only: space.replace(configuration, name, value) makes one with another value, "
        "dict(configuration) a copy that can be changed."
    )
    assert configuration == {"lr": 0.1, "units": 8, "act": "relu"}


def test_statements_that_change_a_dict_are_refused(configuration):
    with pytest.raises(TypeError, match="read-only"):
        configuration["lr"] = 1
    with pytest.raises(TypeError, match="read-only"):
        del configuration["lr"]
    with pytest.raises(TypeError, match="read-only"):
        configuration |= {"lr": 1}
    with pytest.raises(AttributeError):
        configuration.lr = 1
    assert configuration == {"lr": 0.1, "units": 8, "act": "relu"}


def test_a_dict_of_it_can_be_changed(configuration):
    changed = dict(configuration)
    changed["lr"] = 1
    assert changed == {"lr": 1, "units": 8, "act": "relu"}
    assert configuration["lr"] == 0.1


def test_what_is_joined_with_it_is_a_plain_dict(configuration):
    for joined in (configuration | {"new": 1}, {"new": 1} | configuration, {**configuration, "new": 1}):
        assert type(joined) is dict
        assert joined == {"lr": 0.1, "units": 8, "act": "relu", "new": 1}
    assert list(configuration) == ["lr", "units", "act"]


def test_a_copy_is_itself(configuration):
    assert copy.copy(configuration) is configuration
    assert configuration.copy() is configuration
    assert copy.deepcopy(configuration) == configuration
    assert type(copy.deepcopy(configuration)) is Configuration


@given(ENTRIES)
def test_it_equals_the_dict_that_it_was_made_from(entries):
    made = Configuration(entries)
    assert made == entries
    assert entries == made
    assert made == Configuration(entries.items())
    assert list(made) == list(entries)
    assert made != {**entries, "one more": 1, "two more": 2}
    assert repr(made) == repr(entries)


@given(ENTRIES, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_it_survives_pickle_with_every_protocol(entries, protocol):
    again = pickle.loads(pickle.dumps(Configuration(entries), protocol))
    assert type(again) is Configuration
    assert again == entries
    assert list(again) == list(entries)


@given(ENTRIES)
def test_its_json_is_that_of_the_dict(entries):
    made = Configuration(entries)
    assert json.dumps(made) == json.dumps(entries)
    assert as_json(made) == as_json(entries)
    assert Configuration(json.loads(json.dumps(made))) == made


def test_a_value_that_holds_it_is_copied_and_compared_like_one_that_holds_a_dict(configuration):
    proposal = Proposal(configuration)
    assert proposal == Proposal(dict(configuration))
    assert copy.deepcopy(proposal) == pickle.loads(pickle.dumps(proposal)) == proposal
