"""How trials end: what counts as a failure, what is begun again, and what follows."""

import attrs
import pytest

from tunekit_core import Objective, Streams, create, load_experiment
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import StartFailed, TrialEnded
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.trials import Cause, Checkpoint, Decision, Resume, Start, Status, Stop
from tunekit_core.engine.events import Stopped
from tunekit_core.engine.fold import fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.errors import ConfigurationError

X = {"x": 0.5}
END = TrialEnded(0, 0, Status.COMPLETED, 0.0)
FAILED = attrs.evolve(END, status=Status.FAILED, reason="exit code 1")
LOST = attrs.evolve(FAILED, cause=Cause.INFRASTRUCTURE, reason="its machine is gone")
TOO_LONG = attrs.evolve(FAILED, cause=Cause.LIMIT, reason="it took longer than 60 seconds")


def finished(n):
    return lambda problem: create("stopping", "max_num_trials_finished", problem, count=n)


class Keeps(Fifo):
    """Starts so many trials, and keeps what it is told."""

    needs = frozenset({"pause"})
    n_trials = 1
    until = None

    def __init__(self, problem, streams, searcher):
        super().__init__(problem, streams, searcher)
        self.told = []

    def suggest(self, trial_id):
        return Start(X, until=self.until) if trial_id < self.n_trials else None

    def on_start(self, trial):
        self.told.append(("start", trial.id))

    def on_resume(self, trial, note):
        self.told.append(("resume", trial.id))

    def on_report(self, trial, report):
        self.told.append(("report", trial.id, report.resource))
        return Decision.CONTINUE

    def on_pause(self, trial):
        self.told.append(("pause", trial.id))

    def on_end(self, trial, outcome):
        self.told.append(("end", trial.id, outcome))


def statuses(played):
    return {name: played.metadata[f"n_{name}"] for name in ("completed", "stopped", "failed", "paused", "restarted")}


def only(**counts):
    return dict.fromkeys(("completed", "stopped", "failed", "paused", "restarted"), 0) | counts


# Failures


@pytest.mark.parametrize("end", [FAILED, TOO_LONG])
def test_a_run_that_fails_has_failed_also_where_it_was_sent_to(play, end):
    class SentTo3(Keeps):
        until = 3

    played = play(lambda t, run: [0.5, 0.4, 0.3, end], scheduler=SentTo3)
    assert played.scheduler.told[-1] == ("end", 0, Status.FAILED)
    assert statuses(played) == only(failed=1)
    assert played.metadata["failures"] == [{"trial_id": 0, "reason": end.reason}]
    assert "incumbent" not in played.metadata
    assert played.metadata["best_of_failed"]["metrics"] == {"loss": 0.3}


@pytest.mark.parametrize("decision", [Decision.PAUSE, Decision.STOP])
@pytest.mark.parametrize("end", [FAILED, TOO_LONG])
def test_a_run_that_fails_before_it_was_asked_to_end_has_failed_whatever_was_decided(
    play, scripted_backend, decision, end
):
    class Crashes(scripted_backend):
        """What it asks to end has just crashed."""

        def _ask_to_end(self, trial_id):
            self._end(trial_id, self.time, end)

    class Decides(Keeps):
        def on_report(self, trial, report):
            super().on_report(trial, report)
            return decision

    played = play(lambda t, run: [0.5] * 9, scheduler=Decides, backend=Crashes)
    assert played.scheduler.told == [("start", 0), ("report", 0, 1), ("end", 0, Status.FAILED)]
    assert statuses(played) == only(failed=1)


@pytest.mark.parametrize(
    ("decision", "status", "told"), [(Decision.PAUSE, "paused", "pause"), (Decision.STOP, "stopped", "end")]
)
def test_a_run_that_is_lost_after_its_end_was_decided_ends_as_decided(play, scripted_backend, decision, status, told):
    class Vanishes(scripted_backend):
        def _ask_to_end(self, trial_id):
            self._end(trial_id, self.time, LOST)

    class Decides(Keeps):
        def on_report(self, trial, report):
            super().on_report(trial, report)
            return decision

    played = play(lambda t, run: [0.5] * 9, scheduler=Decides, backend=Vanishes)
    assert played.scheduler.told[-1][0] == told
    assert statuses(played) == only(**{status: 1})
    assert "failures" not in played.metadata


def test_all_that_failed_are_listed_and_none_is_the_answer(play):
    played = play(lambda t, run: [0.1, FAILED] if t % 2 else [0.5 + t / 100], stopping=[finished(60)], n_workers=4)
    failed = list(range(1, 60, 2))
    assert played.metadata["failed_trials"] == failed
    assert load_experiment(played.folder).failed_trials == failed
    assert played.result.incumbent.report.trial_id == 0
    assert load_experiment(played.folder).best_value() == 0.5
    assert set(load_experiment(played.folder).best_over_time()["loss"]) == {0.5}


def test_where_the_best_trial_fails_the_next_best_is_the_incumbent_and_observers_are_told(play):
    seen = []

    class Watches(Observer):
        name = "watches"

        def on_report(self, view, trial, report, decision):
            seen.append(view.incumbent.report.losses[0])

        def on_trial_end(self, view, trial, status):
            seen.append((status.value, view.incumbent.report.losses[0], view.trials_since_improvement))

    script = lambda t, run: [[0.4], [0.3, 0.1, FAILED]][t]
    play(script, observers=[lambda problem: Watches(problem, None)], stopping=[finished(2)])
    assert seen == [0.4, ("Completed", 0.4, 0), 0.3, 0.1, ("Failed", 0.4, 1)]


# Runs that are begun again


def test_a_run_that_was_lost_is_begun_again_and_nobody_is_told(play):
    played = play(lambda t, run: [0.5, 0.4, LOST] if run == 0 else [0.5, 0.4, 0.3], scheduler=Keeps)
    assert played.scheduler.told == [
        ("start", 0),
        ("report", 0, 1),
        ("report", 0, 2),
        ("report", 0, 3),
        ("end", 0, Status.COMPLETED),
    ]
    assert played.kinds(0)[-6:] == ["restarted", "late", "late", "report", "decision", "ended"]
    assert played.backend.calls == [("start", 0, None), ("resume", 0, None)]
    assert [event["run"] for event in played.events if "run" in event] == [0, 0, 1, 1, 1, 1, 1]
    assert statuses(played) == only(completed=1, restarted=1)
    assert "failures" not in played.metadata


def test_what_a_run_that_is_begun_again_is_sent_to_stays(play):
    class SentTo3(Keeps):
        until = 3

    played = play(lambda t, run: [0.5, LOST] if run == 0 else [0.5] * 3, scheduler=SentTo3)
    assert played.backend.calls == [("start", 0, 3), ("resume", 0, 3)]
    assert statuses(played) == only(paused=1, restarted=1)


@pytest.mark.parametrize(("limit", "n_runs"), [(0, 1), (1, 2), (3, 4)])
def test_a_trial_that_is_lost_more_often_than_allowed_has_failed(play, scripted_backend, limit, n_runs):
    class Loses(scripted_backend):
        max_losses = limit

    played = play(lambda t, run: [0.5, LOST], scheduler=Keeps, backend=Loses)
    assert [call[0] for call in played.backend.calls] == ["start", *["resume"] * (n_runs - 1), "release"]
    assert statuses(played) == only(failed=1, restarted=n_runs - 1)
    assert played.metadata["failures"] == [{"trial_id": 0, "reason": "its machine is gone"}]


def test_a_trial_is_begun_again_three_times_where_a_backend_says_nothing_else(play):
    played = play(lambda t, run: [LOST], scheduler=Keeps)
    assert statuses(played) == only(failed=1, restarted=3)


@pytest.mark.parametrize("end", [FAILED, TOO_LONG])
@pytest.mark.parametrize(("limit", "n_runs"), [(0, 1), (2, 3)])
def test_a_script_that_fails_is_begun_again_as_often_as_it_may(play, scripted_backend, end, limit, n_runs):
    class Retries(scripted_backend):
        max_retries = limit

    played = play(lambda t, run: [0.5, end], scheduler=Keeps, backend=Retries)
    assert statuses(played) == only(failed=1, restarted=n_runs - 1)


def test_losses_and_failures_are_counted_apart_and_for_each_trial(play, scripted_backend):
    class Both(scripted_backend):
        max_losses = 2
        max_retries = 1

    class Two(Keeps):
        n_trials = 2

    runs = [[0.5, LOST], [0.5, FAILED], [0.5, LOST], [0.5]]
    played = play(lambda t, run: runs[run], scheduler=Two, backend=Both)
    assert statuses(played) == only(completed=2, restarted=6)


def test_a_resumed_trial_that_is_lost_is_begun_again(play):
    class ResumesOnce(Keeps):
        until = 1

        def suggest(self, trial_id):
            return Resume(0, until=9) if self.told[-1:] == [("pause", 0)] else super().suggest(trial_id)

    runs = [[0.5], [0.5, 0.4, LOST], [0.5, 0.4, 0.3]]
    played = play(lambda t, run: runs[run], scheduler=ResumesOnce)
    assert played.backend.calls == [("start", 0, 1), ("resume", 0, 9), ("resume", 0, 9)]
    assert [event["run"] for event in played.events if event["event"] == "ended"] == [0, 2]


def test_a_trial_that_cannot_be_begun_again_has_failed(play):
    played = play(lambda t, run: [0.5, LOST] if run == 0 else [StartFailed("no machine is left")], scheduler=Keeps)
    assert statuses(played) == only(failed=1, restarted=1)
    assert played.kinds(0)[-2:] == ["restarted", "ended"]
    assert played.metadata["failures"] == [{"trial_id": 0, "reason": "no machine is left"}]


def test_a_trial_that_reported_rubbish_is_not_begun_again(play, scripted_backend):
    class Retries(scripted_backend):
        max_retries = 5

    played = play(lambda t, run: [{"epoch": 1, "loss": "x"}, FAILED], scheduler=Keeps, backend=Retries, lag=3.0)
    assert statuses(played) == only(failed=1)


def test_a_lost_run_counts_for_no_limit_of_failures(play):
    stopping = [lambda problem: create("stopping", "max_failures", problem, count=1), finished(3)]
    played = play(lambda t, run: [0.5, LOST] if run < 2 else [0.5], stopping=stopping)
    assert (played.result.n_failed, played.result.failed, played.metadata["n_restarted"]) == (0, False, 6)


# Resources that are counted


@pytest.fixture
def counted(make_problem):
    """A problem without the name of a resource: reports are counted."""
    return make_problem(objective=Objective("loss", "min"))


def loss(value):
    return {"loss": value}


def test_reports_are_counted_from_one_in_every_run(play, counted):
    runs = [[loss(0.5), loss(0.4), LOST], [loss(0.5), loss(0.4), loss(0.3)]]
    played = play(lambda t, run: runs[run], problem=counted, scheduler=Keeps)
    assert [call[2] for call in played.scheduler.told if call[0] == "report"] == [1, 2, 3]
    assert load_experiment(played.folder).results["loss"].tolist() == [0.5, 0.4, 0.3]


class Climbs(Keeps):
    until = 1

    def suggest(self, trial_id):
        is_first = self.told[-1:] == [("pause", 0)] and ("resume", 0) not in self.told
        return Resume(0, until=3) if is_first else super().suggest(trial_id)


def test_reports_are_counted_from_one_after_a_resume_without_a_checkpoint(play, counted):
    played = play(lambda t, run: [loss(1 / e) for e in range(1, 2 + 2 * run)], problem=counted, scheduler=Climbs)
    assert [call[2] for call in played.scheduler.told if call[0] == "report"] == [1, 2, 3]
    assert [event["metrics"]["loss"] for event in played.events if event["event"] == "late"] == [1.0]


def test_what_is_late_is_counted_too(play, counted):
    class StopsAt2(Keeps):
        def on_report(self, trial, report):
            super().on_report(trial, report)
            return Decision.STOP if report.resource == 2 else Decision.CONTINUE

    played = play(lambda t, run: [loss(0.5)] * 5, problem=counted, scheduler=StopsAt2, lag=2.0)
    assert played.kinds(0).count("late") == 2
    assert played.metadata["n_reports"] == 2


WITH_CHECKPOINT = attrs.evolve(END, has_checkpoint=True)


@pytest.mark.parametrize(
    "script",
    [
        lambda t, run: [loss(0.5), WITH_CHECKPOINT],
        lambda t, run: [loss(0.5), attrs.evolve(LOST, has_checkpoint=True)],
    ],
    ids=["resumed", "begun again"],
)
def test_counting_is_refused_where_a_run_goes_on_from_a_checkpoint(play, counted, script):
    played = play(script, problem=counted, scheduler=Climbs, raises=ConfigurationError)
    assert "Trial 0 goes on from a checkpoint, and no metric is named as the resource" in str(played.error)
    assert "benchmark.resource=epoch" in str(played.error)
    assert played.error.option == "benchmark.resource"
    assert played.metadata["status"] == "failed"


def test_counting_is_refused_where_a_trial_starts_from_the_checkpoint_of_another(play, counted, scripted_backend):
    class Copies(scripted_backend):
        capabilities = frozenset({"pause", "checkpoint", "copy"})

    class Explores(Keeps):
        needs = frozenset({"pause", "copy"})

        def suggest(self, trial_id):
            return Start(X, checkpoint_of=Checkpoint(0, 1)) if trial_id else Start(X, until=1)

    played = play(
        lambda t, run: [loss(0.5)], problem=counted, scheduler=Explores, backend=Copies, raises=ConfigurationError
    )
    assert "Trial 1 goes on from a checkpoint" in str(played.error)


def test_with_the_name_of_a_resource_checkpoints_are_welcome(play):
    played = play(
        lambda t, run: [{"epoch": e, "loss": 1 / e} for e in ((1,), (2, 3))[run]] + [WITH_CHECKPOINT], scheduler=Climbs
    )
    assert [call[2] for call in played.scheduler.told if call[0] == "report"] == [1, 2, 3]


# Beyond the last resource


@pytest.mark.parametrize("last", [10, 15, 1000])
def test_a_trial_that_jumps_over_the_last_resource_is_ended_there(play, last):
    script = [
        {"epoch": 5, "loss": 0.5},
        {"epoch": last, "loss": 0.4},
        *({"epoch": last + e, "loss": 0.1} for e in (1, 2, 3)),
    ]
    played = play(lambda t, run: script, scheduler=Keeps, lag=1.0)
    assert played.backend.calls[:2] == [("start", 0, None), ("stop", 0)]
    assert [call[2] for call in played.scheduler.told if call[0] == "report"] == [5]
    assert played.scheduler.told[-1] == ("end", 0, Status.COMPLETED)
    assert played.result.incumbent.report.losses == (0.5,)


def test_a_trial_whose_first_report_is_beyond_the_last_resource_has_failed(play):
    played = play(lambda t, run: [{"epoch": 10, "loss": 0.5}, {"epoch": 11, "loss": 0.4}], scheduler=Keeps, lag=1.0)
    assert played.scheduler.told[-1] == ("end", 0, Status.FAILED)
    assert played.result.incumbent is None
    reason = "its first report was made at epoch 10, beyond max_resource=9"
    assert played.metadata["failures"][0]["reason"] == reason


def test_a_trial_that_ends_by_itself_at_the_last_resource_is_not_asked_to(play):
    played = play(lambda t, run: [0.5] * 9, scheduler=Keeps)
    assert played.backend.calls == [("start", 0, None)]
    assert statuses(played) == only(completed=1)


@pytest.mark.parametrize("more", [{"epoch": 9, "loss": 0.1}, {"epoch": 10, "loss": 0.1}, {"epoch": 3, "loss": 0.1}])
def test_a_trial_that_reports_once_more_after_the_last_resource_is_ended_and_that_does_not_count(play, more):
    played = play(lambda t, run: [0.5] * 9 + [more, more, more], scheduler=Keeps, lag=1.5)
    assert played.kinds(0)[-4:] == ["decision", "late", "late", "ended"]
    assert played.backend.calls == [("start", 0, None), ("stop", 0)]
    assert played.result.incumbent.report.losses == (0.5,)
    assert statuses(played) == only(completed=1)


def test_a_trial_that_is_ended_at_the_last_resource_is_asked_once(play):
    played = play(lambda t, run: [0.5] * 30, scheduler=Keeps, lag=12.0)
    assert [call for call in played.backend.calls if call[0] == "stop"] == [("stop", 0)]


def test_without_a_last_resource_trials_run_on(play, make_problem):
    played = play(lambda t, run: [0.5] * 30, problem=make_problem(max_resource=None), scheduler=Keeps)
    assert played.result.n_reports == 30


# What is told at the end


def test_final_metrics_and_cost_are_kept_and_told(play):
    end = attrs.evolve(END, metrics={"accuracy": 0.9, "params": 12}, cost=7.5)
    seen = []

    class Sees(Keeps):
        def on_end(self, trial, outcome):
            seen.append(dict(trial.final_metrics))

    class Watches(Observer):
        name = "watches"

        def on_trial_end(self, view, trial, status):
            seen.append((dict(trial.final_metrics), view.cost))

    played = play(lambda t, run: [0.5, end], scheduler=Sees, observers=[lambda problem: Watches(problem, None)])
    assert seen == [{"accuracy": 0.9, "params": 12}, ({"accuracy": 0.9, "params": 12}, 7.5)]
    assert played.events[-1] | {"time": 0} == {
        "event": "ended",
        "trial_id": 0,
        "run": 0,
        "status": "Completed",
        "time": 0,
        "cause": "script",
        "reason": "",
        "metrics": {"accuracy": 0.9, "params": 12},
        "cost": 7.5,
        "has_checkpoint": False,
    }


def test_the_cost_at_the_end_takes_the_place_of_what_was_reported(play):
    class Watches(Observer):
        name = "watches"

        def on_experiment_end(self, view, reason):
            costs.append(view.cost)

    costs = []
    script = lambda t, run: [{"epoch": 1, "loss": 0.5, "st_worker_cost": 3.0}, attrs.evolve(END, cost=4.0)]
    play(script, observers=[lambda problem: Watches(problem, None)], stopping=[finished(2)])
    assert costs == [8.0]


def test_a_trial_that_tells_nothing_at_its_end_has_no_final_metrics(play):
    seen = []

    class Sees(Keeps):
        def on_end(self, trial, outcome):
            seen.append(trial.final_metrics)

    play(lambda t, run: [0.5], scheduler=Sees)
    assert seen == [None]


# Stops


class StopsPaused(Keeps):
    """Sends two trials to epoch 1 and then ends the first for good."""

    n_trials = 2
    until = 1

    def suggest(self, trial_id):
        is_over = any(told[:2] == ("end", 0) for told in self.told)
        return super().suggest(trial_id) or (None if is_over or ("pause", 1) not in self.told else Stop(0))


def test_a_paused_trial_that_is_stopped_has_ended(play):
    ends = []

    class Watches(Observer):
        name = "watches"

        def on_trial_end(self, view, trial, status):
            ends.append((trial.id, status.value, view.n_paused, view.n_stopped))

    played = play(lambda t, run: [0.5], scheduler=StopsPaused, observers=[lambda problem: Watches(problem, None)])
    assert played.kinds(0) == ["start", "report", "decision", "ended", "stop"]
    assert played.scheduler.told[-1] == ("end", 0, Status.STOPPED)
    assert played.backend.calls == [("start", 0, 1), ("start", 1, 1)]
    assert ends == [(0, "Paused", 1, 0), (1, "Paused", 2, 0), (0, "Stopped", 1, 1)]
    assert statuses(played) == only(paused=1, stopped=1)


def test_a_running_trial_that_is_stopped_ends_as_after_a_decision(play):
    class StopsRunning(Keeps):
        def on_start(self, trial):
            self.trial = trial
            super().on_start(trial)

        def suggest(self, trial_id):
            if self.told[-1:] == [("report", 0, 2)] and not self.trial.is_ending:
                return Stop(0)
            return super().suggest(trial_id)

    played = play(lambda t, run: [0.5] * 9, scheduler=StopsRunning, n_workers=2, lag=1.5)
    assert played.kinds(0) == ["start", "report", "decision", "report", "decision", "stop", "late", "ended"]
    assert played.backend.calls == [("start", 0, None), ("stop", 0)]
    assert played.scheduler.told[-1] == ("end", 0, Status.STOPPED)
    assert statuses(played) == only(stopped=1)
    assert not played.scheduler.trial.is_ending
    events = played.recorded
    until_it_was_asked = events[: 1 + next(i for i, event in enumerate(events) if isinstance(event, Stopped))]
    problem = played.scheduler.problem
    state = ExperimentState(problem, StopsRunning(problem, Streams(0), RandomSearch(problem, Streams(0))))
    fold(until_it_was_asked, state)  # as after a death at that moment
    assert state.scheduler.trial.is_ending
    assert state.scheduler.suggest(1) is None


def test_after_a_stop_the_scheduler_is_asked_again_at_once(play):
    class Replaces(StopsPaused):
        def suggest(self, trial_id):
            if trial_id == 2 and ("end", 0, Status.STOPPED) in self.told:
                return Start(X)
            return super().suggest(trial_id)

    played = play(lambda t, run: [0.5], scheduler=Replaces)
    stopped = next(event for event in played.events if event["event"] == "stop")
    started = next(event for event in played.events if event["event"] == "start" and event["trial_id"] == 2)
    assert stopped["time"] == started["time"]


def test_the_best_report_of_a_stopped_trial_stays_the_answer(play):
    played = play(lambda t, run: [0.1 if t == 0 else 0.5], scheduler=StopsPaused)
    assert played.result.incumbent.report.trial_id == 0


# Checkpoints


def test_a_checkpoint_is_released_when_its_trial_has_ended_however(play):
    class Five(Keeps):
        n_trials = 5

        def on_report(self, trial, report):
            return Decision.STOP if trial.id == 2 else Decision.CONTINUE

    scripts = [[0.3], [0.5], [0.5] * 9, [0.1, FAILED], [{"loss": "x"}]]
    played = play(lambda t, run: scripts[t], scheduler=Five)
    assert released(played) == [(1,), (2,), (3,), (4,)]


def released(played):
    return [call[1] for call in played.backend.calls if call[0] == "release"]


def test_the_checkpoint_of_the_best_trial_that_has_ended_is_kept_until_another_is_better(play):
    class Six(Keeps):
        n_trials = 6

    scripts = [[0.5], [0.1, FAILED], [0.4], [0.4], [0.6], [0.3]]
    assert released(play(lambda t, run: scripts[t], scheduler=Six)) == [(1,), (0,), (3,), (4,), (2,)]


def test_a_checkpoint_is_kept_while_a_run_is_begun_again(play):
    played = play(lambda t, run: [0.5, LOST] if run == 0 else [0.5], scheduler=Keeps)
    assert [call[0] for call in played.backend.calls] == ["start", "resume"]


def test_a_scheduler_that_copies_says_itself_what_is_released(play, scripted_backend):
    class Copies(scripted_backend):
        capabilities = frozenset({"pause", "checkpoint", "copy"})

    class Explores(Keeps):
        needs = frozenset({"pause", "copy"})
        n_trials = 3

        def released(self):
            ended = [told[1] for told in self.told if told[0] == "end"]
            return ended if len(ended) == 3 else ()

    played = play(lambda t, run: [0.5], scheduler=Explores, backend=Copies)
    assert released(played) == [(1, 2)]  # not the best
