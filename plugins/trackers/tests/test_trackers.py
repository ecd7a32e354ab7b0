import json
import sys
import threading
import warnings

import attrs
import pytest

from tunekit_core import (
    ComponentError,
    ConfigurationError,
    ExperimentRecord,
    Streams,
    TunekitWarning,
    Tuner,
    create,
    load_experiment,
)
from tunekit_core.testing import ObserverContract, ToyBackend, ToyBenchmark, toy_problem
from tunekit_trackers.contents import numbers_in

METADATA = {
    "method": "RS",
    "benchmark": "toy",
    "dataset": None,
    "seed": 3,
    "tags": {"paper": "first"},
    "config": {"scheduler": {"name": "fifo"}, "sources": {"train.py": "a whole program"}, "n_workers": 2},
}


class TestTracker(ObserverContract):
    @pytest.fixture
    def make(self, tracker, server):
        return lambda problem, folder: create("observer", tracker, problem, folder, trials=True)


def tune(tracker, folder=None, *, stopping=("max_num_evaluations", 40), fail_at=None, benchmark=None, **options):
    benchmark, streams = benchmark or ToyBenchmark(), Streams(3)
    problem = toy_problem(benchmark)
    searcher = create("searcher", "random", problem, streams)
    return Tuner(
        scheduler=create("scheduler", "fifo", problem, streams, searcher),
        backend=ToyBackend(problem, benchmark, None, streams, fail_at=fail_at),
        stopping=[create("stopping", stopping[0], problem, count=stopping[1])],
        n_workers=2,
        observers=[create("observer", tracker, problem, folder, **options)] if tracker else [],
        record=None if folder is None else ExperimentRecord(folder, keep_events=True),
        metadata=METADATA,
    ).run()


def test_a_run_says_how_the_experiment_was_set_up_but_not_with_whole_programs(tracker, server):
    tune(tracker)
    config = server.experiment.config
    told = {name: str(config[name]) for name in ("method", "benchmark", "seed", "scheduler.name", "n_workers")}
    assert told == {"method": "RS", "benchmark": "toy", "seed": "3", "scheduler.name": "fifo", "n_workers": "2"}
    assert "a whole program" not in str(config)
    assert "first" in str(config)
    assert server.experiment.name.startswith("RS ")


@pytest.mark.parametrize("tracker", ["mlflow", "wandb"], indirect=True)
def test_a_run_is_found_by_method_benchmark_seed_and_the_tags_of_the_user(tracker, server):
    tune(tracker)
    expected = {"method": "RS", "benchmark": "toy", "seed": "3", "paper": "first"}
    assert expected.items() <= server.experiment.tags.items()


@pytest.mark.usefixtures("every_report")
def test_at_each_report_it_shows_that_report_the_best_so_far_and_how_many_trials_there_are(tracker, server, tmp_path):
    tune(tracker, tmp_path)
    results = load_experiment(tmp_path).results
    points = [(step, values) for step, values in server.experiment.points if "report/score" in values]
    assert [step for step, _ in points] == list(range(1, 41))
    assert [values["report/score"] for _, values in points] == pytest.approx(list(results["score"]))
    assert [values["report/trial"] for _, values in points] == list(results["trial_id"])
    assert [values["report/resource"] for _, values in points] == list(results["epoch"])
    assert [values["best/score"] for _, values in points] == pytest.approx(list(results["score"].cummin()))
    assert [values["trials/started"] for _, values in points][-1] == results["trial_id"].nunique()


def test_at_the_end_it_says_why_and_which_configuration_is_best(tracker, server):
    result = tune(tracker)
    facts = server.experiment.facts
    assert (facts["status"], facts["reason"]) == ("finished", "40 evaluations were made")
    for name, value in result.incumbent.configuration.items():
        assert str(facts[f"best.configuration.{name}"]) == str(value)
    assert str(facts["best.trial"]) == str(result.incumbent.report.trial_id)
    assert server.experiment.status == "finished"


def test_failures_are_counted_and_the_newest_says_why(tracker, server):
    tune(tracker, fail_at={0: 2})
    assert [values["trials/failed"] for _, values in server.experiment.points][-1] == 1.0
    assert str(server.experiment.facts["newest_failure.trial"]) == "0"
    assert server.experiment.facts["newest_failure.reason"]


def test_an_experiment_in_which_nothing_succeeds_has_failed(tracker, server):
    tune(tracker, stopping=("max_num_trials_started", 3), fail_at={0: 0, 1: 0, 2: 0})
    assert server.experiment.facts["status"] == "failed"


def breaks(error):
    class Breaks(ToyBenchmark):
        def curve(self, configuration, seed):
            raise error

    return Breaks()


def test_an_experiment_in_which_something_breaks_has_failed_and_says_why(tracker, server):
    with pytest.raises(ComponentError):
        tune(tracker, benchmark=breaks(RuntimeError("no more data")))
    assert server.experiment.facts["status"] == "failed"
    assert "RuntimeError" in server.experiment.facts["reason"]
    assert "no more data" in server.experiment.facts["reason"]
    assert server.experiment.status != "open"


def test_one_that_answers_an_error_of_the_program_has_not_failed_by_that(tracker, server):
    try:
        raise KeyError("before")
    except KeyError:
        tune(tracker)
    assert server.experiment.facts["status"] == "finished"


def test_an_experiment_that_is_interrupted_says_so(tracker, server):
    class Interrupts(ToyBenchmark):
        def curve(self, *arguments, **named):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(tracker, benchmark=Interrupts())
    assert server.experiment.facts["status"] == "interrupted"


def test_trials_are_runs_too_where_asked_for(tracker, server, tmp_path):
    tune(tracker, tmp_path, trials=True, fail_at={2: 3})
    results = load_experiment(tmp_path).results
    assert set(server.trials) >= set(results["trial_id"])
    for trial_id, rows in results.groupby("trial_id"):
        points = server.trials[trial_id].points
        assert [step for step, _ in points] == list(rows["epoch"])
        assert [values["score"] for _, values in points] == pytest.approx(list(rows["score"]))
        assert set(server.trials[trial_id].config) >= {"x"}
    assert server.trials[2].facts["reason"]
    assert "open" not in {run.status for run in server.runs.values()}


def test_trials_are_no_runs_unless_asked_for(tracker, server):
    tune(tracker)
    assert server.trials == {}


def test_metrics_of_tunekit_itself_are_not_told_and_what_is_no_number_is_not_plotted():
    metrics = {"loss": 0.5, "st_worker_cost": 3.0, "stage": "warm-up", "n": 10**400, "is_last": True}
    assert numbers_in(metrics, "report/") == {"report/loss": 0.5, "report/is_last": 1.0}


def test_the_loop_calls_nothing_of_the_tracker(tracker, server):
    tune(tracker, trials=True)
    assert server.n_calls > 0
    assert [thread.name for thread in server.threads] == [f"tunekit-{tracker}"]


def is_away():
    raise ConnectionError("nobody answers at 127.0.0.1:9")


def caught_while(function):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = function()
    return result, [str(each.message) for each in caught if each.category is TunekitWarning]


def test_a_tracker_that_is_away_costs_nothing_but_what_it_is_not_told(tracker, server):
    undisturbed = tune(None)
    server.trouble = is_away
    result, said = caught_while(lambda: tune(tracker, trials=True))
    assert attrs.asdict(result) == attrs.asdict(undisturbed)
    assert len(said) in (1, 2)  # while it runs, if there was time to notice, and at the end
    assert "nobody answers at 127.0.0.1:9" in said[-1]
    assert "was not told" in said[-1]


def test_of_reports_that_come_too_fast_to_be_looked_at_those_are_told_that_are_best_and_the_last(
    tracker, server, tmp_path, monkeypatch
):
    monkeypatch.setattr("tunekit_trackers.watching.BETWEEN_POINTS", 3600.0)
    tune(tracker, tmp_path)
    results = load_experiment(tmp_path).results
    best = results["score"].cummin()
    is_better = best.diff().fillna(-1) < 0
    steps = [step for step, _ in server.experiment.points]
    assert steps == [*(results.index[is_better] + 1), len(results)]
    assert [values["best/score"] for _, values in server.experiment.points] == [*best[is_better], best.iloc[-1]]


@pytest.mark.usefixtures("every_report")
def test_all_that_is_missing_is_counted(tracker, server):
    server.trouble = is_away
    _, said = caught_while(lambda: tune(tracker))
    n_missing, _, n_told = said[-1].split(" was not told ")[1].split()[:3]
    assert n_missing == n_told  # nothing of all of it
    assert int(n_missing) > 40


def test_a_tracker_that_comes_back_is_told_from_then_on(tracker, server):
    calls = iter(range(1000))

    def is_away_at_first():
        if next(calls) < 1:
            is_away()

    server.trouble = is_away_at_first
    _, said = caught_while(lambda: tune(tracker))
    assert server.experiment.facts["status"] == "finished"
    assert " was not told 1 of " in said[-1]


@pytest.mark.usefixtures("every_report")
@pytest.mark.parametrize("tracker", ["mlflow"], indirect=True)
@pytest.mark.parametrize("call", range(6))
def test_a_database_that_is_locked_for_a_while_costs_nothing_but_a_warning(tracker, server, call, monkeypatch):
    calls = iter(range(1000))

    def is_locked():
        if next(calls) == call:
            locked = "(sqlite3.OperationalError) database is locked\n[SQL: INSERT]"
            raise sys.modules["mlflow"].exceptions.MlflowException(locked, "TEMPORARILY_UNAVAILABLE")

    monkeypatch.setattr("tunekit_trackers.delivery.PAUSE", 0.0)
    server.trouble = is_locked
    _, said = caught_while(lambda: tune(tracker))
    assert [text for text in said if "Busy: (sqlite3.OperationalError) database is locked." not in text] == []
    assert len(said) <= 1  # none, where all was told before there was time to notice
    assert [step for step, values in server.experiment.points if "report/score" in values] == list(range(1, 41))
    assert server.experiment.config["seed"] == "3"
    assert server.experiment.facts["status"] == server.experiment.status == "finished"


def test_a_tracker_that_never_answers_is_waited_for_as_long_as_the_option_says(tracker, server):
    released, before = threading.Event(), set(threading.enumerate())
    server.trouble = lambda: released.wait(60)
    result, said = caught_while(lambda: tune(tracker, wait=0))
    released.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
    assert result.n_trials > 0
    assert [run.points for run in server.runs.values() if run.points] == []  # nothing is told after the end
    assert f"To wait longer use observers.{tracker}.wait=SECONDS" in said[-1]


def resumed(folder, n_lines=48):
    """A process was killed after so many lines of its record."""
    path = folder / "events.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:n_lines]))
    metadata = json.loads((folder / "metadata.json").read_text())
    (folder / "metadata.json").write_text(json.dumps({**metadata, "status": "running"}))


@pytest.mark.usefixtures("every_report")
def test_an_experiment_that_goes_on_goes_on_in_the_same_runs(tracker, server, tmp_path):
    tune(tracker, tmp_path, trials=True)
    resumed(tmp_path)
    tune(tracker, tmp_path, trials=True)
    assert server.experiment.n_opened == 2
    assert server.experiment.status == "finished"
    steps = [step for step, values in server.experiment.points if "report/score" in values]
    assert steps[:40] == list(range(1, 41))
    assert steps[40:] == list(range(steps[40], 41))  # it goes on where its record ends
    assert steps[40] > 1


def test_an_experiment_that_begins_anew_is_another_run(tracker, server, tmp_path):
    tune(tracker, tmp_path)
    first = set(server.runs)
    (tmp_path / "events.jsonl").unlink()
    (tmp_path / "metadata.json").unlink()
    tune(tracker, tmp_path)
    assert len(set(server.runs) - first) == 1


def test_the_key_of_a_run_is_kept_before_the_tracker_is_told_anything(tracker, server, tmp_path):
    """Else a process that is killed leaves a run behind that the next one does not find."""
    kept = []
    server.trouble = lambda: kept.append(json.loads((tmp_path / "trackers" / f"{tracker}.json").read_text())["run"])
    tune(tracker, tmp_path)
    assert set(kept) == set(server.runs)


def test_a_key_that_cannot_be_kept_is_warned_of(tracker, server, tmp_path):
    (tmp_path / "trackers").write_text("in the way")
    _, said = caught_while(lambda: tune(tracker, tmp_path))
    assert len(said) == 1
    assert "its key cannot be kept" in said[0]
    assert server.experiment.status == "finished"


def test_a_library_that_is_missing_is_named_with_what_to_type_before_anything_starts(tracker, monkeypatch):
    monkeypatch.setitem(sys.modules, tracker, None)
    with pytest.raises(ConfigurationError, match=rf"pip install 'tunekit-trackers\[{tracker}\]'"):
        create("observer", tracker, toy_problem(ToyBenchmark()), None)


def test_a_folder_of_that_name_is_no_library(tracker, server, monkeypatch, tmp_path):
    """Weights & Biases keeps its files in such a folder, where the command was typed."""
    create("observer", tracker, toy_problem(ToyBenchmark()), None)
    (tmp_path / tracker).mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    for name in [name for name in sys.modules if name.partition(".")[0] == tracker]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ConfigurationError, match="which is not installed"):
        create("observer", tracker, toy_problem(ToyBenchmark()), None)


@pytest.mark.parametrize("wait", [-1, float("nan")])
def test_a_wait_that_is_no_time_is_refused(wait, tracker, server):
    with pytest.raises(ConfigurationError, match=r"wait=.* must be a number of seconds, at least 0"):
        create("observer", tracker, toy_problem(ToyBenchmark()), None, wait=wait)
