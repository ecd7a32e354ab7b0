"""What a user learns where trials fail, and what the same command does then."""

import json
import os
import shlex
import signal
import sys
import time
from pathlib import Path

import cloudpickle
import pytest

from tests.app.test_identity import COMMAND, hash_of
from tunekit import Reporter, tune
from tunekit_core import load_experiment

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # a trial may find another package of the name tests
NEEDS_DATA = """
import pathlib, sys
from tunekit import Reporter

if not pathlib.Path("data").exists():
    sys.exit("there are no data")
Reporter()(loss=1.0)
"""


MEND = "First mend what went wrong in trials: the script, its surroundings, or the command. Then, to"


@pytest.fixture
def tuned(tunekit, tmp_path):
    """Tunes a script of one worker."""

    def run(script, *more, n_workers=1):
        (tmp_path / "train.py").write_text(script)
        command = f"benchmark.command={shlex.quote(sys.executable)} train.py"
        space = "benchmark.space.lr=uniform(0,1)"
        return tunekit("backend=local", "benchmark=script", command, space, f"n_workers={n_workers}", *more)

    return run


def test_no_success_is_no_part_of_what_a_run_is(results):
    assert (
        hash_of(*COMMAND, "stopping.no_success=50")
        == hash_of(*COMMAND)
        == hash_of(*COMMAND, "stopping.no_success=null")
    )


def test_a_run_in_which_all_trials_fail_is_given_up_on_and_goes_on_with_as_many_again(tuned, results):
    failed = tuned("raise SystemExit('there are no data')")
    assert failed.status == 1
    assert "the first 5 trials failed in the same way, before any report" in failed.err
    assert "    5 trials, 5 failed\n" in failed.err
    assert "trial 0: it ended with exit status 1. The end of 0/stderr.log:\n    there are no data\n" in failed.err
    assert f"{MEND} run only what failed, type the same command again: " in failed.err
    assert tuned("raise SystemExit('there are no data')", "verbosity=0").status == 1
    (metadata,) = results.metadata()
    assert (metadata["n_failed"], metadata["first_failure"]["trial_id"]) == (10, 5)


def test_an_end_at_which_nothing_has_succeeded_is_none_and_the_same_command_begins_anew(tuned, results, tmp_path):
    end = "stopping.max_num_trials_started=2"
    failed = tuned(NEEDS_DATA, end)
    assert failed.status == 1
    assert "2 trials were started, and no trial has succeeded" in failed.err
    (folder,) = results.folders()
    before = (folder / "events.jsonl").read_bytes()
    (tmp_path / "data").touch()
    again = tuned(NEEDS_DATA, end)
    assert (again.status, load_experiment(folder).metadata["n_completed"]) == (0, 2)
    assert (
        f"Kept as {folder / 'events.jsonl.set-aside-1'}: nothing had succeeded, so the experiment began anew."
        in again.err
    )
    assert (folder / "events.jsonl.set-aside-1").read_bytes() == before
    assert "2 trials, 2 reports in " in again.out
    assert "found complete" in tuned(NEEDS_DATA, end).out


def test_an_experiment_that_reported_nothing_but_nan_is_not_complete(tuned, results):
    script = "from tunekit import Reporter; Reporter()(loss=float('nan'))"
    for _ in range(2):
        failed = tuned(script, "stopping.max_num_trials_started=2")
        assert failed.status == 1
        why = "no trial has succeeded: none that did not fail reported a finite loss"
        assert f"2 trials were started, and {why}\n" in failed.err
        assert MEND in failed.err
    (folder,) = results.folders()
    assert (folder / "events.jsonl.set-aside-1").exists()


def test_a_first_report_without_the_metric_ends_the_run_and_says_what_to_type(tuned, results):
    script = "from tunekit import Reporter; Reporter()(val_loss=1.0)"
    for _ in range(2):
        failed = tuned(script, "stopping.max_num_trials_started=9")
        assert failed.status == 1
        assert "has no 'loss', but val_loss. Did you mean 'val_loss'?" in failed.err
        assert "benchmark.metric=val_loss" in failed.err
        assert MEND in failed.err
        assert results.metadata()[0]["n_started"] == 1


def test_what_made_trials_fail_in_a_sweep_is_to_be_mended_before_the_same_command(tunekit, results):
    failed = tunekit("--multirun", "seed=0,1", "hydra.sweeper.n_jobs=1", "backend.failure_rate=1")
    assert failed.status == 1
    assert f"{MEND} run only what failed, type the same command again: " in failed.err


def test_reports_that_are_dropped_are_said_once_at_the_end(tuned, results):
    script = "from tunekit import Reporter\nreport = Reporter()\nfor loss in (3, 2, 1): report(epoch=1, loss=loss)"
    done = tuned(script, "benchmark.resource=epoch", "stopping.max_num_trials_finished=2")
    assert done.out.count("4 reports were dropped: trial 0 reported epoch 1 after epoch 1. Within a trial ") == 1
    assert done.err.count("a report was dropped: its resource has not grown") == 1


@pytest.mark.parametrize("verbosity", [0, 1])
def test_the_answer_counts_the_failures_and_offers_no_more_of_them(tunekit, results, verbosity):
    done = tunekit("backend.failure_rate=0.5", "stopping.max_num_trials_started=12", f"verbosity={verbosity}")
    (metadata,) = results.metadata()
    assert done.status == 0
    assert f"12 trials, {metadata['n_failed']} failed, " in done.out
    assert "Next" not in done.out


def test_more_seeds_are_offered_only_where_they_are_cheap(tunekit, results, tuned, tmp_path):
    assert "Next, several seeds" in tunekit("stopping.max_num_trials_started=2").out
    (tmp_path / "data").touch()
    end = "stopping.max_num_trials_started=1"
    assert "Next, several seeds" in tuned(NEEDS_DATA, end).out
    (folder,) = results.folders("default/*/script*")
    metadata = json.loads((folder / "metadata.json").read_text())
    (folder / "metadata.json").write_text(json.dumps({**metadata, "time": 3601 / 5}))
    assert "Next" not in tuned(NEEDS_DATA, end).out


def interrupts_the_second_trial(x, pid):
    Reporter()(loss=x)
    first = Path("first")
    if first.exists():
        os.kill(pid, signal.SIGINT)
        time.sleep(60)
    first.touch()


@pytest.fixture
def interrupted(results):
    space = {"x": "uniform(0, 1)", "pid": os.getpid()}
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
    yield lambda: tune(interrupts_the_second_trial, space, n_workers=1, method="RS")
    signal.signal(signal.SIGINT, before)


def test_in_a_notebook_an_interruption_gives_the_result_so_far(interrupted, monkeypatch):
    monkeypatch.setattr(sys, "ps1", "In [1]: ", raising=False)
    result = interrupted()
    assert result.interrupted
    assert result.best_value == result.best_configuration["x"]


def test_in_a_program_an_interruption_ends_the_program_which_tells_the_best_so_far(interrupted, monkeypatch, capfd):
    monkeypatch.delattr(sys, "ps1", raising=False)
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    told = capfd.readouterr().err
    assert "\nBest loss so far: " in told
    assert told.endswith("Interrupted. To go on, call tune() again with the same arguments.\n")


def test_a_sweep_that_is_interrupted_tells_the_best_so_far(tunekit, results, monkeypatch):
    from tunekit.runs import run as run_module

    build, built = run_module.build_tuner, []

    def stops_at_the_second(*arguments, **options):
        built.append(arguments)
        if len(built) == 2:
            raise KeyboardInterrupt
        return build(*arguments, **options)

    monkeypatch.setattr(run_module, "build_tuner", stops_at_the_second)
    sweep = ["--multirun", "seed=0,1", "hydra.sweeper.n_jobs=1", "stopping.max_num_trials_started=2"]
    done = tunekit(*sweep)
    assert done.status == 130
    assert "Best metric_valid_loss on fcnet-robot_arm so far: " in done.err
    assert " with fifo+random, seed 0" in done.err
