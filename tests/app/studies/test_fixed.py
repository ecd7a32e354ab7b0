"""Comparisons that were fixed beforehand: kept in files, and told in a report."""

import json
import os

import attrs
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tests.app.studies.made import best, experiment, study
from tunekit import compare
from tunekit.config.composition.until import END, When
from tunekit.studies.fixed_comparisons import (
    FixedComparison,
    check_unchanged,
    fixed_beside,
    read_fixed,
    write_fixed,
)
from tunekit.studies.looking import about_last_look, with_looks
from tunekit_core.errors import ConfigurationError, RecordError

LOOKS = (6, 8, 10)
rng = np.random.default_rng(3)
WORSE = 0.5 + 0.01 * rng.normal(size=12)
BETTER = WORSE - 0.1
EITHER = WORSE + 0.1 * np.array([1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, -12])


def runs(method, losses, late=None, first_seed=0):
    """A run for each loss; with ``late`` losses from half the time on."""
    curves = [best([0.0], [loss]) for loss in losses]
    if late is not None:
        curves = [best([0.0, 51.0], [loss, end]) for loss, end in zip(losses, late, strict=True)]
    return [
        experiment(method, seed=first_seed + i, curve=curve, told={"hash": f"{method}{first_seed + i}"})
        for i, curve in enumerate(curves)
    ]


def fixed(at=END, first_seed=0, **changed):
    seeds = range(first_seed, first_seed + LOOKS[-1])
    hashes = tuple(tuple(f"{method}{seed}" for seed in seeds) for method in ("A", "B"))
    comparison = FixedComparison("nowhere-robot_arm", ("A", "B"), hashes, tuple(seeds), LOOKS, at, 0.05, 1)
    return attrs.evolve(comparison, **changed)


def looked(a, b, n, **how):
    return with_looks(fixed(**how), [a[:n], b[:n]])


def told(a, b, *comparisons):
    return compare(attrs.evolve(study(*a, *b), fixed=comparisons))


def sentence(a, b, *comparisons):
    (text,) = told(a, b, *comparisons).sentences()
    return text.removeprefix("nowhere-robot_arm: ")


def test_told_apart_at_the_first_look_it_is_said_to_be_overestimated():
    a, b = runs("A", BETTER[:6]), runs("B", WORSE[:6])
    text = sentence(a, b, looked(a, b, 6))
    assert text.startswith(
        "A is better than B; at the end 20 % lower loss [19, 21] (stopped early at 6 seeds, look 1 of 3"
    )
    assert text.endswith("by how much is probably overestimated, but the interval counts all looks).")


def test_only_the_seeds_that_were_looked_at_count():
    a, b = runs("A", [*BETTER[:6], *(WORSE[6:] + 1)]), runs("B", WORSE)
    comparison = looked(a, b, 6)
    assert sentence(a, b, comparison) == sentence(a[:6], b[:6], comparison)


def test_what_a_rule_said_is_not_said_of_other_runs():
    a, b = runs("A", BETTER), runs("B", WORSE)
    comparison = looked(a[:6], b[:6], 6)
    (pair,) = told(a[6:], b[6:], comparison).benchmarks[0].pairs  # whose seeds nobody has looked at
    assert pair.fixed is None
    some = told(a[3:], b[3:], comparison)
    (pair,) = some.benchmarks[0].pairs
    assert pair.fixed is None
    assert any("with runs that are not all here: p-values of those that are do not count" in w for w in some.warnings)


def test_of_runs_that_are_not_all_here_nothing_is_said_where_nothing_is_compared():
    a, b = runs("A", BETTER), runs("B", WORSE)
    assert not any("not all here" in warning for warning in told(a, [], looked(a, b, 6)).warnings)
    with_another = told(a, runs("C", WORSE), looked(a, b, 6)).warnings  # how many runs of A there are was decided by B
    assert any("not all here: p-values of those" in warning for warning in with_another)


def test_of_two_rules_for_the_same_runs_one_is_looked_by(tmp_path):
    a, b = runs("A", BETTER), runs("B", WORSE)
    write_fixed(tmp_path, fixed())
    other = fixed(error=0.2)
    write_fixed(tmp_path, other)  # before any look it may be changed
    with pytest.raises(ConfigurationError, match="another command has fixed another rule for A and B on"):
        write_fixed(tmp_path, looked(a[:6], b[:6], 6))
    write_fixed(tmp_path, with_looks(other, [a[:6], b[:6]]))
    with pytest.raises(ConfigurationError, match="have been looked at by another rule"):
        write_fixed(tmp_path, fixed())


def test_told_apart_with_as_many_seeds_as_the_cap_nothing_is_stopped_early():
    losses = np.array([WORSE[0] + 0.001, *BETTER[1:10]])
    a, b = runs("A", losses), runs("B", WORSE[:10])
    comparison = with_looks(fixed(looks=(10,), error=0.05), [a, b])
    assert comparison.is_told_apart
    assert sentence(a, b, comparison).endswith(" (10 seeds, look 1 of 1 of the rule that was fixed beforehand).")


def test_not_told_apart_it_is_said_whether_seeds_are_left():
    a, b = runs("A", EITHER), runs("B", WORSE)
    open_, closed = looked(a, b, 8), looked(a, b, 10)
    assert "A and B are not told apart so far: " in sentence(a, b, open_).replace("B and A", "A and B")
    (pair,) = told(a, b, open_).benchmarks[0].pairs
    assert pair.estimate > 0  # of the one that is named first
    assert "(8 seeds, look 2 of 3 of the rule that was fixed beforehand; type the sweep again" in sentence(a, b, open_)
    assert "are not told apart with 10 seeds, the most that the rule allows: " in sentence(a, b, closed)


def test_before_a_look_nothing_is_said_of_the_runs():
    a, b = runs("A", BETTER[:3]), runs("B", WORSE[:3])
    assert sentence(a, b, fixed()) == (
        "A and B: no look has been taken yet by the rule that was fixed beforehand (looks with 6, 8 and 10 seeds, "
        "error 0.05 over all of them, compared at 100 %)."
    )


@pytest.mark.parametrize("at", [When(50.0, "%"), When(50.0, "s")])
def test_it_is_decided_at_the_time_that_was_fixed(at):
    a, b = runs("A", BETTER, late=EITHER - 5), runs("B", WORSE, late=WORSE - 5)
    comparison = looked(a, b, 10, at=at)
    assert (comparison.is_told_apart, comparison.n_seeds, comparison.better) == (True, 6, "A")
    assert f", by the values at {at}" in sentence(a, b, comparison)


def test_where_the_median_at_the_end_is_on_the_other_side_neither_is_called_better():
    a, b = runs("A", BETTER, late=WORSE), runs("B", WORSE, late=BETTER)
    text = sentence(a, b, looked(a, b, 10, at=When(50.0, "%")))
    assert text.startswith("A and B differ, A being better by ranks, but not by the median at the end (stopped early")


def test_a_run_that_has_found_nothing_is_worse_than_any_that_has():
    nothing = [attrs.evolve(run, best=best([], [])) for run in runs("B", WORSE[:6])]
    comparison = looked(runs("A", WORSE[:6]), nothing, 6)
    assert (comparison.is_told_apart, comparison.better) == (True, "A")
    assert sentence(runs("A", WORSE[:6]), nothing, comparison).startswith(
        "A is better than B (stopped early at 6 seeds"
    )
    also_nothing = [attrs.evolve(run, best=best([], [])) for run in runs("A", WORSE[:6])]
    neither = looked(also_nothing, nothing, 6)
    assert neither.taken[0].p == 1
    assert "not told apart so far: neither has found anything (6 seeds, " in sentence(also_nothing, nothing, neither)


def test_other_pairs_have_holms_rule_among_themselves():
    a, b, c = runs("A", BETTER[:8]), runs("B", WORSE[:8]), runs("C", WORSE[:8] + 1)
    comparison = compare(attrs.evolve(study(*a, *b, *c), fixed=[looked(a, b, 8)]))
    pairs = {frozenset((pair.first, pair.second)): pair for pair in comparison.benchmarks[0].pairs}
    assert pairs[frozenset("AB")].adjusted is None
    assert pairs[frozenset("AC")].adjusted == pytest.approx(2 * 2 / 2**8)
    assert any("A and B decided how many seeds there are" in warning for warning in comparison.warnings)


def test_of_two_comparisons_of_a_pair_the_one_with_the_later_seeds_is_told():
    a, b = runs("A", BETTER[:6]), runs("B", WORSE[:6])
    later_a, later_b = runs("A", EITHER[:10], first_seed=10), runs("B", WORSE[:10], first_seed=10)
    both = [looked(a, b, 6), looked(later_a, later_b, 10, first_seed=10)]
    comparison = told([*a, *later_a], [*b, *later_b], *both)
    assert "not told apart with 10 seeds" in comparison.sentences()[0]
    assert any("2 rules that were fixed beforehand, with seeds from 0 and 10" in each for each in comparison.warnings)


def test_a_file_holds_it_and_is_not_shortened(tmp_path):
    a, b = runs("A", EITHER), runs("B", WORSE)
    whole = looked(a, b, 10)
    write_fixed(tmp_path, whole)
    assert read_fixed(tmp_path) == [whole]
    write_fixed(tmp_path, fixed())  # the command is typed again
    write_fixed(tmp_path, looked(a, b, 6))
    assert read_fixed(tmp_path) == [whole]
    other = looked(runs("A", BETTER), b, 6)  # the runs are others by now
    write_fixed(tmp_path, other)
    assert read_fixed(tmp_path) == [other]


@pytest.mark.parametrize("changed", [{"error": 0.04}, {"at": When(50.0, "%")}, {"looks": (6, 10)}])
def test_a_rule_may_be_changed_before_its_first_look_and_not_after(tmp_path, changed):
    write_fixed(tmp_path, fixed())
    check_unchanged(tmp_path, fixed(**changed))
    write_fixed(tmp_path, looked(runs("A", EITHER), runs("B", WORSE), 6))
    check_unchanged(tmp_path, fixed())
    check_unchanged(tmp_path, fixed(**changed, first_seed=10))
    for first_seed in (0, 9):
        with pytest.raises(ConfigurationError, match="have been looked at by another rule: looks with 6, 8 and 10"):
            check_unchanged(tmp_path, fixed(**changed, first_seed=first_seed))


@given(st.data())
@settings(deadline=None, max_examples=40)
def test_a_damaged_file_is_named(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("tag")
    write_fixed(folder, looked(runs("A", EITHER), runs("B", WORSE), 8))
    (path,) = folder.glob("until-*.json")
    values = json.loads(path.read_text())
    key = data.draw(st.sampled_from(sorted(values)))
    values[key] = data.draw(st.sampled_from([None, "x", {}, [[1]], [{"n_seeds": 3}]]))
    if key == "benchmark":
        path.write_text(path.read_text()[:-20])
    else:
        path.write_text(json.dumps(values))
    with pytest.raises(
        RecordError, match=r"until-.*cannot be read: .*type the sweep with the very hydra\.sweeper\.until"
    ):
        read_fixed(folder)
    assert list(fixed_beside([folder / "A" / "run"])[1]) == [path]


@pytest.mark.parametrize(
    ("losses", "says"),
    [
        (
            [*BETTER[:4], *WORSE[4:6]],
            "p = 0.12: both are equal in some of these seeds, and the others are too few to tell any two apart; "
            "2 more seeds of each.",
        ),
        (BETTER[:6], "p = 0.031 of 0.031 needed: A and B are told apart."),
    ],
)
def test_why_no_result_of_a_look_could_be_small_enough(losses, says):
    rule = FixedComparison("nowhere-robot_arm", ("A", "B"), ((), ()), tuple(range(8)), (6, 8), END, 0.05, 1)
    rule = with_looks(rule, [runs("A", losses), runs("B", WORSE[:6])])
    assert says in about_last_look(rule, has_several=False)


LOOK = {"n_seeds": 6, "p": 0.5, "level": 0.03, "is_told_apart": False, "first_is_lower": True}
NOT_WRITTEN = {
    "at": [{"number": -3, "unit": "parsec"}, {"number": 101.0, "unit": "%"}, {"number": 0, "unit": "s"},
           {"number": float("inf"), "unit": "s"}, {"number": "5", "unit": "s"}, {"number": True, "unit": "s"},
           {"number": 10**400, "unit": "%"}, {"number": 10**400, "unit": "s"}, {"number": -10**400, "unit": "s"}],
    "error": [7, 10**400, 0, float("nan"), "0.05", True],
    "seeds": [[0] * 10, [*range(9), 9.5], [*range(9), "9"], [*range(9), True], [*range(-1, 9)]],
    "looks": [[6.0, 8, 10], [8, 6, 10], ["6", 8, 10], [0, 8, 10], [-6, 10]],
    "n_pairs": [0, 1.5, "1", True, 21, 10**6, 10**400],
    "setups": [["A", 3], ["A", "A"], "AB", ["A", None]],
    "benchmark": [3, None, ["x"]],
    "runs": [["A" * 10, [*range(10)]], [[], []]],
    "taken": [[{**LOOK, name: value}] for name, value in
              [("is_told_apart", "yes"), ("p", float("nan")), ("p", 1.5), ("level", -1), ("first_is_lower", 1),
               ("n_seeds", 6.0), ("p", "0.5"), ("p", True)]]
             + [[{**LOOK, "p": 0.01, "is_told_apart": True}, {**LOOK, "n_seeds": 8}]]
             + [[{**LOOK, "p": p, "level": level, "is_told_apart": told}]
                for p, level, told in [(0.9, 0.03, True), (0.01, 0.03, False), (0.01, 0, True), (0, 0, True)]],
}  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value"),
    [(key, value) for key, values in NOT_WRITTEN.items() for value in values],
    ids=lambda value: str(value)[:20],
)
def test_a_file_with_a_value_that_was_never_written_is_not_read(tmp_path, key, value):
    write_fixed(tmp_path, fixed())
    (path,) = tmp_path.glob("until-*.json")
    values = {**json.loads(path.read_text()), "taken": [LOOK]}
    path.write_text(json.dumps(values))
    assert len(read_fixed(tmp_path)) == 1
    path.write_text(json.dumps({**values, key: value}))
    with pytest.raises(RecordError, match=r"until-.*cannot be read: .*type the sweep with the very"):
        read_fixed(tmp_path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_damage_and_nobody_waits_for_it(tmp_path, make):
    make(tmp_path / "until-0.json")
    with pytest.raises(RecordError, match="cannot be read: it is no file"):
        read_fixed(tmp_path)


@pytest.mark.parametrize("losses", [BETTER, EITHER, WORSE, [*BETTER[:4], *WORSE[4:]]])
def test_no_look_that_is_taken_contradicts_itself(tmp_path, losses):
    whole = looked(runs("A", losses), runs("B", WORSE), 10)
    write_fixed(tmp_path, whole)
    assert read_fixed(tmp_path) == [whole]
