"""The counters, the incumbent and the trials of an experiment, whatever the backend does."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tunekit_core import Objective, Problem, SearchSpace, Streams
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import TrialEnded, TrialReported
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.trials import Cause, Checkpoint, Decision, Report, Resume, Start, Status
from tunekit_core.contracts.view import Failure
from tunekit_core.engine.events import Decided, LateReport, Resumed, Started, UnusableReport, Workers
from tunekit_core.engine.state import ExperimentState
from tunekit_core.engine.state.reading import Reader
from tunekit_core.errors import RecordError
from tunekit_core.known_secrets import keep_out_of_sight
from tunekit_core.space import uniform

X = {"x": 0.5}


class Witness(Scheduler):
    """Keeps what it is told and continues every trial."""

    name = "witness"

    def __init__(self, problem):
        super().__init__(problem, Streams(0), RandomSearch(problem, Streams(0)))
        self.told = []
        self.decisions = {}

    def suggest(self, trial_id):
        return Start(X)

    def on_start(self, trial):
        self.told.append(("start", trial.id))

    def on_resume(self, trial, note):
        self.told.append(("resume", trial.id, note))

    def on_report(self, trial, report):
        self.told.append(("report", trial.id, report.resource))
        return self.decisions.get((trial.id, report.resource), Decision.CONTINUE)

    def on_pause(self, trial):
        self.told.append(("pause", trial.id))

    def on_end(self, trial, outcome):
        self.told.append(("end", trial.id, outcome))


def fresh_state(**changes):
    space, objective = SearchSpace({"x": uniform(0.0, 1.0)}), Objective("loss", "min", "epoch")
    problem = Problem(**{"space": space, "objective": objective, "max_resource": 9, **changes})
    state = ExperimentState(problem, Witness(problem))
    state.apply(Workers(4, 0.0))
    return state


def start(state, time=0.0, **more):
    return state.apply(Started.of(state.n_started, Start(X, **more), time))


def resume(state, trial_id, time=0.0, **more):
    return state.apply(Resumed.of(Resume(trial_id, **more), time))


def read(state, trial_id, metrics, time=0.0):
    return Reader(state).read(TrialReported(trial_id, state.trials[trial_id].run, metrics, time))


def report(state, trial_id, epoch, loss=0.5, time=0.0, **more):
    return state.apply(read(state, trial_id, {"epoch": epoch, "loss": loss, **more}, time))


def decide(state, trial_id, decision):
    state.apply(Decided(trial_id, decision))


def give_up(state, trial_id, reason):
    state.apply(UnusableReport(trial_id, state.trials[trial_id].run, {}, 0.0, reason))


def end(state, trial_id, status, time=0.0, reason="", **more):
    return state.apply(TrialEnded(trial_id, state.trials[trial_id].run, status, time, reason=reason, **more))


def counts(state):
    return state.n_running, state.n_paused, state.n_completed, state.n_stopped, state.n_failed


def test_ids_are_given_in_the_order_of_starting():
    state = fresh_state()
    assert [start(state).id for _ in range(3)] == [0, 1, 2]
    end(state, 1, Status.FAILED)
    assert start(state).id == 3
    assert state.n_started == 4


def test_a_trial_carries_what_its_start_said():
    state = fresh_state()
    start(state)
    trial = start(state, until=3, checkpoint_of=Checkpoint(0, 1), note={"bracket": 1})
    assert (trial.configuration, trial.until, trial.parent, trial.note) == (X, 3, Checkpoint(0, 1), {"bracket": 1})
    assert (trial.status, trial.last_report, trial.n_reports) == (Status.RUNNING, None, 0)


@pytest.mark.parametrize("keeps", [(True, False), (False, True)])
def test_a_trial_says_whether_it_kept_a_checkpoint_when_it_paused_last(keeps):
    state = fresh_state()
    trial = start(state)
    assert not trial.has_checkpoint
    for epoch, has_checkpoint in enumerate(keeps, 1):
        report(state, 0, epoch)
        decide(state, 0, Decision.PAUSE)
        end(state, 0, Status.COMPLETED, has_checkpoint=has_checkpoint)
        resume(state, 0)
        assert trial.has_checkpoint == has_checkpoint


def test_a_report_is_the_last_one_of_its_trial_and_keeps_the_metrics_as_they_came():
    state = fresh_state(objective=Objective("loss", "max", "epoch"))
    start(state)
    report(state, 0, 2, 0.25, 1.5, extra="text")
    last = state.trials[0].last_report
    assert last._asdict() == {
        "trial_id": 0,
        "run": 0,
        "resource": 2,
        "metrics": {"epoch": 2, "loss": 0.25, "extra": "text"},
        "losses": (-0.25,),
        "time": 1.5,
    }
    assert (state.now, state.n_reports, state.trials[0].n_reports) == (1.5, 1, 1)


def test_without_a_resource_reports_are_counted():
    state = fresh_state(objective=Objective("loss"), max_resource=None)
    start(state)
    start(state)
    for trial_id in (0, 0, 1, 0):
        report(state, trial_id, "not looked at")
    assert [trial.last_report.resource for trial in state.trials] == [3, 1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"loss": None},
        {"loss": "0.5"},
        {"loss": "nan"},
        {"loss": [0.5]},
        {"loss": True},
        {"loss": np.True_},
        {"epoch": None},
        {"epoch": True},
        {"epoch": "3"},
        {"epoch": "three"},
        {"epoch": 2.5},
        {"epoch": math.nan},
        {"epoch": math.inf},
        {"epoch": -1},
        {"epoch": 2**53 + 1},
        {"st_worker_cost": None},
        {"st_worker_cost": "cheap"},
        {"st_worker_cost": math.nan},
        {"st_worker_cost": math.inf},
        {"st_worker_cost": True},
    ],
)
def test_a_report_that_cannot_be_used_is_refused_and_says_what_is_needed(wrong):
    state = fresh_state()
    start(state)
    unusable = read(state, 0, {"epoch": 1, "loss": 0.5, **wrong})
    assert isinstance(unusable, UnusableReport)
    assert "a number as loss, a whole number from 1 on as epoch" in unusable.reason
    assert repr(next(iter(wrong.values()))) in unusable.reason
    assert ("a finite number as st_worker_cost" in unusable.reason) == ("st_worker_cost" in wrong)
    assert state.trials[0].last_report is None


def test_a_resource_that_begins_at_0_is_refused_with_what_to_do():
    state = fresh_state()
    start(state)
    assert read(state, 0, {"epoch": 0, "loss": 0.5}).reason == (
        "it reported epoch 0, and resources count from 1: print or report epoch + 1, or leave benchmark.resource out, "
        "so that reports are counted"
    )


def test_a_report_that_was_misread_is_refused_with_what_was_wrong_also_after_others():
    state = fresh_state()
    start(state)
    report(state, 0, 1)
    misread = read(state, 0, {"st_misread": "loss matched '1' of '1.5'", "st_worker_timestamp": 3.0})
    assert isinstance(misread, UnusableReport)
    assert misread.reason == "loss matched '1' of '1.5'"


def test_what_was_misread_is_quoted_without_secrets():
    keep_out_of_sight("hidden-in-a-line")
    state = fresh_state()
    start(state)
    misread = read(state, 0, {"st_misread": "matched '1' of 'hidden-in-a-line 1.5'", "st_worker_timestamp": 3.0})
    assert misread.reason == "matched '1' of '*** 1.5'"
    assert misread.metrics == {"st_misread": misread.reason}


def test_a_truth_value_is_refused_after_numbers_too():
    state = fresh_state()
    start(state)
    reader = Reader(state)
    kinds = [
        type(reader.read(TrialReported(0, 0, metrics, 0.0)))
        for metrics in ({"epoch": 1, "loss": 1}, {"epoch": 2, "loss": False}, {"epoch": 2, "loss": 1, "better": False})
    ]
    assert kinds == [Report, UnusableReport, Report]


def test_what_is_said_of_a_report_is_what_the_user_reported():
    state = fresh_state()
    start(state)
    ours = {"st_worker_timestamp": 1.0, "st_worker_time": 2.0, "st_worker_iter": 0}
    unusable = read(state, 0, {"epoch": 1, "loss": True, "st_worker_cost": 0.5, **ours})
    assert unusable.reason == (
        "it reported {'epoch': 1, 'loss': True, 'st_worker_cost': 0.5}, where these are needed: a number as loss, "
        "a whole number from 1 on as epoch, at most 2**53, a finite number as st_worker_cost"
    )


def nested(depth):
    return [] if depth == 1 else {"inside": nested(depth - 1)}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"other": nested(100)}, "cannot be recorded: it is nested more than 100 deep"),
        ({"other": 2**1023}, "cannot be recorded: a whole number has more than 1023 bits, which no float holds"),
        ({f"m{i}": i for i in range(999)}, "it reported 1,001 metrics, where a report has at most 1,000"),
        ({"config_\x1b[2J": 1}, r"a metric named 'config_\x1b[2J', which is a column of the results"),
    ],
)
def test_a_report_that_is_more_than_a_record_is_to_hold_is_refused(more, reason):
    state = fresh_state()
    start(state)
    unusable = read(state, 0, {"epoch": 1, "loss": 0.5, **more})
    assert isinstance(unusable, UnusableReport)
    assert reason in unusable.reason
    assert len(unusable.reason) < 1000


def test_a_report_of_as_much_as_a_record_holds_can_be_used():
    state = fresh_state()
    start(state)
    most = {"epoch": 3, "loss": 0.5, "deep": nested(99), "large": 2**1023 - 1, **{f"m{i}": i for i in range(996)}}
    assert read(state, 0, most).resource == 3


def test_an_experiment_has_at_most_10000_names_of_metrics():
    state = fresh_state()
    start(state)
    kinds = [type(read(state, 0, {"epoch": 1, "loss": 0.5, **{f"{n} {i}": i for i in range(998)}})) for n in range(11)]
    assert kinds == [Report] * 10 + [UnusableReport]
    assert isinstance(read(state, 0, {"epoch": 1, "loss": 0.5}), Report)


@pytest.mark.parametrize("metrics", [{}, {"epoch": 1}, {"loss": 0.5}, {"Loss": 0.5, "epoch": 1}])
def test_a_report_without_the_objective_or_the_resource_is_refused(metrics):
    state = fresh_state()
    start(state)
    assert isinstance(read(state, 0, metrics), UnusableReport)


@pytest.mark.parametrize("metrics", [{"epoch": 3.0, "loss": 1}, {"epoch": 3, "loss": math.nan, "st_worker_cost": 0}])
def test_whole_floats_and_metrics_that_are_not_finite_can_be_used(metrics):
    state = fresh_state()
    start(state)
    assert read(state, 0, metrics).resource == 3


def test_a_report_at_or_below_the_last_resource_is_late():
    state = fresh_state()
    start(state)
    report(state, 0, 3)
    kinds = [type(read(state, 0, {"epoch": epoch, "loss": 0.0})) for epoch in (1, 2, 3, 4, 9)]
    assert kinds == [LateReport, LateReport, LateReport, Report, Report]


@pytest.mark.parametrize("decision", [Decision.PAUSE, Decision.STOP])
def test_a_report_after_the_end_was_decided_is_late(decision):
    state = fresh_state()
    start(state)
    report(state, 0, 1)
    decide(state, 0, decision)
    assert 0 in state.endings
    assert isinstance(read(state, 0, {"epoch": 2, "loss": 0.0}), LateReport)
    assert isinstance(read(state, 0, {"epoch": 2}), LateReport)  # what it is no good for does not matter any more


def test_the_incumbent_is_the_first_of_the_best_reports_by_the_first_metric():
    state = fresh_state(objective=Objective(["loss", "size"], ["max", "min"], "epoch"))
    for _ in range(3):
        start(state)
    assert state.incumbent is None
    report(state, 0, 1, math.nan, size=1)
    assert state.incumbent is None
    for trial_id, loss in [(1, 0.5), (0, math.inf), (2, 0.7), (1, 0.7)]:
        report(state, trial_id, 2, loss, size=-trial_id)
    assert state.incumbent.report.trial_id == 2
    assert state.incumbent.configuration == X


def test_age_of_the_incumbent_is_counted_in_trials_started():
    state = fresh_state()
    for _ in range(3):
        start(state)
    assert state.trials_since_improvement == 3
    report(state, 0, 1, 0.5)
    assert state.trials_since_improvement == 0
    start(state)
    report(state, 1, 1, 0.5)
    assert state.trials_since_improvement == 1


def test_the_cost_is_the_sum_of_the_last_cost_of_every_trial():
    state = fresh_state()
    start(state)
    start(state)
    for trial_id, epoch, cost in [(0, 1, 1.0), (1, 1, 10.0), (0, 2, 2.5), (1, 2, 12.0)]:
        report(state, trial_id, epoch, st_worker_cost=cost)
    assert state.cost == 14.5


@pytest.mark.parametrize(
    ("until", "maximum", "reached", "status"),
    [
        (3, 9, 3, Status.PAUSED),
        (3, 9, 5, Status.PAUSED),  # jumped over it
        (3, 9, 9, Status.COMPLETED),
        (3, 9, 2, Status.COMPLETED),
        (9, 9, 9, Status.COMPLETED),
        (9, 9, 8, Status.COMPLETED),
        (3, None, 3, Status.PAUSED),
        (3, None, 2, Status.COMPLETED),
        (None, 9, 4, Status.COMPLETED),
        (None, None, 4, Status.COMPLETED),
    ],
)
def test_a_trial_that_ends_where_it_was_sent_has_paused_unless_that_is_the_end(until, maximum, reached, status):
    state = fresh_state(max_resource=maximum)
    start(state, until=until)
    report(state, 0, reached)
    assert end(state, 0, Status.COMPLETED) is status
    assert state.scheduler.told[-1] == (("pause", 0) if status is Status.PAUSED else ("end", 0, status))


def test_a_trial_that_dies_where_it_was_sent_has_failed():
    state = fresh_state()
    start(state, until=3)
    report(state, 0, 3)
    assert end(state, 0, Status.FAILED) is Status.FAILED


def test_a_trial_that_completes_without_a_report_has_failed():
    state = fresh_state()
    start(state)
    assert end(state, 0, Status.COMPLETED) is Status.FAILED
    assert counts(state) == (0, 0, 0, 0, 1)


@pytest.mark.parametrize(("decision", "status"), [(Decision.PAUSE, Status.PAUSED), (Decision.STOP, Status.STOPPED)])
@pytest.mark.parametrize(
    "how",
    [{"status": Status.COMPLETED}, {"status": Status.FAILED, "cause": Cause.INFRASTRUCTURE}],
    ids=["asked to end", "lost"],
)
def test_what_was_decided_counts_however_a_run_ends_that_did_not_fail(decision, status, how):
    state = fresh_state()
    start(state)
    report(state, 0, 1)
    decide(state, 0, decision)
    assert counts(state) == (1, 0, 0, 0, 0)  # its worker is not free before it has ended
    assert end(state, 0, **how) is status
    assert state.trials[0].status is status
    assert state.endings == {}


@pytest.mark.parametrize("decision", [Decision.CONTINUE, Decision.PAUSE, Decision.STOP])
@pytest.mark.parametrize("cause", [Cause.SCRIPT, Cause.LIMIT])
def test_a_run_that_fails_after_a_decision_has_failed(decision, cause):
    state = fresh_state()
    start(state)
    report(state, 0, 1)
    decide(state, 0, decision)
    assert end(state, 0, Status.FAILED, cause=cause, reason="exit code 1") is Status.FAILED
    assert state.newest_failure == Failure(0, "exit code 1")
    assert counts(state) == (0, 0, 0, 0, 1)


def test_a_given_up_trial_counts_as_running_until_it_has_ended_and_then_as_failed():
    state = fresh_state()
    start(state)
    report(state, 0, 1)
    give_up(state, 0, "no number")
    assert counts(state) == (1, 0, 0, 0, 0)
    assert end(state, 0, Status.COMPLETED) is Status.FAILED
    assert counts(state) == (0, 0, 0, 0, 1)


def test_the_newest_failure_is_told_with_the_reason_that_came_first():
    state = fresh_state()
    for _ in range(4):
        start(state)
    assert state.newest_failure is None
    end(state, 2, Status.FAILED, reason="exit code 1")
    assert state.newest_failure == Failure(2, "exit code 1")
    end(state, 0, Status.COMPLETED)
    assert state.newest_failure == Failure(0, "it ended without a report")
    give_up(state, 1, "it reported nonsense")
    end(state, 1, Status.FAILED, reason="exit code 15")
    assert state.newest_failure == Failure(1, "it reported nonsense")
    report(state, 3, 1)
    end(state, 3, Status.COMPLETED)
    assert state.newest_failure.trial_id == 1


def test_a_resumed_trial_goes_to_its_new_target():
    state = fresh_state()
    start(state, until=1)
    report(state, 0, 1)
    end(state, 0, Status.COMPLETED, 1.0)
    trial = resume(state, 0, 2.0, until=3, note={"fit": 1})
    assert (trial.until, trial.status, state.now) == (3, Status.RUNNING, 2.0)
    assert counts(state) == (1, 0, 0, 0, 0)
    assert state.scheduler.told[-2:] == [("pause", 0), ("resume", 0, {"fit": 1})]


@pytest.mark.parametrize("status", [Status.RUNNING, Status.COMPLETED, Status.FAILED])
def test_only_a_paused_trial_can_be_resumed(status):
    state = fresh_state()
    start(state)
    report(state, 0, 1)
    if status is not Status.RUNNING:
        end(state, 0, status)
    with pytest.raises(RecordError, match=f"Trial 0 was to be resumed but is {status.value.lower()}"):
        resume(state, 0)


def test_a_trial_ends_once():
    state = fresh_state()
    start(state)
    report(state, 0, 1)
    end(state, 0, Status.COMPLETED)
    with pytest.raises(RecordError, match="Trial 0 was to end but is completed"):
        end(state, 0, Status.COMPLETED)
    assert counts(state) == (0, 0, 1, 0, 0)


steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["start", "start", "report", "report", "rubbish", "pause", "stop", "completed", "failed", "resume"]
        ),
        st.integers(0, 30),
        st.integers(1, 9),
        st.floats(allow_nan=True, allow_infinity=True),
    ),
    max_size=60,
)


@given(steps=steps)
def test_every_trial_is_counted_once_whatever_happens(steps):
    state = fresh_state()
    now, n_reports, losses = 0.0, 0, {}
    for step, pick, epoch, loss in steps:
        now += 1.0
        running = [trial.id for trial in state.trials if trial.status is Status.RUNNING]
        paused = [trial.id for trial in state.trials if trial.status is Status.PAUSED]
        if step == "start":
            start(state, now, until=None if epoch > 5 else epoch)
        elif step == "resume" and paused:
            resume(state, paused[pick % len(paused)], now, until=epoch)
        elif running:
            trial_id = running[pick % len(running)]
            if step in ("report", "pause", "stop"):
                event = read(state, trial_id, {"epoch": epoch, "loss": loss}, now)
                if isinstance(event, LateReport):
                    continue
                decision = {"report": Decision.CONTINUE, "pause": Decision.PAUSE, "stop": Decision.STOP}[step]
                state.scheduler.decisions[trial_id, epoch] = decision
                decide(state, trial_id, state.apply(event))
                n_reports += 1
                losses.setdefault(trial_id, []).append(loss)
            elif step == "rubbish" and trial_id not in state.endings:
                give_up(state, trial_id, "no number")
            elif step in ("completed", "failed"):
                end(state, trial_id, Status.COMPLETED if step == "completed" else Status.FAILED, now)
        statuses = [trial.status for trial in state.trials]
        assert counts(state) == tuple(
            statuses.count(status)
            for status in (Status.RUNNING, Status.PAUSED, Status.COMPLETED, Status.STOPPED, Status.FAILED)
        )
        assert {trial.id for trial in state.running} == {t.id for t in state.trials if t.status is Status.RUNNING}
        assert sum(counts(state)) == state.n_started == len(state.trials)
        assert state.n_reports == n_reports == sum(trial.n_reports for trial in state.trials)
        finite = [
            loss
            for trial in state.trials
            if trial.status is not Status.FAILED
            for loss in losses.get(trial.id, [])
            if math.isfinite(loss)
        ]
        assert (state.incumbent.report.losses[0] if state.incumbent else None) == min(finite, default=None)
        assert 0 <= state.trials_since_improvement <= state.n_started
    told = [what for what, *_ in state.scheduler.told]
    assert told.count("start") == state.n_started
    assert told.count("end") == sum(trial.status.final for trial in state.trials)
    assert told.count("pause") == told.count("resume") + state.n_paused


def test_a_report_that_breaks_the_constraint_is_never_the_incumbent():
    state = fresh_state(constraint="memory")
    start(state)
    report(state, 0, 1, loss=0.1, memory=2.0)
    report(state, 0, 2, loss=0.2)
    assert state.incumbent is None
    report(state, 0, 3, loss=0.9, memory=0.0)
    report(state, 0, 4, loss=0.5, memory=math.nan)
    assert state.incumbent.report.resource == 3
    report(state, 0, 5, loss=0.8, memory=-1.0)
    assert state.incumbent.report.resource == 5
