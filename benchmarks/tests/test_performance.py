import argparse
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tunekit_core import (
    Benchmark,
    ConfigurationTable,
    Curve,
    Objective,
    Problem,
    SearchSpace,
    Streams,
    Tuner,
    choice,
    create,
    logfinrange,
    lograndint,
    uniform,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "performance"))
from loop.alternating import Spread, alternate
from loop.measure import compare_loops
from quality import measure as quality, report as quality_report
from quality.paired import Interval, interval, share_of_gap, verdict
from quality.store import Store
from runs import tasks
from runs.peers import PEERS
from runs.run import Job, Run, carry_out, recipe
from search.suggestions import N_TIMED, suggestion_seconds

NEEDS = {"OptunaGP": ("optuna", "torch"), "OptunaTPE": ("optuna",), "StockBoTorch": ("botorch",)}


def finished(method="BO", seed=0, end=1.0, *, task="toy:a", label="", seconds=100.0):
    return Run(
        method=method,
        task=task,
        seed=seed,
        seconds=seconds,
        label=label,
        losses=[None, *[3.0] * 20, *[2.0] * 18, end],
        trials=4,
        failures=0,
        reports=8,
        suggestions=4,
        suggest_seconds=0.5,
        processor_seconds=1.0,
    )


def test_two_programs_run_in_turn_and_are_compared_after_each_pair():
    done = []

    def work(name):
        return lambda: done.append(name) or name

    seconds, _ = alternate(work("A"), work("B"), 3, lambda a, b: done.append(a + b))
    assert done == ["A", "B", "AB"] * 3
    assert 0 <= seconds.least <= seconds.median <= seconds.most
    assert str(Spread(0.1, 0.2345, 3.0)) == "0.100, 0.234, 3.000 s"


def test_the_bare_loop_writes_the_same_bytes():
    bare, ours, n_reports = compare_loops(create("benchmark", "fcnet"), 0, 1)
    assert n_reports > 1000
    assert bare.least > 0
    assert ours.least > 0


@pytest.mark.parametrize("what", ["loop", "local", "search", "quality"])
def test_each_measurement_explains_its_options(what):
    folder = Path(__file__).parents[1] / "performance"
    done = subprocess.run([sys.executable, folder, what, "--help"], check=True, capture_output=True, text=True)
    assert done.stdout.startswith(f"usage: python benchmarks/performance {what}")


def test_the_interval_is_students():
    # t(0.975, 4 degrees of freedom) = 2.7764451; the standard deviation of 1..5 is 1.5811388.
    found = interval([1, 2, 3, 4, 5])
    assert (found.mean, found.n) == (3.0, 5)
    assert found.half_width == pytest.approx(1.9632432, rel=1e-7)
    assert (found.lower, found.upper) == pytest.approx((1.0367568, 4.9632432), rel=1e-7)


def test_twenty_seeds_take_the_quantile_of_nineteen_degrees_of_freedom():
    # t(0.975, 19) = 2.0930241; of ten times -1 and ten times 1 the variance is 20 / 19.
    assert interval([-1, 1] * 10).half_width == pytest.approx(2.0930241 * math.sqrt(20 / 19 / 20), rel=1e-7)


def test_one_seed_has_a_mean_and_no_interval():
    found = interval([2.5])
    assert found.mean == 2.5
    assert math.isnan(found.half_width)


def test_a_method_that_found_nothing_has_an_infinite_mean():
    assert interval([1.0, math.inf]).mean == math.inf


@pytest.mark.parametrize(
    ("mean", "half_width", "expected"),
    [
        (-0.30, 0.20, "better"),
        (-0.10, 0.15, "not worse"),
        (0.04, 0.05, "not worse"),
        (0.04, 0.07, "open"),
        (-0.10, 0.30, "open"),
        (0.20, 0.05, "worse"),
        (-0.30, math.nan, "open"),
    ],
)
def test_a_verdict_depends_on_the_upper_end_and_a_tenth_of_the_gap(mean, half_width, expected):
    assert verdict(Interval(mean, half_width, 20), gap=1.0) == expected


def test_without_a_gap_only_equal_methods_are_not_worse():
    assert verdict(Interval(0.0, 0.0, 20), gap=0.0) == "not worse"
    assert verdict(Interval(0.01, 0.0, 20), gap=0.0) == "worse"
    assert share_of_gap(0.01, 0.0) == math.inf


def test_differences_are_paired_by_the_seeds_that_both_have():
    runs = [finished("BO", seed, 1.0 + seed) for seed in (0, 1, 2)]
    runs += [finished("RS", seed, 2.0) for seed in (1, 2, 3)]
    task = quality_report.TaskRuns("toy:a", quality_report.runs_by_method(runs, ""), best_known=0.5)
    assert task.differences("BO", "RS") == {1: 0.0, 2: 1.0}
    assert task.gap == 1.5


def test_the_mean_of_shares_is_over_tasks_within_each_seed():
    of_tasks = []
    for task, scale in (("toy:a", 1.0), ("toy:b", 10.0)):
        runs = [finished("RS", seed, 2.0 * scale, task=task) for seed in (0, 1)]
        runs += [finished("BO", seed, (2.0 - seed) * scale, task=task) for seed in (0, 1)]
        of_tasks.append(quality_report.TaskRuns(task, quality_report.runs_by_method(runs, ""), best_known=0.0))
    assert quality_report.mean_share(of_tasks, "BO", "RS").mean == -0.25


def test_a_method_is_shown_by_the_runs_of_the_label_or_those_without_one_never_by_both():
    runs = [finished("BO", 0, 1.0), finished("BO", 1, 1.0), finished("BO", 0, 0.5, label="new"), finished("RS", 0, 2.0)]
    runs.append(finished("ASHA", 0, 1.0, label="old"))
    chosen = quality_report.runs_by_method(runs, "new")
    assert {method: {seed: run.label for seed, run in of.items()} for method, of in chosen.items()} == {
        "BO": {0: "new"},
        "RS": {0: ""},
    }


def test_the_best_known_is_that_of_the_table_where_there_is_one():
    assert quality_report.best_known([finished(end=1.0), finished(end=0.8)], None) == 0.8
    assert quality_report.best_known([finished(end=1.0)], 0.1) == 0.1


def test_a_stored_run_comes_back_and_is_not_run_again(tmp_path):
    store = Store(tmp_path / "work" / "quality.jsonl")
    assert store.runs() == []
    store.add(finished())
    store.add(finished(seed=1, end=math.pi))
    store.add(finished(end=7.0))  # by another process, at the same time: the first counts
    assert store.runs() == [finished(), finished(seed=1, end=math.pi)]
    jobs = [Job("BO", None, "toy:a", seed, 100.0, label) for label in ("", "new") for seed in range(3)]
    assert [(job.seed, job.label) for job in quality.missing(jobs, store)] == [
        (2, ""),
        (0, "new"),
        (1, "new"),
        (2, "new"),
    ]


def test_a_line_that_is_no_run_is_named(tmp_path):
    store = Store(tmp_path / "quality.jsonl")
    store.add(finished())
    with (tmp_path / "quality.jsonl").open("a") as file:
        file.write(json.dumps({"method": "BO"}) + "\n")
    with pytest.raises(ValueError, match=r"quality\.jsonl, line 2 is no run .*remove that line"):
        store.runs()


def test_the_same_command_goes_on_where_it_was_stopped(tmp_path, capsys):
    parser = argparse.ArgumentParser()
    quality.add_arguments(parser)
    path = tmp_path / "quality.jsonl"
    common = ["--methods", "RS", "--tasks", "fcnet:diabetes", "--seconds", "100", "--jobs", "1", "--store", str(path)]
    quality.main(parser.parse_args([*common, "--seeds", "2"]))
    begun = path.read_text()
    quality.main(parser.parse_args([*common, "--seeds", "3"]))
    assert path.read_text().startswith(begun)
    assert [run.seed for run in Store(path).runs()] == [0, 1, 2]
    quality.main(parser.parse_args([*common, "--report"]))
    assert "fcnet:diabetes: metric_valid_loss (min), best known 0.36716" in capsys.readouterr().out


def test_a_run_that_breaks_does_not_stop_the_others():
    jobs = [Job("RS", recipe("RS"), task, 0, 100.0, "") for task in ("fcnet:nothing", "fcnet:diabetes")]
    broken, ran = quality.carry_out_all(jobs, 1)
    assert "there is no such task here" in broken.reason
    assert ran.task == "fcnet:diabetes"


def test_a_recipe_and_its_run_are_those_of_the_application():
    assert recipe("ASHA")["scheduler"]["name"] == "asha_promotion"
    assert set(recipe("OptunaGP")) == set(recipe("RS"))
    with pytest.raises(ValueError, match=r"BOO: no such method\. Known are: .*BO, .*OptunaGP"):
        recipe("BOO")


def test_a_run_is_what_the_tuner_finds_and_the_same_in_worker_processes():
    jobs = [Job("RS", recipe("RS"), "fcnet:diabetes", seed, 200.0, "") for seed in range(3)]
    here = [carry_out(job) for job in jobs]
    assert [run.suggestions == run.trials for run in here] == [True] * 3
    assert all(list(run.losses) == sorted(run.losses, reverse=True) for run in here)
    there = {run.seed: run for run in quality.carry_out_all(jobs, 2)}
    assert [there[run.seed].losses for run in here] == [run.losses for run in here]


def test_suggestions_are_timed_after_the_random_trials():
    assert len(suggestion_seconds("RS", 10, 2)) == N_TIMED


class Toy(Benchmark):
    """Three kinds of domain; a trial in four ends with NaN."""

    name = "toy"
    space = SearchSpace(
        {"x": uniform(0.0, 1.0), "units": lograndint(4, 64), "batch": logfinrange(8, 64, 4, cast_int=True)}
        | {"kind": choice(["a", "b", "c"])}
    )
    objective = Objective("loss", "min", resource="epoch")
    max_resource = 2
    max_wallclock_time = 1e6
    n_seeds = 1

    def __init__(self, rows):
        self.rows = rows

    def blackbox(self):
        return self

    def curve(self, configuration, seed):
        loss = (configuration["x"] - 0.3) ** 2 + configuration["batch"] / 64
        end = math.nan if configuration["x"] > 0.75 else loss
        return Curve([1, 2], [1.0, 2.0 + configuration["x"]], {"loss": [loss, end]})


@pytest.mark.parametrize("peer", sorted(PEERS))
def test_a_peer_is_carried_out_as_a_recipe_is(peer):
    for module in NEEDS[peer]:
        pytest.importorskip(module)
    run = carry_out(Job(peer, recipe(peer), "fcnet:robot_arm", 0, 600.0, ""))
    assert run.method == peer
    assert run.trials >= 4
    assert list(run.losses) == sorted(run.losses, reverse=True)


def test_a_task_whose_libraries_are_not_installed_is_one_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    tasks.lcbench_surrogate.cache_clear()
    with pytest.raises(ValueError, match=r"pip install -r benchmarks/performance/requirements\.txt"):
        tasks.lcbench_surrogate()


@pytest.mark.parametrize("peer", sorted(PEERS))
@pytest.mark.parametrize("in_a_table", [False, True])
def test_a_peer_runs_and_repeats_itself(peer, in_a_table):
    for module in NEEDS[peer]:
        pytest.importorskip(module)
    drawn = Toy.space.from_unit(np.random.default_rng(0).random((14, Toy.space.n_draws)))
    rows = ConfigurationTable.of(Toy.space, drawn) if in_a_table else None
    first, second = (_configurations(peer, rows) for _ in range(2))
    assert first == second
    assert len(first) == 12
    if rows is not None:
        assert len({Toy.space.key(configuration) for configuration in first}) == 12
        assert all(rows.index_of(configuration) is not None for configuration in first)


def _configurations(peer, rows):
    benchmark = Toy(rows)
    problem = Problem(space=benchmark.space, objective=benchmark.objective, max_resource=2, rows=rows)
    streams, proposed = Streams(3), []
    searcher = PEERS[peer](problem, streams)
    suggest = searcher.suggest

    def watched(trial_id, *, resource):
        proposal = suggest(trial_id, resource=resource)
        proposed.append(proposal.configuration)
        return proposal

    searcher.suggest = watched
    Tuner(
        scheduler=create("scheduler", "fifo", problem, streams, searcher),
        backend=create("backend", "simulator", problem, benchmark, None, streams),
        stopping=[create("stopping", "max_num_trials_started", problem, count=12)],
    ).run()
    return proposed
