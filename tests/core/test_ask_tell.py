"""Ask and tell: the caller runs the trials, and the experiment is as any other."""

import doctest
import json
import shutil

import attrs
import pytest
import threadpoolctl

from tunekit_core import AskTell, ExperimentRecord, Streams, load_experiment
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.trials import Decision, Resume, Start, Status, Stop, Trial
from tunekit_core.engine.ask_tell import TellError
from tunekit_core.engine.events import TunerStarted
from tunekit_core.engine.fold import fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.errors import ComponentError, ExperimentLocked, RecordError
from tunekit_core.records.load import read_events
from tunekit_core.records.lock import is_locked

COUNTS = ("n_started", "n_running", "n_paused", "n_completed", "n_stopped", "n_failed", "n_reports", "n_workers")


def losses(trial_id, run):
    """The losses of a run: some trials fail, some jump."""
    if trial_id == 3:
        return [0.9, 0.8, "failed"]
    return [(trial_id * 7 % 11) / 10 + 1 / epoch for epoch in range(1, 10)]


class Halves(Fifo):
    """Pauses every trial at epoch 1 and 3, resumes the best of two or more that wait, and stops odd ones at epoch 5."""

    name = "halves"
    needs = frozenset({"pause"})

    def __init__(self, problem, streams, searcher):
        super().__init__(problem, streams, searcher)
        self.paused = {}

    def suggest(self, trial_id):
        if len(self.paused) >= 2:
            best = min(self.paused, key=lambda trial: (self.paused[trial], trial))
            return Resume(best, until=9, note={"why": "best"})
        return Start(self.searcher.suggest(trial_id, resource=1).configuration, until=3, note={"first": trial_id})

    def on_resume(self, trial, note):
        del self.paused[trial.id]

    def on_report(self, trial, report):
        if report.resource in (1, 3):
            return Decision.PAUSE
        return Decision.STOP if report.resource == 5 and trial.id % 2 else Decision.CONTINUE

    def on_pause(self, trial):
        self.paused[trial.id] = trial.last_report.losses[0]


def scheduler_of(problem, scheduler=Halves):
    streams = Streams(0)
    return scheduler(problem, streams, RandomSearch(problem, streams))


@pytest.fixture
def scheduler(problem):
    return scheduler_of(problem)


def run(experiment, trial):
    """Run a trial until it is to end or its run is over."""
    for epoch, loss in enumerate(losses(trial.id, trial.run), start=1):
        if loss == "failed":
            return experiment.tell_end(trial, failed="exit code 1")
        if experiment.tell(trial, {"epoch": epoch, "loss": loss}) is not Decision.CONTINUE:
            break
    return experiment.tell_end(trial)


def without_times(folder):
    lines = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name not in ("time", "crc32")} for line in lines]


# As documented


def test_the_ten_documented_lines_run(make_problem):
    trained = []

    def train(configuration, epoch):
        trained.append(epoch)
        return (configuration["x"] - 0.3) ** 2 + 1 / epoch

    problem = make_problem(max_resource=27)
    names = {"AskTell": AskTell, "Decision": Decision, "train": train, "scheduler": scheduler_of(problem, Fifo)}
    first, second = doctest.DocTestParser().get_examples(AskTell.__doc__)
    assert len((first.source + second.source).splitlines()) <= 10
    exec(first.source, names)
    assert abs(eval(second.source, names)["x"] - 0.3) < 0.1
    assert trained == list(range(1, 28)) * 100
    assert names["experiment"].view.n_completed == 100


def test_the_documented_lines_run_with_a_scheduler_that_pauses(problem):
    names = {"AskTell": AskTell, "Decision": Decision, "train": lambda c, e: c["x"] + 1 / e}
    names["scheduler"] = scheduler_of(problem)
    exec(doctest.DocTestParser().get_examples(AskTell.__doc__)[0].source, names)
    view = names["experiment"].view
    assert (view.n_running, view.n_failed) == (0, 0)
    assert min(view.n_completed, view.n_stopped) > 5


def test_a_trial_knows_where_it_was_and_where_it_is_sent(scheduler):
    experiment = AskTell(scheduler)
    first = experiment.ask()
    assert (first.id, first.reached, first.until, first.note) == (0, 0, 3, {"first": 0})
    assert experiment.tell(first, {"epoch": 1, "loss": 0.5}) is Decision.PAUSE
    assert experiment.tell_end(first) is Status.PAUSED
    second = experiment.ask()
    experiment.tell(second, {"epoch": 1, "loss": 0.7})
    experiment.tell_end(second)
    again = experiment.ask()
    assert again is first
    assert (again.reached, again.until, again.run, again.status) == (1, 9, 1, Status.RUNNING)


class Sends(Fifo):
    """Sends trials to epoch 3, and decides nothing."""

    needs = frozenset({"pause"})

    def suggest(self, trial_id):
        return Start({"x": 0.5}, until=3)


def test_where_it_was_sent_to_a_trial_is_told_to_pause_and_has_paused(problem):
    experiment = AskTell(scheduler_of(problem, Sends))
    trial = experiment.ask()
    told = [experiment.tell(trial, {"epoch": epoch, "loss": 0.5}) for epoch in (1, 2, 3, 4)]
    assert told == [Decision.CONTINUE, Decision.CONTINUE, Decision.PAUSE, Decision.PAUSE]
    assert experiment.view.n_reports == 3
    assert experiment.tell_end(trial) is Status.PAUSED


def test_after_the_last_resource_a_trial_is_told_to_stop_and_has_completed(problem):
    experiment = AskTell(scheduler_of(problem, Fifo))
    trial = experiment.ask()
    told = [experiment.tell(trial, {"epoch": epoch, "loss": 0.5}) for epoch in (8, 9, 10)]
    assert told == [Decision.CONTINUE, Decision.CONTINUE, Decision.STOP]
    assert experiment.tell_end(trial) is Status.COMPLETED


def test_what_was_decided_is_told_again_as_long_as_reports_come(scheduler):
    experiment = AskTell(scheduler)
    trial = experiment.ask()
    told = [experiment.tell(trial, {"epoch": epoch, "loss": 0.5}) for epoch in (1, 2, 3)]
    assert told == [Decision.PAUSE] * 3
    assert experiment.view.n_reports == 1


def test_nothing_is_to_do_where_nothing_is_suggested(problem):
    class Two(Fifo):
        def suggest(self, trial_id):
            return super().suggest(trial_id) if trial_id < 2 else None

    experiment = AskTell(scheduler_of(problem, Two), n_workers=5)
    assert [experiment.ask().id, experiment.ask().id, experiment.ask()] == [0, 1, None]
    assert experiment.view.n_workers == 5


def test_a_stop_is_carried_out_on_the_way_to_the_next_trial(problem):
    class Stops(Sends):
        def suggest(self, trial_id):
            return Stop(0) if self.waits else super().suggest(trial_id)

        waits = False

        def on_pause(self, trial):
            self.waits = True

        def on_end(self, trial, outcome):
            self.waits = False

    experiment = AskTell(scheduler_of(problem, Stops))
    trial = experiment.ask()
    experiment.tell(trial, {"epoch": 3, "loss": 0.5})
    experiment.tell_end(trial)
    assert experiment.ask().id == 1
    assert (trial.status, experiment.view.n_stopped) == (Status.STOPPED, 1)


def test_a_failed_trial_says_why(scheduler, tmp_path):
    with AskTell(scheduler, record=ExperimentRecord(tmp_path)) as experiment:
        trial = experiment.ask()
        experiment.tell(trial, {"epoch": 1, "loss": 0.1})
        assert experiment.tell_end(trial, failed="out of memory") is Status.FAILED
        assert experiment.view.incumbent is None
    metadata = load_experiment(tmp_path).metadata
    assert metadata["failures"] == [{"trial_id": 0, "reason": "out of memory"}]


# As any other experiment


def test_it_decides_and_records_as_a_tuner_does_with_the_same_events(play, problem, tmp_path):
    class Twelve(Halves):
        def suggest(self, trial_id):
            suggestion = super().suggest(trial_id)
            return None if isinstance(suggestion, Start) and trial_id >= 12 else suggestion

    def script(trial_id, run):
        return [Status.FAILED if loss == "failed" else loss for loss in losses(trial_id, run)]

    played = play(script, scheduler=Twelve, folder="tuner")
    record = ExperimentRecord(tmp_path / "asked", keep_events=True)
    with AskTell(scheduler_of(problem, Twelve), record=record) as experiment:
        while (trial := experiment.ask()) is not None:
            run(experiment, trial)
    assert played.metadata["n_stopped"] > 1
    assert without_times(tmp_path / "asked") == without_times(tmp_path / "tuner")
    mine, others = (load_experiment(tmp_path / name).results for name in ("asked", "tuner"))
    assert mine.drop(columns="st_tuner_time").equals(others.drop(columns="st_tuner_time"))
    skipped = dict.fromkeys(("started", "ended", "time", "reason"))
    asked, tuned = load_experiment(tmp_path / "asked").metadata, played.metadata
    assert asked.pop("best_so_far")["value"] == tuned.pop("best_so_far")["value"]
    assert {**asked, **skipped} == {**tuned, **skipped}


def test_its_record_folds_to_where_it_stands_at_every_moment(problem, tmp_path):
    scheduler, trials = scheduler_of(problem), {}
    experiment = AskTell(scheduler, n_workers=2, record=ExperimentRecord(tmp_path, keep_events=True))

    def check():
        state = ExperimentState(problem, scheduler_of(problem))
        fold(read_events(tmp_path), state)
        assert [getattr(state, name) for name in COUNTS] == [getattr(experiment.view, name) for name in COUNTS]
        assert state.incumbent == experiment.view.incumbent
        assert state.now == experiment.view.now
        assert state.scheduler.paused == scheduler.paused
        fields = ("id", "configuration", "note", "until", "status", "last_report", "n_reports", "n_runs")
        facts = [[getattr(trial, name) for name in fields] for trial in state.trials]
        assert facts == [[getattr(trial, name) for name in fields] for trial in trials.values()]

    check()
    for _ in range(15):
        trial = experiment.ask()
        trials[trial.id] = trial
        check()
        for epoch, loss in enumerate(losses(trial.id, trial.run), start=1):
            is_over = (
                loss == "failed" or experiment.tell(trial, {"epoch": epoch, "loss": loss}) is not Decision.CONTINUE
            )
            check()
            if is_over:
                break
        experiment.tell_end(trial, failed="exit code 1" if loss == "failed" else "")
        check()
    experiment.finish()


def test_metadata_and_workers_are_recorded(scheduler, tmp_path):
    record = ExperimentRecord(tmp_path, keep_events=True)
    with AskTell(scheduler, n_workers=3, record=record, metadata={"tags": {"team": "vision"}}):
        assert load_experiment(tmp_path).metadata["status"] == "running"
    metadata = load_experiment(tmp_path).metadata
    assert (metadata["tags"], metadata["n_workers"]) == ({"team": "vision"}, 3)
    assert (metadata["status"], metadata["reason"]) == ("completed", "finished by its caller")


def test_time_goes_on_while_the_caller_trains(problem):
    experiment = AskTell(scheduler_of(problem, Fifo))
    trial = experiment.ask()
    times = []
    for epoch in range(1, 5):
        experiment.tell(trial, {"epoch": epoch, "loss": 0.5})
        times.append(experiment.view.now)
    assert times == sorted(times)
    assert times[0] > 0.0


# A process that died


@pytest.fixture
def died(problem, tmp_path):
    """The folder of an experiment whose process died while two trials ran, one of which had reported."""
    with AskTell(
        scheduler_of(problem), n_workers=2, record=ExperimentRecord(tmp_path / "whole", keep_events=True)
    ) as it:
        for _ in range(5):
            run(it, it.ask())
        first, second = it.ask(), it.ask()
        it.tell(first, {"epoch": first.reached + 1, "loss": 0.5})
        shutil.copytree(tmp_path / "whole", tmp_path / "died")
        now = it.view.now
    metadata = json.loads((tmp_path / "died" / "metadata.json").read_text())
    assert metadata["status"] == "running"
    return tmp_path / "died", (first, second), now


def test_it_goes_on_where_its_process_died_and_its_running_trials_can_be_told_of(problem, died):
    folder, (first, second), now = died
    with AskTell(scheduler_of(problem), n_workers=2, record=ExperimentRecord(folder, keep_events=True)) as experiment:
        view = experiment.view
        assert view.now >= now
        assert [trial.id for trial in view.running] == [first.id, second.id]
        assert [trial.reached for trial in view.running] == [first.reached, second.reached]
        n_reports = view.n_reports
        one, other = view.running
        experiment.tell(one, {"epoch": one.reached + 1, "loss": 0.4})
        experiment.tell_end(one)
        experiment.tell(other, {"epoch": 1, "loss": 0.6})
        experiment.tell_end(other)
        assert view.n_running == 0
        assert view.n_reports > n_reports
        for _ in range(5):
            run(experiment, experiment.ask())
    events = read_events(folder)
    assert sum(isinstance(event, TunerStarted) for event in events) == 2
    state = ExperimentState(problem, scheduler_of(problem))
    fold(events, state)
    assert state.n_reports == load_experiment(folder).metadata["n_reports"] == len(load_experiment(folder).results)


def test_it_suggests_after_a_death_what_it_would_have_suggested(problem, died):
    folder, _, _ = died
    whole = ExperimentState(problem, scheduler_of(problem))
    fold(read_events(folder), whole)
    expected = whole.scheduler.suggest(whole.n_started)
    with AskTell(scheduler_of(problem), n_workers=2, record=ExperimentRecord(folder, keep_events=True)) as experiment:
        trial = experiment.ask()
    if isinstance(expected, Resume):
        assert trial.id == expected.trial_id
    else:
        assert trial.configuration == expected.configuration


def test_trials_of_before_a_death_are_those_of_another_experiment(problem, died):
    folder, (first, _), _ = died
    experiment = AskTell(scheduler_of(problem), n_workers=2, record=ExperimentRecord(folder, keep_events=True))
    with pytest.raises(TellError, match="no trial of this experiment"):
        experiment.tell(first, {"epoch": 9, "loss": 0.4})
    experiment.finish()


def test_a_damaged_record_is_refused_and_the_folder_given_back(problem, died):
    folder, _, _ = died
    path = folder / "events.jsonl"
    damaged = path.read_bytes().replace(b'"loss"', b'"lose"', 1)
    path.write_bytes(damaged)
    with pytest.raises(RecordError, match="is damaged: its checksum is wrong"):
        AskTell(scheduler_of(problem), n_workers=2, record=ExperimentRecord(folder, keep_events=True))
    assert not is_locked(folder)
    assert path.read_bytes() == damaged


# What makes no sense


@pytest.fixture
def asked(problem, tmp_path):
    """An experiment with a trial that runs and has reported epoch 1 and 2, and the content of its record."""
    experiment = AskTell(scheduler_of(problem, Sends), record=ExperimentRecord(tmp_path, keep_events=True))
    trial = experiment.ask()
    experiment.tell(trial, {"epoch": 1, "loss": 0.5})
    experiment.tell(trial, {"epoch": 2, "loss": 0.5})
    yield experiment, trial, lambda: (tmp_path / "events.jsonl").read_bytes()
    experiment.finish()


@pytest.mark.parametrize(
    ("metrics", "problem_told"),
    [
        ({"epoch": 3}, "where these are needed: a number as loss, a whole number from 1 on as epoch"),
        ({"loss": 0.5}, "where these are needed: a number as loss, a whole number from 1 on as epoch"),
        ({"epoch": 3, "loss": "0.5"}, "where these are needed: a number as loss"),
        ({"epoch": 3, "loss": None}, "where these are needed: a number as loss"),
        ({"epoch": 2.5, "loss": 0.5}, "a whole number from 1 on as epoch"),
        ({"epoch": 0, "loss": 0.5}, "it reported epoch 0, and resources count from 1"),
        ({"epoch": 3, "loss": 0.5, "st_worker_cost": "much"}, "a finite number as st_worker_cost"),
        ({"epoch": 3, "loss": 0.5, "trial_id": 1}, "a metric named 'trial_id', which is a column of the results"),
        ({"epoch": 3, "loss": 0.5, "config_x": 1}, "a metric named 'config_x', which is a column of the results"),
        ({"epoch": 3, "loss": 0.5, 7: 1}, "a metric named 7"),
        ({}, "where these are needed"),
        (0.5, "it reported 0.5, which is no mapping from names to values"),
        (None, "it reported None, which is no mapping from names to values"),
        ([("epoch", 3), ("loss", 0.5)], "which is no mapping from names to values"),
    ],
)
def test_metrics_that_cannot_be_used_are_refused_and_nothing_is_recorded(asked, metrics, problem_told):
    experiment, trial, content = asked
    before = content()
    with pytest.raises(TellError) as caught:
        experiment.tell(trial, metrics)
    assert str(caught.value).startswith("Trial 0: it reported ")
    assert problem_told in str(caught.value)
    assert content() == before
    assert trial.status is Status.RUNNING
    assert experiment.tell(trial, {"epoch": 3, "loss": 0.5}) is Decision.PAUSE  # as if nothing had been said


def test_what_is_no_trial_of_the_experiment_is_refused_and_nothing_is_recorded(asked, problem):
    experiment, trial, content = asked
    another = AskTell(scheduler_of(problem, Sends)).ask()
    before = content()
    for wrong in (another, attrs.evolve(trial), Trial(5, {"x": 0.5}), Trial(-1, {"x": 0.5}), None, 0, "0"):
        with pytest.raises(TellError, match="is no trial of this experiment: tell of those that ask"):
            experiment.tell(wrong, {"epoch": 3, "loss": 0.5})
        with pytest.raises(TellError, match="is no trial of this experiment: tell of those that ask"):
            experiment.tell_end(wrong)
    assert content() == before


@pytest.mark.parametrize(("failed", "what"), [("", "paused"), ("oh", "failed")])
def test_of_a_trial_that_does_not_run_nothing_can_be_told(asked, failed, what):
    experiment, trial, content = asked
    experiment.tell(trial, {"epoch": 3, "loss": 0.5})
    experiment.tell_end(trial, failed=failed)
    before = content()
    with pytest.raises(TellError, match=f"Trial 0 is {what}: only of a running trial can be told"):
        experiment.tell(trial, {"epoch": 4, "loss": 0.5})
    with pytest.raises(TellError, match=f"Trial 0 is {what}"):
        experiment.tell_end(trial)
    assert content() == before


@pytest.mark.parametrize("failed", [None, 3, ValueError("oh"), True])
def test_why_a_trial_failed_is_text(asked, failed):
    experiment, trial, content = asked
    before = content()
    with pytest.raises(TellError, match=r"failed=.* is no text"):
        experiment.tell_end(trial, failed=failed)
    assert content() == before


# The end


def test_after_its_end_nothing_is_asked_or_told(problem, tmp_path):
    experiment = AskTell(scheduler_of(problem, Fifo), record=ExperimentRecord(tmp_path, keep_events=True))
    trial = experiment.ask()
    experiment.finish("enough")
    content = (tmp_path / "events.jsonl").read_bytes()
    for call in (
        experiment.ask,
        lambda: experiment.tell(trial, {"epoch": 1, "loss": 0.5}),
        lambda: experiment.tell_end(trial),
    ):
        with pytest.raises(TellError, match="The experiment has ended: enough"):
            call()
    assert (tmp_path / "events.jsonl").read_bytes() == content
    assert experiment.view.n_started == 1


def test_an_experiment_that_was_finished_inside_its_block_keeps_its_reason(scheduler, tmp_path):
    with AskTell(scheduler, record=ExperimentRecord(tmp_path)) as experiment:
        run(experiment, experiment.ask())
        experiment.finish("good enough")
    metadata = load_experiment(tmp_path).metadata
    assert (metadata["status"], metadata["reason"]) == ("completed", "good enough")
    assert not is_locked(tmp_path)
    assert len(load_experiment(tmp_path).results) == 1


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (ZeroDivisionError("oh"), "failed", "ZeroDivisionError: oh"),
        (TellError("Trial 0: oh."), "failed", "Trial 0: oh."),
        (KeyboardInterrupt(), "interrupted", "interrupted from the keyboard"),
    ],
)
def test_an_error_in_the_block_ends_the_experiment_and_says_so(scheduler, tmp_path, error, status, reason):
    def tune():
        with AskTell(scheduler, record=ExperimentRecord(tmp_path)) as experiment:
            run(experiment, experiment.ask())
            raise error

    with pytest.raises(type(error)):
        tune()
    metadata = load_experiment(tmp_path).metadata
    assert (metadata["status"], metadata["reason"]) == (status, reason)
    assert len(load_experiment(tmp_path).results) == 1


def test_a_component_that_raises_is_named(problem):
    class Breaks(Fifo):
        def on_report(self, trial, report):
            raise ZeroDivisionError("oh")

    experiment = AskTell(scheduler_of(problem, Breaks))
    trial = experiment.ask()
    with pytest.raises(ComponentError, match=r"raised ZeroDivisionError in on_report for trial 0: oh"):
        experiment.tell(trial, {"epoch": 1, "loss": 0.5})


def test_a_suggestion_that_breaks_a_rule_is_refused(problem):
    class Breaks(Fifo):
        def suggest(self, trial_id):
            return Start({"x": 99.0})

    experiment = AskTell(scheduler_of(problem, Breaks))
    with pytest.raises(ComponentError, match=r"x: 99\.0 is not in uniform"):
        experiment.ask()
    assert experiment.view.n_started == 0


def test_two_do_not_write_one_experiment(scheduler, tmp_path):
    with AskTell(scheduler, record=ExperimentRecord(tmp_path)), pytest.raises(ExperimentLocked):
        ExperimentRecord(tmp_path)


def test_components_work_on_one_thread_and_the_caller_on_as_many_as_before(problem):
    def threads():
        return {info["num_threads"] for info in threadpoolctl.threadpool_info()}

    class Counts(Fifo):
        def suggest(self, trial_id):
            seen.append(threads())
            return super().suggest(trial_id)

        def on_report(self, trial, report):
            seen.append(threads())
            return Decision.CONTINUE

    seen = []
    with threadpoolctl.threadpool_limits(2):
        before = threads()
        experiment = AskTell(scheduler_of(problem, Counts))
        experiment.tell(experiment.ask(), {"epoch": 1, "loss": 0.5})
        assert threads() == before
    assert len(seen) == 2
    assert all(each <= {1} for each in seen)
