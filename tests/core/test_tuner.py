"""The tuning loop, on a backend that does what a script says."""

import math
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tunekit_core import Streams, Tuner, create, load_experiment
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import StartFailed
from tunekit_core.contracts.composers import ResultComposer
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.contracts.trials import Decision, Resume, Start, Status
from tunekit_core.engine.checkpoints import Checkpoints
from tunekit_core.engine.fold import fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.errors import ComponentError, ConfigurationError
from tunekit_core.known_secrets import keep_out_of_sight
from tunekit_core.records.files import read_metadata
from tunekit_core.records.lock import is_locked
from tunekit_core.space import SearchSpace, choice
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem
from tunekit_core.testing.limits import comes_to_an_end

THREE = SearchSpace({"a": choice(["x", "y", "z"])})


class PauseEach(Fifo):
    """Pauses every trial at each rung (1, 3), and resumes the paused one with the lowest id before starting others."""

    needs = frozenset({"pause"})
    limit = 3  # trials started

    def __init__(self, problem, streams, searcher):
        super().__init__(problem, streams, searcher)
        self.paused = []
        self.seen = []
        self.gone = []

    def suggest(self, trial_id):
        if self.paused:
            return Resume(self.paused[0], until=9)
        return None if trial_id >= self.limit else Start(self.searcher.suggest(trial_id, resource=9).configuration, 3)

    def on_resume(self, trial, note):
        self.paused.remove(trial.id)

    def on_report(self, trial, report):
        self.seen.append((trial.id, report.resource))
        return Decision.PAUSE if report.resource in (1, 3) else Decision.CONTINUE

    def on_pause(self, trial):
        self.paused.append(trial.id)

    def on_end(self, trial, outcome):
        self.gone.append(trial.id)

    def released(self):
        released, self.gone = self.gone, []
        return released


class StopAt(Fifo):
    """Stops every trial at epoch 2."""

    def on_report(self, trial, report):
        return Decision.STOP if report.resource == 2 else Decision.CONTINUE


def count(n):
    return lambda problem: create("stopping", "max_num_evaluations", problem, count=n)


def finished(n):
    return lambda problem: create("stopping", "max_num_trials_finished", problem, count=n)


@pytest.mark.parametrize("n_workers", [1, 2, 3, 7])
@pytest.mark.parametrize("batch", [1, 4])
def test_never_more_trials_run_than_there_are_workers_and_all_workers_are_used(play, n_workers, batch):
    played = play(lambda t, run: [0.5] * (1 + t % 3), n_workers=n_workers, batch=batch, stopping=[finished(20)])
    assert played.backend.most_running == n_workers


def test_a_worker_is_not_free_before_its_trial_has_ended(play):
    played = play(lambda t, run: [0.5] * 9, scheduler=StopAt, n_workers=2, lag=4.0, stopping=[finished(6)])
    assert played.backend.most_running == 2
    assert [event["time"] for event in played.events if event["event"] == "start"][:3] == [0.0, 0.0, 6.0]


def test_ids_count_up_and_are_never_used_again(play):
    failing = {1: [StartFailed("no")], 3: [Status.FAILED], 4: []}
    played = play(lambda t, run: failing.get(t, [0.5]), n_workers=2, stopping=[finished(12)])
    started = [event["trial_id"] for event in played.events if event["event"] == "start"]
    assert started == list(range(len(started)))
    assert [call[1] for call in played.backend.calls if call[0] == "start"] == started


def test_the_experiment_ends_when_nothing_runs_and_nothing_is_suggested(play, make_problem):
    played = play(lambda t, run: [0.5], problem=make_problem(space=THREE), n_workers=2)
    assert played.result.reason == "nothing is left to suggest"
    assert (played.result.n_trials, played.result.n_reports, played.result.failed) == (3, 3, False)


def test_a_scheduler_without_a_suggestion_is_asked_again_after_the_next_event(play):
    class Waits(Fifo):
        """Starts trial t when t trials have ended."""

        ended = 0

        def suggest(self, trial_id):
            return super().suggest(trial_id) if self.ended >= trial_id and trial_id < 4 else None

        def on_end(self, trial, outcome):
            self.ended += 1

    played = play(lambda t, run: [0.5, 0.5], scheduler=Waits, n_workers=3)
    assert [event["time"] for event in played.events if event["event"] == "start"] == [0.0, 2.0, 4.0, 6.0]


def test_the_result_tells_how_it_ended(play):
    played = play(lambda t, run: [0.9, 0.5 if t else 0.1, math.nan], stopping=[finished(2)])
    result = played.result
    assert (result.n_trials, result.n_reports, result.n_failed, result.time) == (2, 6, 0, 6.0)
    assert (result.incumbent.report.trial_id, result.incumbent.report.resource) == (0, 2)
    assert result.incumbent.configuration == {"x": 0.5}


def test_paused_trials_are_resumed_and_told_where_to_go(play):
    played = play(lambda t, run: [0.5, 0.5, 0.5] if run == 0 else [0.4] * 9, scheduler=PauseEach)
    assert played.backend.calls[:5] == [("start", 0, 3), ("pause", 0), ("resume", 0, 9), ("pause", 0), ("resume", 0, 9)]


def test_repeated_resources_after_a_resume_are_late(play):
    played = play(lambda t, run: [0.5] * 3 if run == 0 else [0.4] * 9, scheduler=PauseEach)
    assert [epoch for trial, epoch in played.scheduler.seen if trial == 0] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    late = [event["metrics"]["epoch"] for event in played.events if event["event"] == "late" and event["trial_id"] == 0]
    assert late == [1, 1, 2, 3]  # resumed at 1 and at 3, each time from the beginning


def test_reports_after_a_pause_are_late_and_reach_neither_scheduler_nor_results(play):
    rows = []

    class Keeps(ResultComposer):
        name = "keeps"

        def __call__(self, view, trial, report):
            rows.append((trial.id, report.resource))
            return {}

    played = play(lambda t, run: [0.5] * 5, scheduler=StopAt, lag=2.0, stopping=[finished(1)], composers=[Keeps])
    assert rows == [(0, 1), (0, 2)]
    assert played.kinds(0) == ["start", "report", "decision", "report", "decision", "late", "late", "ended"]
    assert played.result.n_reports == 2


def test_jumped_resources_are_taken_as_they_come(play):
    script = [{"epoch": epoch, "loss": 0.5} for epoch in (2, 5, 9)]
    played = play(lambda t, run: script, scheduler=PauseEach)
    assert [resource for trial, resource in played.scheduler.seen if trial == 0] == [2, 5, 9]


def test_a_process_that_ends_where_it_was_sent_has_paused(play):
    class SentTo3(PauseEach):
        def on_report(self, trial, report):
            return Decision.CONTINUE

    played = play(lambda t, run: [0.5, 0.5, 0.5] if run == 0 else [0.4] * 9, scheduler=SentTo3)
    assert played.backend.calls == [
        *[("start", 0, 3), ("resume", 0, 9)],
        *[("start", 1, 3), ("resume", 1, 9), ("release", (1,))],
        *[("start", 2, 3), ("resume", 2, 9), ("release", (2,))],
    ]
    assert played.metadata["n_completed"] == 3
    assert played.metadata["n_paused"] == 0


def test_checkpoints_of_released_trials_may_go(play):
    played = play(lambda t, run: [0.5 - t] * 9, scheduler=PauseEach)
    assert [call[1] for call in played.backend.calls if call[0] == "release"] == [(0,), (1,)]


class Ranks:
    """A scheduler that ranks its paused trials: from Python 3.12 on a protocol does not see the methods of a mock."""

    needs = frozenset()

    def least_promising(self, among):
        return next(trial_id for trial_id in (3, 1, 0, 2, 4) if trial_id in among)


def best(trial_id):
    return Mock(report=Mock(trial_id=trial_id))


def state(*, incumbent=None, best_of_ended=None):
    return Mock(incumbent=incumbent, best_of_ended=best_of_ended)


ANY_GATE = Mock(least_promising=lambda trial_id, among: trial_id, released=tuple)


@pytest.mark.parametrize(
    ("limit", "dropped"), [(None, []), (5, []), (3, [3, 1]), (1, [1, 0, 3, 2]), (0, [0, 1, 2, 3, 4])]
)
def test_checkpoints_of_the_least_promising_are_dropped_beyond_the_limit(limit, dropped):
    backend = Mock(max_checkpoints=limit)
    checkpoints = Checkpoints(state(), Ranks(), backend, ANY_GATE)
    for trial_id in range(5):
        checkpoints.on_end(trial_id, Status.PAUSED)
    assert [call.args[0] for call in backend.drop_checkpoint.call_args_list] == dropped


@pytest.mark.parametrize(("limit", "dropped"), [(2, [1, 0, 2]), (1, [1, 0, 2, 4]), (0, [0, 1, 2, 4, 3])])
def test_the_checkpoint_of_the_best_trial_is_dropped_last(limit, dropped):
    backend = Mock(max_checkpoints=limit)
    checkpoints = Checkpoints(state(incumbent=best(3)), Ranks(), backend, ANY_GATE)
    for trial_id in (0, 1, 2, 4, 3) if limit == 0 else range(5):
        checkpoints.on_end(trial_id, Status.PAUSED)
    assert [call.args[0] for call in backend.drop_checkpoint.call_args_list] == dropped


def test_the_best_trial_that_ended_before_the_process_began_is_released_once_another_is_better():
    backend, now = Mock(max_checkpoints=None), state(best_of_ended=best(3))
    checkpoints = Checkpoints(now, Mock(needs=frozenset(), spec=["needs"]), backend, ANY_GATE)
    checkpoints.restore([])
    checkpoints.on_end(4, Status.COMPLETED)
    backend.release.assert_called_once_with((4,))
    now.best_of_ended = best(5)
    checkpoints.on_end(5, Status.COMPLETED)
    backend.release.assert_called_with((3,))


def test_a_resumed_trial_keeps_its_checkpoint_and_an_ended_one_gives_it_back():
    backend = Mock(max_checkpoints=1)
    checkpoints = Checkpoints(state(), Mock(needs=frozenset(), spec=["needs"]), backend, ANY_GATE)
    checkpoints.restore([7])
    checkpoints.on_resume(7)
    checkpoints.on_end(1, Status.PAUSED)
    assert backend.drop_checkpoint.call_args_list == []
    checkpoints.on_end(7, Status.COMPLETED)
    backend.release.assert_called_once_with((7,))
    checkpoints.on_end(2, Status.PAUSED)
    backend.drop_checkpoint.assert_called_once_with(1)  # nobody ranks them: the one that paused first


def test_what_others_may_copy_is_released_by_the_scheduler_alone():
    backend = Mock(max_checkpoints=None)
    scheduler = Mock(needs=frozenset({"copy"}), released=lambda: ())
    Checkpoints(state(), scheduler, backend, ANY_GATE).on_end(0, Status.COMPLETED)
    backend.release.assert_not_called()


RUBBISH = [
    {"epoch": 1, "loss": None},
    {"epoch": 1, "loss": "0.5"},
    {"epoch": 1, "loss": "rubbish"},
    {"epoch": 1, "loss": [0.5]},
    {"epoch": 1, "loss": True},
    {"epoch": True, "loss": 0.5},
    {"loss": 0.5},
    {"epoch": "one", "loss": 0.5},
    {"epoch": -1, "loss": 0.5},
    {"epoch": 1.5, "loss": 0.5},
    {"epoch": 1, "loss": 0.5, "st_worker_cost": "cheap"},
    {},
]


@pytest.mark.parametrize("rubbish", RUBBISH)
def test_a_rubbish_report_fails_its_trial_and_not_the_experiment(play, rubbish):
    played = play(lambda t, run: [rubbish, 0.4] if t == 1 else [0.5], stopping=[finished(3)])
    assert (played.result.n_trials, played.result.n_failed, played.result.n_reports) == (3, 1, 2)
    assert played.kinds(1) == ["start", "unusable", "ended"]
    assert ("stop", 1) in played.backend.calls
    (failure,) = played.metadata["failures"]
    assert failure["trial_id"] == 1
    assert failure["reason"].startswith(f"it reported {rubbish!r}")


def test_a_trial_that_reported_well_before_fails_with_rubbish_and_its_rows_stay(play):
    played = play(lambda t, run: [0.1, {"epoch": 2, "loss": None}, 0.05], lag=5.0, stopping=[finished(1)])
    assert played.kinds(0) == ["start", "report", "decision", "unusable", "late", "ended"]
    assert list(load_experiment(played.folder).results["loss"]) == [0.1]
    assert played.result.incumbent is None  # what has failed is no answer


def test_rubbish_from_a_trial_that_was_stopped_is_late(play):
    played = play(lambda t, run: [0.5, 0.5, {"loss": "x"}], scheduler=StopAt, lag=2.0, stopping=[finished(1)])
    assert played.result.n_failed == 0
    assert played.kinds(0) == ["start", "report", "decision", "report", "decision", "late", "ended"]


def test_a_trial_that_completes_without_a_report_fails_and_says_so(play):
    played = play(lambda t, run: [] if t == 0 else [0.5], stopping=[finished(2)])
    assert played.result.n_failed == 1
    assert played.metadata["failures"] == [{"trial_id": 0, "reason": "it ended without a report"}]


def test_a_trial_that_dies_keeps_its_rows_and_is_not_the_answer(play):
    played = play(lambda t, run: [0.2, 0.1, Status.FAILED] if t == 0 else [0.5], stopping=[finished(2)])
    assert played.metadata["failures"] == [{"trial_id": 0, "reason": "exit code 1"}]
    assert list(load_experiment(played.folder).results["loss"]) == [0.2, 0.1, 0.5]
    assert played.result.incumbent.report.losses == (0.5,)


def test_a_start_that_fails_is_a_failed_trial_and_frees_its_worker(play):
    played = play(
        lambda t, run: [StartFailed("the disk is full")] if t == 0 else [0.5], n_workers=1, stopping=[finished(3)]
    )
    assert (played.result.n_trials, played.result.n_failed) == (3, 1)
    assert played.kinds(0) == ["start", "ended"]
    assert played.metadata["failures"] == [{"trial_id": 0, "reason": "the disk is full"}]


def test_a_resume_that_fails_is_a_failed_trial(play):
    played = play(lambda t, run: [StartFailed("its checkpoint is gone")] if run else [0.5] * 9, scheduler=PauseEach)
    assert played.result.n_failed == 3
    assert played.kinds(0)[-2:] == ["resume", "ended"]


def test_a_scheduler_that_resumes_a_trial_that_is_not_paused_fails_the_experiment(play):
    class Wrong(Fifo):
        def suggest(self, trial_id):
            return Resume(0) if trial_id else super().suggest(trial_id)

    played = play(lambda t, run: [0.5], scheduler=Wrong, raises=ComponentError)
    assert "resumes the trial 0, which is completed" in str(played.error)
    assert played.metadata["status"] == "failed"


def test_a_backend_that_cannot_pause_is_refused_by_name(problem):
    class CannotPause(ToyBackend):
        name = "cloud"
        capabilities = frozenset()

    streams = Streams(0)
    scheduler = PauseEach(problem, streams, RandomSearch(problem, streams))
    with pytest.raises(ConfigurationError, match="needs a backend that can pause; 'cloud' cannot") as caught:
        Tuner(scheduler=scheduler, backend=CannotPause(problem, ToyBenchmark(), None, streams))
    assert caught.value.option == "backend"


@pytest.mark.parametrize("n_workers", [0, -1])
def test_there_is_at_least_one_worker(problem, n_workers):
    scheduler = Fifo(problem, Streams(0), RandomSearch(problem, Streams(0)))
    with pytest.raises(ConfigurationError, match=f"n_workers={n_workers} must be a whole number, at least 1"):
        Tuner(scheduler=scheduler, backend=ToyBackend(problem, ToyBenchmark(), None, Streams(0)), n_workers=n_workers)


class Diary(Observer):
    """Writes down what it sees."""

    name = "diary"

    def __init__(self, problem, folder=None):
        super().__init__(problem, folder)
        self.pages = []

    def on_experiment_start(self, view, metadata):
        self.pages.append(("begin", view.n_started))

    def on_trial_start(self, view, trial):
        self.pages.append(("start", trial.id))

    def on_trial_resume(self, view, trial):
        self.pages.append(("resume", trial.id))

    def on_report(self, view, trial, report, decision):
        self.pages.append(("report", trial.id, report.resource, decision.value))

    def on_trial_end(self, view, trial, status):
        self.pages.append(("end", trial.id, status.value))

    def on_experiment_end(self, view, reason):
        self.pages.append(("finish", reason))


@pytest.fixture
def diary(problem):
    return Diary(problem)


def test_an_observer_sees_everything_in_order(play, diary):
    class Once(PauseEach):
        limit = 1

    play(lambda t, run: [0.5] * 4, scheduler=Once, observers=[lambda problem: diary])
    assert diary.pages == [
        ("begin", 0),
        ("start", 0),
        ("report", 0, 1, "PAUSE"),
        ("end", 0, "Paused"),
        ("resume", 0),
        ("report", 0, 2, "CONTINUE"),
        ("report", 0, 3, "PAUSE"),
        ("end", 0, "Paused"),
        ("resume", 0),
        ("report", 0, 4, "CONTINUE"),
        ("end", 0, "Completed"),
        ("finish", "nothing is left to suggest"),
    ]


def test_an_observer_sees_the_beginning_of_every_trial_whose_end_it_sees(play, diary):
    play(lambda t, run: [StartFailed("no")] if t == 0 else [0.5], observers=[lambda p: diary], stopping=[finished(2)])
    assert diary.pages[1:3] == [("start", 0), ("end", 0, "Failed")]


def test_an_observer_hears_of_an_interruption_before_what_runs_is_ended(play, problem):
    class Interrupted(Fifo):
        def on_report(self, trial, report):
            raise KeyboardInterrupt

    diary = Diary(problem)
    play(
        lambda t, run: [0.5],
        scheduler=Interrupted,
        observers=[lambda problem: diary],
        on_close=lambda: diary.pages.append("closed"),
        raises=KeyboardInterrupt,
    )
    assert diary.pages[-2:] == [("finish", "interrupted from the keyboard"), "closed"]


class BreaksOnReport(Fifo):
    def on_report(self, trial, report):
        raise RuntimeError("broken")


class BreaksOnStart(RandomSearch):
    def on_start(self, trial):
        raise RuntimeError("broken")


@pytest.mark.parametrize("what", ["scheduler", "searcher", "backend", "observer"])
def test_an_observer_hears_of_an_error_once_before_what_runs_is_ended(play, problem, what):
    class Breaks(Diary):
        def on_report(self, view, trial, report, decision):
            super().on_report(view, trial, report, decision)
            raise RuntimeError("broken")

    def in_backend(trial, run):
        raise RuntimeError("broken")

    first, diary = Diary(problem), (Breaks if what == "observer" else Diary)(problem)
    schedulers = {"scheduler": BreaksOnReport, "searcher": lambda p, s, r: Fifo(p, s, BreaksOnStart(p, s))}
    play(
        in_backend if what == "backend" else lambda t, run: [0.5],
        scheduler=schedulers.get(what, Fifo),
        observers=[lambda problem: first, lambda problem: diary],
        on_close=lambda: diary.pages.append("closed"),
        raises=ComponentError,
    )
    (word, reason), closed = diary.pages[-2:]
    assert (word, closed) == ("finish", "closed")
    assert f"The {what} '" in reason
    assert "raised RuntimeError in " in reason
    assert [page for page in first.pages if page[0] == "finish"] == [("finish", reason)]


def test_an_observer_that_breaks_at_an_error_or_was_told_of_no_beginning_hides_nothing(play, problem):
    class BreaksAtTheEnd(Diary):
        def on_experiment_end(self, view, reason):
            super().on_experiment_end(view, reason)
            raise ValueError("another")

    class BreaksAtTheBeginning(Diary):
        def on_experiment_start(self, view, metadata):
            raise RuntimeError("broken")

    breaks, diary, late = BreaksAtTheEnd(problem), Diary(problem), BreaksAtTheBeginning(problem)
    observers = [lambda p: breaks, lambda p: diary, lambda p: late]
    played = play(lambda t, run: [0.5], observers=observers, raises=ComponentError)
    assert "raised RuntimeError in on_experiment_start: broken" in played.metadata["reason"]
    assert [each.pages[-1][0] for each in (breaks, diary)] == ["finish", "finish"]
    assert late.pages == []


def test_a_secret_in_an_error_is_told_to_no_observer_and_written_to_no_file(play, problem):
    class Leaks(Fifo):
        def on_report(self, trial, report):
            raise RuntimeError("no answer from https://me:abcdef@host")

    keep_out_of_sight("https://me:abcdef@host")
    diary = Diary(problem)
    played = play(lambda t, run: [0.5], scheduler=Leaks, observers=[lambda p: diary], raises=ComponentError)
    reason = played.metadata["reason"]
    assert ": no answer from ***. " in reason
    assert diary.pages[-1] == ("finish", reason)


def test_composers_see_the_state_after_the_decision(play):
    seen = []

    class Sees(ResultComposer):
        name = "sees"

        def __call__(self, view, trial, report):
            seen.append((view.n_reports, view.n_running, view.now, trial.n_reports, trial.last_report is report))
            return {}

    play(lambda t, run: [0.5, 0.5], composers=[Sees], stopping=[finished(1)])
    assert seen == [(1, 1, 1.0, 1, True), (2, 1, 2.0, 2, True)]


def test_running_trials_are_left_to_the_backend_to_end_when_a_criterion_gives_a_reason(play):
    played = play(lambda t, run: [0.5] * 9, n_workers=3, stopping=[count(4)])
    assert played.result.n_reports == 4
    assert played.backend.closed == 1
    assert sorted(played.metadata[name] for name in ("n_completed", "n_stopped", "n_failed", "n_paused")) == [0] * 4


def test_running_trials_are_waited_for_where_asked(play):
    played = play(lambda t, run: [0.5] * 5, n_workers=3, stopping=[count(4)], wait_for_running=True)
    assert (played.result.n_trials, played.result.n_reports) == (3, 15)
    assert played.result.reason == "4 evaluations were made"
    assert played.metadata["n_completed"] == 3


def test_no_trial_is_started_or_resumed_while_running_ones_are_waited_for(play):
    played = play(
        lambda t, run: [0.5] * 9, scheduler=PauseEach, n_workers=2, stopping=[count(3)], wait_for_running=True
    )
    criterion = [event["event"] for event in played.events].index("criterion")
    assert {event["event"] for event in played.events[criterion:]} == {"criterion", "report", "decision", "ended"}


def test_waiting_does_not_end_at_the_deadline(play):
    played = play(
        lambda t, run: [0.5] * 9, stopping=[count(1), lambda p: _Deadline(p, 3.0)], wait_for_running=True, n_workers=2
    )
    assert played.result.n_reports == 18


def test_a_criterion_that_waits_for_running_trials_waits_beyond_its_own_deadline(play):
    with comes_to_an_end("what waits for running trials goes on"):
        played = play(lambda t, run: [0.5] * 9, stopping=[lambda p: _WaitingDeadline(p, 3.0)], n_workers=2)
    assert (played.result.reason, played.result.n_reports) == ("late", 18)


def test_a_criterion_that_does_not_wait_cuts_one_short_that_does_at_its_deadline(play):
    stopping = [lambda p: _WaitingDeadline(p, 3.0), lambda p: _Deadline(p, 5.0)]
    with comes_to_an_end("what waits for running trials goes on"):
        played = play(lambda t, run: [0.5] * 9, stopping=stopping, n_workers=2)
    assert (played.result.time, played.result.n_reports) == (5.0, 9)


class _Deadline(StoppingCriterion):
    """Ends at a time."""

    name = "deadline"

    def __init__(self, problem, seconds):
        super().__init__(problem)
        self.seconds = seconds

    def __call__(self, view):
        return "late" if view.now >= self.seconds else None

    def deadline(self):
        return self.seconds


class _WaitingDeadline(_Deadline):
    """Lets what runs then come to its end."""

    name = "waiting_deadline"
    waits_for_running = True


def test_the_backend_is_closed_once_while_the_record_is_still_open(play, tmp_path):
    statuses = []
    played = play(
        lambda t, run: [0.5],
        stopping=[finished(1)],
        on_close=lambda: statuses.append(read_metadata(tmp_path / "run")["status"]),
    )
    assert statuses == ["running"]
    assert played.metadata["status"] == "completed"


def test_a_keyboard_interrupt_leaves_an_interrupted_experiment_with_its_results(play):
    class Interrupted(Fifo):
        def on_report(self, trial, report):
            if trial.id == 2:
                raise KeyboardInterrupt
            return Decision.CONTINUE

    played = play(lambda t, run: [0.5, 0.4], scheduler=Interrupted, raises=KeyboardInterrupt)
    assert played.metadata["status"] == "interrupted"
    assert played.metadata["reason"] == "interrupted from the keyboard"
    assert (played.metadata["n_started"], played.metadata["n_completed"]) == (3, 2)
    assert played.metadata["incumbent"]["metrics"] == {"loss": 0.4}
    assert played.backend.closed == 1
    assert (played.folder / "results.csv.zip").exists()


@pytest.mark.parametrize("where", ["suggest", "on_start", "on_report", "on_end", "columns"])
def test_an_exception_in_a_component_fails_the_experiment_and_closes_everything(play, where):
    def broken(self, *arguments):
        raise ZeroDivisionError("oh")

    scheduler = type("Broken", (Fifo,), {where: broken})

    class Asks(ResultComposer):
        name = "asks"

        def __call__(self, view, trial, report):
            return view.columns()

    played = play(lambda t, run: [0.5], scheduler=scheduler, composers=[Asks], raises=ComponentError)
    assert isinstance(played.error.__cause__, ZeroDivisionError)
    assert (played.metadata["status"], played.metadata["reason"]) == ("failed", str(played.error))
    assert played.backend.closed == 1
    play(lambda t, run: [0.5], stopping=[finished(1)])  # in the same folder: it is locked no longer


def test_an_exception_in_an_observer_fails_the_experiment(play):
    class Broken(Observer):
        name = "broken"

        def on_trial_end(self, view, trial, status):
            raise OSError("no space left")

    played = play(lambda t, run: [0.5], observers=[lambda p: Broken(p, None)], raises=ComponentError)
    assert "observer 'broken'" in played.metadata["reason"]
    assert "raised OSError in on_trial_end for trial 0: no space left" in played.metadata["reason"]


def test_a_backend_that_cannot_be_closed_fails_the_experiment_and_its_results_are_there(play):
    def fail():
        raise RuntimeError("trial 1 does not end")

    played = play(lambda t, run: [0.5], stopping=[finished(2)], on_close=fail, raises=ComponentError)
    assert played.metadata["status"] == "failed"
    assert "backend 'scripted'" in played.metadata["reason"]
    assert "raised RuntimeError in close: trial 1 does not end" in played.metadata["reason"]
    assert len(load_experiment(played.folder).results) == 2


def test_a_record_that_cannot_begin_closes_the_backend_and_gives_the_folder_back(play, tmp_path):
    (tmp_path / "run" / "results.csv.zip.part").mkdir(parents=True)
    closed = []
    play(lambda t, run: [0.5], on_close=lambda: closed.append(True), raises=IsADirectoryError)
    assert closed == [True]
    assert not is_locked(tmp_path / "run")


def test_without_a_record_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    benchmark = ToyBenchmark()
    problem, streams = toy_problem(benchmark), Streams(0)
    result = Tuner(
        scheduler=Fifo(problem, streams, RandomSearch(problem, streams)),
        backend=ToyBackend(problem, benchmark, None, streams),
        stopping=[create("stopping", "max_num_evaluations", problem, count=20)],
    ).run()
    assert result.n_reports == 20
    assert list(tmp_path.iterdir()) == []


step = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(
        [Status.FAILED, {"epoch": 1, "loss": "rubbish"}, {"epoch": 1, "loss": 0.1}, {"epoch": 7, "loss": 0.3}]
    ),
)
runs = st.one_of(st.lists(step, max_size=9), st.just([StartFailed("no")]))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    script=st.dictionaries(st.tuples(st.integers(0, 5), st.integers(0, 2)), runs, max_size=12),
    n_workers=st.integers(1, 4),
    batch=st.integers(1, 5),
    lag=st.sampled_from([0.0, 1.0, 2.5]),
    wait=st.booleans(),
    limit=st.integers(1, 60),
)
def test_whatever_trials_do_the_loop_keeps_its_promises(play, script, n_workers, batch, lag, wait, limit):
    class Six(PauseEach):
        limit = 6

    played = play(
        lambda t, run: script.get((t, run), [0.5] * 9),
        scheduler=Six,
        n_workers=n_workers,
        batch=batch,
        lag=lag,
        wait_for_running=wait,
        stopping=[count(limit)],
    )
    result, metadata, events = played.result, played.metadata, played.events
    assert played.backend.most_running <= n_workers
    assert [event["trial_id"] for event in events if event["event"] == "start"] == list(range(result.n_trials))
    n_reports = sum(event["event"] == "report" for event in events)
    assert n_reports == result.n_reports == sum(event["event"] == "decision" for event in events)
    if result.reason.startswith("nothing is left to suggest"):
        assert result.n_reports < limit
    elif not wait:
        assert result.n_reports == limit
    ended = sum(event["event"] == "ended" for event in events)
    begun = sum(event["event"] in ("start", "resume") for event in events)
    still_running = result.n_trials - sum(
        metadata[f"n_{kind}"] for kind in ("completed", "stopped", "failed", "paused")
    )
    assert begun - ended == still_running >= 0
    state = ExperimentState(played.scheduler.problem, _fresh(Six, played))
    fold(played.recorded, state)
    for name in ("n_started", "n_completed", "n_stopped", "n_failed", "n_paused", "n_reports"):
        assert getattr(state, name) == metadata[name]
    assert state.n_running == still_running


def _fresh(scheduler, played):
    problem = played.scheduler.problem
    return scheduler(problem, Streams(0), RandomSearch(problem, Streams(0)))
