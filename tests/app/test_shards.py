"""Shards: each process runs its part of a sweep, and the last one compares."""

from collections import Counter

import pytest
from hypothesis import given, settings, strategies as st

from tests.app.conftest import SHORT
from tunekit.config.arguments import parse
from tunekit.config.planning import plan_command
from tunekit.config.shard import Shard, divide, parse_shard
from tunekit_core.errors import ConfigurationError

SWEEP = ("--multirun", "method=RS,ASHA", "seed=range(3)", SHORT, "hydra.sweeper.n_jobs=1")
STUDY = ("--multirun", "seed=range(6)", "method=RS,ASHA", "benchmark.dataset=robot_arm,diabetes", "n_workers=2,4")
SHARD = "hydra.sweeper.shard="


@pytest.fixture(scope="module")
def runs():
    return plan_command(parse(STUDY)).specs


@pytest.fixture(scope="module")
def settings_of(runs):
    return {spec.folder: spec.setting for spec in runs}


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 60), data=st.data())
def test_every_run_is_in_one_part_and_all_that_are_alike_are_shared_out_evenly(runs, settings_of, n, data):
    some = data.draw(st.permutations(runs))[: data.draw(st.integers(1, len(runs)))]
    numbers = divide(some, n)
    assert {each.folder for each in some} == numbers.keys()
    assert set(numbers.values()) <= {*range(1, n + 1)}
    number = data.draw(st.integers(1, n))
    assert Shard(number, n).own(some) == [spec for spec in some if numbers[spec.folder] == number]
    for group in (
        lambda spec: "",
        lambda spec: spec.method_name,
        lambda spec: (spec.method_name, spec.problem_name),
        lambda spec: settings_of[spec.folder],
    ):
        counts = {key: Counter() for key in map(group, some)}
        for spec in some:
            counts[group(spec)][numbers[spec.folder]] += 1
        for counted in counts.values():
            in_parts = [counted[number] for number in range(1, n + 1)]
            assert max(in_parts) - min(in_parts) <= 1
    assert divide(data.draw(st.permutations(some)), n) == numbers


def test_a_shard_is_no_part_of_what_a_run_is(runs):
    plan = plan_command(parse((*STUDY, f"{SHARD}2/8")))
    assert [spec.hash for spec in plan.specs] == [spec.hash for spec in runs]
    assert plan.shard == Shard(2, 8)


def test_each_shard_ends_with_its_own_and_the_last_one_compares_all(tunekit, results, monkeypatch):
    monkeypatch.setattr("sys.argv", ["__main__.py"])
    first = tunekit(*SWEEP, f"{SHARD}1/2")
    assert (first.status, first.out) == (0, "")
    assert "Shard 1/2 has 3 of 6 runs." in first.err
    said = " ".join(first.err.split())
    assert f"Not complete yet: 2/2 (3 runs). Type the same command for each of them, with {SHARD}2/2 first." in said
    assert "so does: python -m tunekit --multirun method=RS,ASHA 'seed=range(3)'" in said
    assert f"What there is so far: python -m tunekit report {results.root}/default" in said
    assert SHARD not in said.partition("so does:")[2]
    assert len(results.folders()) == 3
    assert (results.root / "default" / "index.csv").exists()
    second = tunekit(*SWEEP, f"{SHARD}2/2")
    assert second.status == 0
    assert "Figure: " in second.out
    assert len(results.folders()) == 6
    assert tunekit(*SWEEP).out == second.out


def test_a_plan_lists_what_a_shard_would_run(tunekit, results):
    finished = tunekit(*SWEEP, f"{SHARD}2/4", "--plan")
    assert finished.status == 0
    assert "Shard 2/4 has 2 of 6 runs." in finished.err
    assert sum(line.split()[1:2] in (["RS"], ["ASHA"]) for line in finished.out.splitlines()) == 2
    assert not results.root.exists()


def test_a_shard_without_a_run_comes_to_its_end(tunekit):
    finished = tunekit(*SWEEP, f"{SHARD}9/9")
    assert finished.status == 0
    assert "Shard 9/9 has 0 of 6 runs." in finished.err
    assert "1/9 (1 run), 2/9 (1 run), 3/9 (1 run), 4/9 (1 run), 5/9 (1 run) and 1 more." in " ".join(
        finished.err.split()
    )


@pytest.mark.parametrize("text", ["0/8", "9/8", "2", "", "2/0", "-1/8", "1/2/3", "2/8x", "٢/8"])
def test_what_is_no_part_is_refused(text):
    with pytest.raises(ConfigurationError) as caught:
        parse_shard(text)
    last = {"0/8": ", and 8/8 the last of 8", "9/8": ", and 8/8 the last of 8"}.get(text, "")
    assert str(caught.value) == (
        f"{SHARD}{text} is no part of a sweep. {SHARD}2/8 is the second of eight, 1/8 the first{last}."
    )


@pytest.mark.parametrize("text", ["9/8", "2"])
def test_it_is_refused_before_anything_starts(tunekit, results, text):
    finished = tunekit(*SWEEP, f"{SHARD}{text}")
    assert finished.status == 2
    assert f"{SHARD}{text} is no part of a sweep. {SHARD}2/8 is the second of eight" in " ".join(finished.err.split())
    assert not results.root.exists()


def test_a_single_run_has_no_part(tunekit, results):
    finished = tunekit("method=RS", SHORT, f"{SHARD}1/2")
    assert finished.status == 2
    assert "divides a sweep, and this is a single run. Leave it out, or add --multirun." in " ".join(
        finished.err.split()
    )


def test_runs_that_are_others_each_time_have_no_parts(tunekit, results):
    finished = tunekit(*SWEEP, f"{SHARD}1/2", "random_seed=null")
    assert finished.status == 2
    assert "random_seed=null draws another number each time. Type a number, such as random_seed=" in " ".join(
        finished.err.split()
    )


def test_what_a_shard_leaves_out_by_its_status_is_not_compared(tunekit, results):
    sweep = ("--multirun", "method=RS", "seed=range(4)", SHORT, "hydra.sweeper.n_jobs=1")
    assert tunekit(*sweep).status == 0
    first = min(results.folders())
    path = first / "metadata.json"
    path.write_text(path.read_text().replace('"status": "completed"', '"status": "failed"'))
    (failed,) = (spec for spec in plan_command(parse(sweep)).specs if spec.folder.resolve() == first.resolve())
    number = divide(plan_command(parse(sweep)).specs, 2)[failed.folder]
    finished = tunekit(*sweep, f"{SHARD}{number}/2", "hydra.sweeper.only=missing")
    assert finished.status == 0, finished.err
    assert "Left out by hydra.sweeper.only=[missing]: 1 run." in finished.err
    assert "RS          3" in finished.out
