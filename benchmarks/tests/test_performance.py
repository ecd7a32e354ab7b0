import argparse
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from tunekit_core import create

sys.path.insert(0, str(Path(__file__).parents[1] / "performance"))
from loop.alternating import Spread, alternate
from loop.measure import compare_loops
from quality import measure as quality
from quality.planning import missing
from quality.pool import carry_out_all
from quality.store import Store
from runs.run import Job, Run, carry_out, recipe
from runs.tasks import surrogates
from search import measure as search
from search.suggestions import N_TIMED, suggestion_seconds
from studies import measure as studies
from studies.generating import METHODS, generate, results_of


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


@pytest.mark.parametrize("what", ["loop", "local", "search", "quality", "validity", "studies"])
def test_each_measurement_explains_its_options(what):
    folder = Path(__file__).parents[1] / "performance"
    done = subprocess.run([sys.executable, folder, what, "--help"], check=True, capture_output=True, text=True)
    assert done.stdout.startswith(f"usage: python benchmarks/performance {what}")


def test_a_stored_run_comes_back_and_is_not_run_again(tmp_path):
    store = Store(tmp_path / "work" / "quality.jsonl")
    assert store.runs() == []
    store.add(finished())
    store.add(finished(seed=1, end=math.pi))
    store.add(finished(end=7.0))  # by another process, at the same time: the first counts
    assert store.runs() == [finished(), finished(seed=1, end=math.pi)]
    jobs = [Job("BO", None, "toy:a", seed, 100.0, label) for label in ("", "new") for seed in range(3)]
    assert [(job.seed, job.label) for job in missing(jobs, store.runs())] == [
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
    common = ["--methods", "RS,ASHA", "--tasks", "fcnet:diabetes", "--jobs", "1", "--store", str(path)]
    quality.main(parser.parse_args([*common, "--seeds", "2"]))
    begun = path.read_text()
    quality.main(parser.parse_args([*common, "--seeds", "3"]))
    assert path.read_text().startswith(begun)
    assert [run.seed for run in Store(path).runs() if run.method == "ASHA"] == [0, 1, 2]
    quality.main(parser.parse_args([*common, "--report"]))
    assert "### fcnet: 1 tasks" in capsys.readouterr().out


def test_a_run_that_breaks_does_not_stop_the_others():
    jobs = [Job("RS", recipe("RS"), task, 0, 100.0, "") for task in ("fcnet:nothing", "fcnet:diabetes")]
    broken, ran = carry_out_all(jobs, 1)
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
    there = {run.seed: run for run in carry_out_all(jobs, 2)}
    assert [there[run.seed].losses for run in here] == [run.losses for run in here]


def test_suggestions_are_timed_after_the_random_trials():
    assert len(suggestion_seconds("RS", 10, 2)) == N_TIMED


def test_a_method_that_does_not_exist_is_refused_before_anything_is_timed(capsys):
    parser = argparse.ArgumentParser()
    search.add_arguments(parser)
    with pytest.raises(SystemExit, match="BOO: no such method"):
        search.main(parser.parse_args(["--methods", "RS,BOO", "--n", "10", "--d", "2", "--part", "suggestions"]))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many"])
@pytest.mark.parametrize("option", ["--seeds", "--jobs"])
def test_what_is_no_number_of_anything_is_refused(option, number, capsys):
    parser = argparse.ArgumentParser()
    quality.add_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args([f"{option}={number}"])
    assert f"argument {option}: '{number}' is no whole number from 1" in capsys.readouterr().err


def test_a_task_whose_libraries_are_not_installed_is_one_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    surrogates.session.cache_clear()
    with pytest.raises(ValueError, match=r"pip install -r benchmarks/performance/requirements\.txt"):
        surrogates.session("lcbench")


def test_a_study_is_generated_once_and_collected(tmp_path):
    assert list(generate(tmp_path, 1, 1)) == [(len(METHODS), 0)]
    assert list(generate(tmp_path, 2, 1)) == [(len(METHODS), len(METHODS))]
    lines = studies.collecting(results_of(tmp_path), 1)
    assert lines[1][0] == f"collect {2 * len(METHODS)} experiments"
    assert [line[3] for line in studies.reporting(results_of(tmp_path), 1)] == ["10 s", "2 s", "", "1 GB", "5 MB"]
