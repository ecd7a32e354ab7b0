"""Ends of an experiment in the words by which they are typed."""

import pytest

from tunekit.config.specs.components import DISTRIBUTION
from tunekit.config.specs.end_words import changed_ends, typed_ends
from tunekit_core.plugins.names import BUILT_IN


def run(**stopping):
    """A run with these criteria of tunekit's own."""
    return {"stopping": {f"{BUILT_IN}/{name}": {**of, DISTRIBUTION: BUILT_IN} for name, of in stopping.items()}}


TIME, TRIALS = {"seconds": 600.0}, {"count": 500}


def test_an_end_is_what_is_typed_for_it_with_its_unit():
    typed = typed_ends(run(max_wallclock_time=TIME, max_num_trials_started=TRIALS))
    assert typed == {
        "stopping.max_wallclock_time": (600.0, " s"),
        "stopping.max_num_trials_started": (500, ""),
    }


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ({"max_wallclock_time": {"seconds": 720.0}}, ["stopping.max_wallclock_time 600 -> 720 s"]),
        (
            {"max_num_trials_started": TRIALS},
            ["stopping.max_wallclock_time 600 -> none", "stopping.max_num_trials_started none -> 500"],
        ),
        ({}, ["stopping.max_wallclock_time 600 -> none", "it has no end from now on but that `steer … stop` ends it"]),
    ],
)
def test_what_changes_is_told_with_both_values(after, told):
    assert changed_ends(run(max_wallclock_time=TIME), run(**after)) == told
