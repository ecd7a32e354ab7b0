"""The protocol of comparisons: shares of the gap, verdicts, looks at confirming tasks, exports."""

import argparse
import itertools
import math
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "performance"))
from quality import measure, planning, regret, split
from quality.archive import read_archive, write_archive
from quality.bootstrap import Estimate, estimate, holm, resampled_means, verdicts
from quality.looks import Looks
from quality.planning import hours, planned
from quality.regret import Curve, TaskRuns, best_known, by_method
from quality.report import by_group, comparisons, in_common, report, values_table
from runs.run import Run
from runs.tasks import open_task


def curve(*losses):
    """A run whose losses stand for equal parts of the budget."""
    return Curve(np.repeat(np.array(losses, dtype=float), 40 // len(losses)), 1.0)


def on_task(task="lcbench:1", best=0.0, **methods):
    """Runs by method, seeds from 0."""
    return TaskRuns(task, best, {method: dict(enumerate(curves)) for method, curves in methods.items()})


def finished(method, task="fcnet:diabetes", seed=0, *, label="", losses=(1.0,), seconds=1200.0, processor_seconds=1.0):
    return Run(
        method=method,
        task=task,
        seed=seed,
        seconds=seconds,
        label=label,
        losses=np.repeat(losses, 40 // len(losses)).tolist(),
        trials=4,
        failures=0,
        reports=8,
        suggestions=4,
        suggest_seconds=0.5,
        processor_seconds=processor_seconds,
    )


# What one run is worth


def test_the_gap_is_from_the_best_known_to_the_mean_end_of_random_search():
    task = on_task(best=1.0, RS=[curve(9.0, 2.9), curve(9.0, 3.1)])
    assert task.gap == 2.0
    assert not task.is_tie


@pytest.mark.parametrize(
    ("ends", "is_tie"),
    [
        ([1.0, 1.0, 1.0], True),  # no gap
        ([1.0, 1.0, 1.9], True),  # 0.3 +- 1.29
        ([1.9, 2.0, 2.1], False),  # 1.0 +- 0.25
        ([2.0], False),
        ([1.0], True),
        ([2.0, math.inf], True),
    ],
)
def test_a_task_whose_best_is_within_the_noise_of_random_search_is_a_tie(ends, is_tie):
    assert on_task(best=1.0, RS=[curve(end) for end in ends]).is_tie is is_tie


def test_on_a_tie_all_methods_are_equal():
    task = on_task(best=1.0, RS=[curve(1.0)] * 2, BO=[curve(5.0)] * 2, AUTO=[curve(1.0)] * 2)
    assert task.differences("BO", "AUTO", [0, 1], regret.END).tolist() == [0.0, 0.0]
    assert task.regrets("BO")[0].tolist() == [0.0] * 40


def test_a_difference_is_a_share_of_the_gap_and_cut_at_three():
    ends = {"AUTO": [1.0, 9.0, 0.5, math.inf, math.inf], "BO": [2.0, 1.0, 99.0, 1.0, math.inf]}
    runs = {method: [curve(end) for end in of] for method, of in ends.items()}
    task = on_task(RS=[curve(2.0)] * 5, **runs)
    assert task.differences("AUTO", "BO", range(5), regret.END).tolist() == [-0.5, 3.0, -3.0, 3.0, 0.0]


def test_a_regret_is_a_share_of_the_gap_and_cut_at_ten():
    task = on_task(best=1.0, RS=[curve(3.0)] * 2, BO=[curve(math.inf, 90.0, 2.0, 1.0)])
    assert task.regrets("BO")[0][[0, 10, 20, 30]].tolist() == [10.0, 10.0, 0.5, 0.0]


def test_the_area_is_in_shares_of_random_search_at_a_tenth():
    random = [Curve(np.r_[np.full(3, 9.0), np.full(37, tenth)], 1.0) for tenth in (3.0, 4.0, 1e30)]
    task = on_task(best=2.0, RS=random, BO=[curve(math.inf, 8.0, 3.0, 2.0)], ASHA=[curve(math.inf)])
    assert task.areas("BO") == {0: (1 + 1 + 0.5 + 0) / 4}
    assert task.areas("ASHA") == {0: 1.0}


def slow_area(losses, baseline, best):
    at = 3
    while not math.isfinite(float(np.median([run[at] for run in baseline]))):
        at += 1
        if at == 40:
            return sum(loss != best and not math.isfinite(loss) for loss in losses) / 40
    scale = float(np.median([run[at] for run in baseline])) - best
    total = 0.0
    for loss in losses:
        if loss == best:
            continue
        total += 1.0 if scale == 0 or not math.isfinite(loss) else min(1.0, (loss - best) / scale)
    return total / 40


falling = st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 7.0, math.inf]), min_size=40, max_size=40).map(
    lambda losses: sorted(losses, reverse=True)
)


@settings(max_examples=60, deadline=None)
@given(falling, st.lists(falling, min_size=1, max_size=4))
def test_the_area_is_what_its_definition_says_and_from_0_to_1(losses, baseline):
    task = on_task(RS=[Curve(np.array(run), 1.0) for run in baseline], BO=[Curve(np.array(losses), 1.0)])
    assert task.areas("BO")[0] == pytest.approx(slow_area(losses, baseline, 0.0))
    assert 0 <= task.areas("BO")[0] <= 1


def test_a_method_is_shown_by_the_runs_of_the_label_or_those_without_one_never_by_both():
    runs = [finished("BO"), finished("BO", seed=1), finished("BO", label="new", losses=[0.5]), finished("RS")]
    chosen = by_method([*runs, finished("ASHA", label="old")], ["new"])
    assert {method: {seed: run.losses[-1] for seed, run in of.items()} for method, of in chosen.items()} == {
        "BO": {0: 0.5},
        "RS": {0: 1.0},
    }


def test_the_best_known_is_the_optimum_or_of_the_table_or_of_all_runs(monkeypatch):
    runs = [finished("BO", losses=[0.9, 0.8]), finished("RS")]
    assert best_known("fcnet:diabetes", runs) == pytest.approx(0.36716, abs=1e-5)
    monkeypatch.setattr(regret, "open_task", lambda task: SimpleNamespace(optimum=None))
    assert best_known("lcbench:1", runs) == 0.8
    monkeypatch.setattr(regret, "open_task", lambda task: SimpleNamespace(optimum=0.25))
    assert best_known("synthetic:a/0", runs) == 0.25


# Verdicts


def test_the_draws_have_the_spread_of_all_draws_there_are():
    """Three tasks and two seeds can be drawn in 27 x 4 ways, all equally likely."""
    differences = np.array([[0.0, 1.0], [0.5, -1.0], [2.0, 0.25]])
    every = [
        np.mean([[differences[t, s] for s in seeds] for t in tasks])
        for tasks in itertools.product(range(3), repeat=3)
        for seeds in itertools.product(range(2), repeat=2)
    ]
    drawn = resampled_means(differences)
    assert drawn.mean() == pytest.approx(np.mean(every), abs=0.02)
    assert drawn.std() == pytest.approx(np.std(every), rel=0.03)
    assert estimate(differences).error == pytest.approx(np.std(every) * math.sqrt(2), rel=0.03)
    assert estimate(differences) == estimate(differences)


def test_what_a_seed_does_on_all_tasks_counts_once_however_many_tasks_there_are():
    of_seeds = np.array([0.0, 1.0, 0.2, 0.7, 0.4])
    error = of_seeds.std(ddof=1) / math.sqrt(5)
    for n_tasks in (5, 50):
        found = estimate(np.tile(of_seeds, (n_tasks, 1)))
        assert found.error == pytest.approx(error, rel=0.03)
        assert found.freedom == pytest.approx(4)


def test_a_single_task_or_seed_says_nothing():
    for shape in ((1, 5), (5, 1)):
        found = estimate(np.full(shape, -2.0))
        assert found.p_above(0.1) == found.p_below(0.1) == 1.0
        assert all(math.isnan(end) for end in found.interval())


def test_equal_methods_are_not_worse():
    assert verdicts([estimate(np.zeros((4, 5)))]) == ["not worse"]


def test_the_interval_is_students():
    # t(0.975, 4 degrees of freedom) = 2.7764451.
    assert Estimate(1.0, 0.5, 4.0, 5).interval() == pytest.approx((1 - 1.3882226, 1 + 1.3882226))


def test_holms_rule():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("mean", "error", "word"),
    [(-0.5, 0.1, "better"), (-0.1, 0.06, "not worse"), (0.04, 0.05, "open"), (0.0, 0.5, "open"), (0.5, 0.1, "worse")],
)
def test_a_verdict_depends_on_0_and_on_a_tenth_of_the_gap(mean, error, word):
    assert verdicts([Estimate(mean, error, 1000.0, 10)]) == [word]


def test_more_comparisons_take_more_evidence():
    one = Estimate(-0.03, 0.05, 1000.0, 10)
    assert verdicts([one]) == ["not worse"]
    assert verdicts([one] * 20) == ["open"] * 20


def simulated(generator, mean, n_tasks=12, n_seeds=5):
    of_tasks, of_seeds = generator.normal(0, 0.3, (n_tasks, 1)), generator.normal(0, 0.15, n_seeds)
    return mean + of_tasks + of_seeds + generator.normal(0, 0.3, (n_tasks, n_seeds))


def test_the_bootstrap_is_wrong_as_often_as_it_says():
    """Effects of tasks, effects of seeds that the tasks share, and noise; the true mean is at the bound."""
    generator = np.random.default_rng(3)
    at_the_bound = [estimate(simulated(generator, 0.1)) for _ in range(400)]
    assert 0.01 <= np.mean([found.p_above(0.1) <= 0.05 for found in at_the_bound]) <= 0.075
    assert 0.93 <= np.mean([found.interval()[0] <= 0.1 <= found.interval()[1] for found in at_the_bound]) <= 0.99
    better = [estimate(simulated(generator, -0.3)) for _ in range(50)]
    assert np.mean([found.p_above(0.1) <= 0.05 for found in better]) > 0.8


# Tables


def test_methods_are_compared_on_the_tasks_and_seeds_that_both_have():
    some = on_task("lcbench:1", RS=[curve(1.0)] * 3, AUTO=[curve(1.0)] * 3, SMAC=[curve(1.0)] * 2)
    none = on_task("lcbench:2", RS=[curve(1.0)] * 3, AUTO=[curve(1.0)] * 3)
    common, seeds = in_common([some, none], "AUTO", "SMAC")
    assert ([task.task for task in common], seeds) == (["lcbench:1"], [0, 1])
    assert [
        (each.other, each.n_tasks, each.estimate.n_seeds) for each in comparisons({"lcbench": [some, none]}, "AUTO")
    ][::3] == [("RS", 2, 3), ("SMAC", 1, 2)]


def test_instances_of_a_synthetic_family_are_one_when_tasks_are_resampled():
    tasks = [
        on_task(f"synthetic:{name}", RS=[curve(1.0), curve(1.0)], AUTO=[curve(end), curve(end)])
        for name, end in (("a/1", 1.5), ("a/2", 0.5), ("b/1", 1.25))
    ]
    assert by_group(tasks, "AUTO", "RS", [0, 1], regret.END).tolist() == [[0.0, 0.0], [0.25, 0.25]]


def test_the_table_names_the_worst_task_and_the_worst_run():
    tasks = [
        on_task("lcbench:1", RS=[curve(1.0), curve(1.0)], BO=[curve(1.0, 0.5), curve(1.0, 0.7)]),
        on_task("lcbench:2", RS=[curve(1.0), curve(1.0)], BO=[curve(1.0, 0.0), curve(1.0, 0.9)]),
    ]
    lines = values_table(tasks).splitlines()
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == [
        *("BO", "2", "2", "0.762", "1.000", "1.000", "0.525"),
        *("0.60 lcbench:1", "0.90 lcbench:2, seed 1", "1.0"),
    ]
    assert len({len(line) for line in lines}) == 1


def test_a_report_names_ties_and_a_family_of_them_says_nothing():
    ties = [on_task(f"lcbench:{i}", RS=[curve(0.0)] * 2, AUTO=[curve(0.0)] * 2) for i in (7, 8)]
    text, compared = report(ties, "AUTO")
    assert [each.verdict for each in compared] == ["open"] * 3
    assert text.startswith("### lcbench: 2 tasks, of which ties: lcbench:7, lcbench:8\n")


def test_where_there_is_no_interval_a_dash_stands():
    tasks = [on_task(f"lcbench:{i}", RS=[curve(1.0), curve(1.1)], AUTO=[curve(0.63)]) for i in (7, 8)]
    text, compared = report(tasks, "AUTO")
    assert "| -0.35 - open" in text
    assert "nan" not in text
    assert str(compared[-1]) == "lcbench, RS, 100%: open, -0.352 -, 2 tasks, 1 seeds"


# Which runs are made


def test_every_task_has_its_family_and_no_task_is_in_both_splits():
    for tasks in split.SPLITS.values():
        assert all(split.family_of(task) == family for family, of in tasks.items() for task in of)
    assert not any(map(split.is_confirming, split.tasks_of("choosing")))
    assert all(map(split.is_confirming, split.tasks_of("confirming")))
    assert len(split.tasks_of("choosing", ["fcnet", "taskset"])) == 8
    with pytest.raises(ValueError, match=r"fcnet: no family of confirming tasks\. There are: lcbench, rbv2, synthetic"):
        split.tasks_of("confirming", ["fcnet"])


def test_smac_has_a_few_tasks_and_seeds():
    runs = [(task, seed) for task in split.tasks_of("confirming") for seed in range(10)]
    made = [run for run in runs if split.is_planned("SMAC", *run, 10)]
    assert len(made) == len(split.SMAC_TASKS) * 5
    assert all(split.is_planned("AUTO", *run, 10) for run in runs)


def test_choosing_tasks_without_data_are_left_out_by_name_and_confirming_ones_refused(monkeypatch, capsys):
    def open_nothing(task):
        raise ValueError(f"{task}: there is no such task here.")

    monkeypatch.setattr(planning, "open_task", open_nothing)
    assert planning.those_here(split.tasks_of("choosing", ["lcbench"])) == []
    assert capsys.readouterr().err.splitlines() == [
        "lcbench is left out, at least in part. lcbench:3945: there is no such task here."
    ]
    with pytest.raises(ValueError, match="lcbench:167200: there is no such task here"):
        planning.those_here(split.tasks_of("confirming"))


def test_hours_are_counted_and_estimated():
    runs = [finished("BO", seed=seed, processor_seconds=1800.0) for seed in (0, 1)]
    jobs = planned(["BO", "ASHA"], ["fcnet:diabetes", "fcnet:robot_arm"], 1, "new")
    assert hours(runs, jobs) == (
        "core-hours spent: 1.00 for choosing; of 12 (5 for choosing, ours and baselines, 5.5 for confirming, ours and "
        "Optuna, 1.5 for SMAC). To come: 4 runs, 1.00 core-hours and what 2 runs take of which nothing is known."
    )


def test_random_search_has_thirty_seeds_and_all_of_them_make_the_gap():
    jobs = planned(["RS", "ASHA"], ["fcnet:diabetes"], 2, "")
    assert [sum(job.method == method for job in jobs) for method in ("RS", "ASHA")] == [30, 2]
    budget = open_task("fcnet:diabetes").max_wallclock_time
    runs = [finished("RS", seed=seed, losses=[float(seed)], seconds=budget) for seed in range(30)]
    runs += [finished("ASHA", seed=seed, seconds=budget) for seed in range(3)]
    (task,) = regret.runs_on(["fcnet:diabetes"], runs, n_seeds=2)
    assert task.gap + task.best_known == pytest.approx(14.5)
    assert list(task.curves["ASHA"]) == [0, 1]


# Looks


@pytest.fixture
def quality(tmp_path, monkeypatch):
    """The command, on tasks that run at once, with a store and a log of its own; it returns the jobs carried out."""
    task = SimpleNamespace(max_wallclock_time=100.0, optimum=0.0)
    monkeypatch.setattr(planning, "open_task", lambda name: task)
    monkeypatch.setattr(regret, "open_task", lambda name: task)
    monkeypatch.setattr(measure, "LOG", Looks(tmp_path / "looks.jsonl"))
    done = []

    def carry_out_all(jobs, n_processes):
        for job in jobs:
            done.append(job)
            loss = 2.0 + 0.1 * job.seed if job.method == "RS" else 1.0
            yield finished(job.method, job.task, job.seed, label=job.label, losses=[loss], seconds=job.seconds)

    monkeypatch.setattr(measure, "carry_out_all", carry_out_all)
    parser = argparse.ArgumentParser()
    measure.add_arguments(parser)

    def command(*arguments):
        done.clear()
        measure.main(parser.parse_args([*arguments, "--store", str(tmp_path / "quality.jsonl")]))
        return [(job.method, job.label) for job in done]

    command.log, command.folder = measure.LOG, tmp_path
    return command


CONFIRMING = ("--split", "confirming", "--families", "rbv2", "--seeds", "2")
REPORT = ("--split", "confirming", "--report")


def test_our_methods_are_not_run_on_confirming_tasks_without_a_look(quality):
    for asked in (CONFIRMING, ("--tasks", "fcnet:diabetes,lcbench:167200")):
        with pytest.raises(SystemExit, match=r'ASHA on confirming tasks: .*--look "what was changed"'):
            quality(*asked, "--methods", "RS,ASHA")
    with pytest.raises(SystemExit, match="A look needs a text"):
        quality(*CONFIRMING, "--methods", "ASHA", "--look", " ")
    with pytest.raises(SystemExit, match="no such method"):
        quality(*CONFIRMING, "--methods", "ASAH", "--look", "change")
    with pytest.raises(SystemExit, match="have the label of their look"):
        quality(*CONFIRMING, "--methods", "ASHA", "--look", "change", "--label", "mine")
    assert quality.log.lines() == []


def test_peers_and_random_search_are_run_on_confirming_tasks_at_any_time(quality):
    assert set(quality(*CONFIRMING, "--methods", "RS,OptunaTPE")) == {("RS", ""), ("OptunaTPE", "")}
    assert quality.log.lines() == []


@pytest.mark.parametrize("asked", [REPORT, ("--tasks", "lcbench:167200", "--report"), (*REPORT[:2], "--export", "a")])
def test_confirming_tasks_are_not_reported_without_a_look(quality, asked):
    quality(*CONFIRMING, "--methods", "RS,OptunaTPE")
    with pytest.raises(SystemExit, match="takes one of a few looks"):
        quality(*asked)


def test_a_look_is_logged_before_it_runs_and_goes_on_under_its_text(quality):
    first = quality(*CONFIRMING, "--methods", "RS,ASHA,OptunaTPE", "--look", "a change")
    assert set(first) == {("RS", ""), ("OptunaTPE", ""), ("ASHA", "look 1")}
    assert quality(*CONFIRMING, "--methods", "RS,ASHA,OptunaTPE", "--look", "a change") == []
    (line,) = quality.log.lines()
    assert (line["look"], line["text"]) == (1, "a change")
    assert (line["methods"], line["families"], line["seeds"]) == (["ASHA"], ["rbv2"], 2)
    assert line.keys() >= {"date", "commit"}
    quality(*CONFIRMING, "--methods", "ASHA,BO", "--look", "a change")
    assert [(line["look"], line["methods"]) for line in quality.log.lines()] == [(1, ["ASHA"]), (1, ["ASHA", "BO"])]


def test_a_later_look_runs_ours_again_but_not_the_peers(quality):
    quality(*CONFIRMING, "--methods", "RS,ASHA,OptunaTPE", "--look", "a change")
    assert set(quality(*CONFIRMING, "--methods", "RS,ASHA,OptunaTPE", "--look", "another")) == {("ASHA", "look 2")}


def test_there_is_no_fourth_look(quality):
    for text in ("one", "two", "three"):
        quality(*CONFIRMING, "--methods", "ASHA", "--look", text)
    with pytest.raises(SystemExit, match=r"looked at 3 times.*\n  one\n  two\n  three\n"):
        quality(*CONFIRMING, "--methods", "ASHA", "--look", "four")
    assert quality(*CONFIRMING, "--methods", "ASHA", "--look", "two") == []


def test_a_report_opens_no_look(quality):
    quality(*CONFIRMING, "--methods", "ASHA", "--look", "a change")
    with pytest.raises(SystemExit, match=r"no look with the text 'a chnage'\. Known are:\n  a change"):
        quality(*REPORT, "--look", "a chnage")
    with pytest.raises(SystemExit, match="--look is for confirming tasks"):
        quality("--report", "--look", "a change")


def test_a_look_is_reported_whole_and_its_verdicts_are_logged_once(quality, capsys):
    quality(*CONFIRMING, "--methods", "RS,ASHA,OptunaTPE", "--look", "a change")
    with pytest.raises(SystemExit, match="A look is shown whole"):
        quality(*REPORT, "--look", "a change", "--families", "rbv2")
    for _ in range(2):
        quality(*REPORT, "--look", "a change", "--subject", "ASHA")
    assert "| OptunaTPE | 20    | 2     | +0.00 [+0.00, +0.00] not worse |" in capsys.readouterr().out
    _, line = quality.log.lines()
    assert [each.split(", ")[:2] for each in line["verdicts"]][::3] == [
        ["ASHA: rbv2", "OptunaTPE"],
        ["ASHA: rbv2", "RS"],
    ]


def test_a_method_that_a_later_look_does_not_run_is_shown_by_the_last_look_that_did(quality, capsys):
    quality(*CONFIRMING, "--methods", "RS,ASHA,BO", "--look", "a change")
    store = quality.folder / "quality.jsonl"
    store.write_text(store.read_text().replace("1.0", "1.2"))
    assert set(quality(*CONFIRMING, "--methods", "RS,ASHA", "--look", "of ASHA")) == {("ASHA", "look 2")}
    assert set(quality(*CONFIRMING, "--methods", "RS,BO", "--look", "of BO")) == {("BO", "look 3")}
    gap = np.mean([2.0 + 0.1 * seed for seed in range(30)])
    for text, difference in [("a change", 0.0), ("of ASHA", -0.2 / gap), ("of BO", 0.0)]:
        quality(*REPORT, "--look", text, "--subject", "ASHA")
        assert f"| BO | 20 | 2 | {difference:+.2f} [" in re.sub(" +", " ", capsys.readouterr().out)


def test_no_method_is_shown_by_a_look_that_was_broken_off(quality, capsys):
    quality(*CONFIRMING, "--methods", "RS,ASHA,BO", "--look", "a change")
    store = quality.folder / "quality.jsonl"
    kept = store.read_text()
    quality(*CONFIRMING, "--methods", "ASHA,BO", "--look", "broken off")
    *of_second, _ = store.read_text().removeprefix(kept).splitlines(keepends=True)
    store.write_text(kept + "".join(of_second).replace("1.0", "1.2"))
    quality(*CONFIRMING, "--methods", "ASHA", "--look", "of ASHA")
    quality(*REPORT, "--look", "of ASHA", "--subject", "ASHA")
    assert "| BO | 20 | 2 | +0.00 [" in re.sub(" +", " ", capsys.readouterr().out)


def test_a_look_is_not_reported_before_all_its_runs_are_there(quality):
    quality(*CONFIRMING, "--methods", "RS,ASHA", "--look", "a change")
    store = quality.folder / "quality.jsonl"
    lines = store.read_text().splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if '"ASHA"' in line)
    store.write_text("".join(lines[:last] + lines[last + 1 :]))
    with pytest.raises(SystemExit, match="1 runs of this look are missing, such as ASHA on rbv2_rpart:334 with seed 1"):
        quality(*REPORT, "--look", "a change", "--subject", "ASHA")


def test_a_run_that_two_lines_of_the_log_ask_for_is_missing_once(quality):
    quality(*CONFIRMING, "--methods", "RS,ASHA", "--look", "a change")
    quality(*CONFIRMING, "--methods", "RS,ASHA,BO", "--look", "a change")
    store = quality.folder / "quality.jsonl"
    *lines, _ = [line for line in store.read_text().splitlines(keepends=True) if '"ASHA"' in line]
    others = [line for line in store.read_text().splitlines(keepends=True) if '"ASHA"' not in line]
    store.write_text("".join(others + lines))
    with pytest.raises(SystemExit, match="1 runs of this look are missing"):
        quality(*REPORT, "--look", "a change", "--subject", "ASHA")


# Exports


def test_an_export_gives_the_same_tables(quality, capsys):
    quality("--families", "lcbench", "--methods", "RS,ASHA,AUTO", "--seeds", "3")
    path = quality.folder / "runs.csv.gz"
    quality("--report", "--families", "lcbench", "--export", str(path))
    told, before = capsys.readouterr().out, path.read_bytes()
    quality("--families", "lcbench", "--export", str(path))
    assert path.read_bytes() == before
    parser = argparse.ArgumentParser()
    measure.add_arguments(parser)
    measure.main(parser.parse_args(["--report", "--families", "lcbench", "--store", str(path)]))
    assert capsys.readouterr().out == told


@pytest.mark.parametrize(
    ("option", "there"),
    [
        (("--methods", "ASHA,ASAH,BO"), r"--methods ASAH,BO: .* has no runs .* Of: ASHA, AUTO, RS\."),
        (("--families", "lcbench,rbv2"), r"--families rbv2: .* Of: lcbench\."),
        (("--tasks", "lcbench:3945,lcbench:394"), r"--tasks lcbench:394: .* Of: lcbench:3945\."),
        (("--subject", "ATUO"), r"--subject ATUO: .* Of: ASHA, AUTO, RS\."),
        (("--subject", "AUTO", "--methods", "ASHA"), r"--subject AUTO: .* Of: ASHA, RS\."),
        (("--label", "mine"), r"--label"),
        (("--look", "mine"), r"--look"),
    ],
)
def test_what_is_asked_for_by_name_and_is_not_there_is_refused(quality, option, there):
    quality("--families", "lcbench", "--methods", "RS,ASHA,AUTO", "--seeds", "3")
    path = quality.folder / "runs.csv.gz"
    quality("--families", "lcbench", "--export", str(path))
    parser = argparse.ArgumentParser()
    measure.add_arguments(parser)
    for store in (quality.folder / "quality.jsonl", path):
        with pytest.raises(SystemExit, match=there):
            measure.main(parser.parse_args(["--report", *option, "--store", str(store)]))


def test_a_look_is_not_reported_of_a_subject_without_runs(quality):
    quality(*CONFIRMING, "--methods", "RS,ASHA", "--look", "a change")
    before = quality.log.lines()
    with pytest.raises(SystemExit, match="--subject ASAH"):
        quality(*REPORT, "--look", "a change", "--subject", "ASAH")
    assert quality.log.lines() == before


def test_an_export_keeps_four_digits_of_what_is_above_the_best_known_and_is_small(tmp_path):
    generator = np.random.default_rng(0)
    drawn = -99.65 + np.minimum.accumulate(generator.exponential(0.1, (200, 40)), axis=1)
    drawn[0, :5] = np.inf
    task = on_task("lcbench:1", -99.65, RS=[Curve(losses, 1.234) for losses in drawn])
    write_archive(tmp_path / "a.csv.gz", [task])
    (read,) = read_archive(tmp_path / "a.csv.gz")
    assert (read.task, read.best_known) == ("lcbench:1", -99.65)
    for seed in range(200):
        np.testing.assert_allclose(read.curves["RS"][seed].losses + 99.65, drawn[seed] + 99.65, rtol=5e-4, atol=1e-12)
    assert read.curves["RS"][0].processor_seconds == 1.23
    assert (tmp_path / "a.csv.gz").stat().st_size < 200 * 80


def test_what_is_no_export_is_named(tmp_path):
    (tmp_path / "a.csv.gz").write_text("nothing")
    with pytest.raises(ValueError, match=r"a\.csv\.gz is no archive of runs"):
        read_archive(tmp_path / "a.csv.gz")
    with pytest.raises(ValueError, match=r"ends with \.csv\.gz"):
        write_archive(tmp_path / "a.csv", [])
