"""What people ask of an experiment that runs is done once, recorded, and folds as it was live."""

from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.core.conftest import ScriptedBackend
from tunekit_core import Status, Streams
from tunekit_core.builtin.criteria import MaxNumTrialsFinished, MaxNumTrialsStarted
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.engine.events import Started, Steered
from tunekit_core.engine.fold import fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.engine.steering import Kind, Request
from tunekit_core.errors import ConfigurationError
from tunekit_core.testing.components import PausesAndStops

CountOptions = MaxNumTrialsFinished.Options


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr("tunekit_core.engine.tuner.time", Mock(sleep=lambda seconds: None))


def finished(n):
    return lambda problem: MaxNumTrialsFinished(problem, CountOptions(count=n))


class Scripted:
    """Asks when the experiment has come to a number of reports, or has been asked for something so many times."""

    seconds_between_looks = 0.25  # a report takes a second of that clock

    def __init__(self, *asked, criteria=()):
        self.asked = list(asked)  # (looks before it, kind, what is given)
        self.answers = []
        self.looks = 0
        self._criteria = criteria

    def requests(self):
        self.looks += 1
        due = [each for each in self.asked if each[0] <= self.looks]
        self.asked = [each for each in self.asked if each[0] > self.looks]
        return [Request(f"n{at}-{kind.value}", kind, given) for at, kind, given in due]

    def criteria(self, request):
        if "refuse" in request.given:
            raise ConfigurationError("That is no end.")
        return self._criteria

    def answer(self, request, refusal):
        self.answers.append((request.kind, refusal))


def curve(trial_id, run):
    return [1.0 / (trial_id + 1)] * 9


def folded(played):
    """The state that the record leads to."""
    problem = played.scheduler.problem
    streams = Streams(0)
    state = ExperimentState(problem, type(played.scheduler)(problem, streams, RandomSearch(problem, streams)))
    fold(played.recorded, state)
    return state


def test_a_configuration_that_is_asked_for_is_tried_next(play):
    asked = Scripted((5, Kind.TRY, {"configuration": {"x": 0.125}}))
    played = play(curve, steering=asked, stopping=[finished(4)])
    assert asked.answers == [(Kind.TRY, "")]
    configurations = [event["configuration"]["x"] for event in played.events if event["event"] == "start"]
    assert configurations[1] == 0.125
    kinds = [event["event"] for event in played.events]
    steered = played.events[kinds.index("steered")]
    assert (steered["kind"], steered["given"]) == ("try", {"configuration": {"x": 0.125}})
    others = [event["configuration"]["x"] for event in play(curve, stopping=[finished(4)], folder="b").events
              if event["event"] == "start"]  # fmt: skip
    assert configurations[2] == others[2]  # what is drawn for a trial follows from its number
    state = folded(played)
    assert not state.requested.proposed
    assert state.requested.nonces == {"n5-try"}


def test_several_come_one_after_the_other_and_alike_ones_count_too(play):
    wanted = [0.5, 0.25, 0.5]
    asked = Scripted(*((3, Kind.TRY, {"configuration": {"x": x}}) for x in wanted))
    played = play(curve, steering=Counted(asked), stopping=[finished(5)])
    configurations = [event["configuration"]["x"] for event in played.events if event["event"] == "start"]
    assert configurations[1:4] == wanted


class Counted:
    """The same with nonces of their own."""

    seconds_between_looks = 0.25  # a report takes a second of that clock

    def __init__(self, asked):
        self._asked, self._n, self.answers = asked, 0, asked.answers

    def requests(self):
        found = []
        for request in self._asked.requests():
            self._n += 1
            found.append(Request(f"{self._n}", request.kind, request.given))
        return found

    def criteria(self, request):
        return self._asked.criteria(request)

    def answer(self, request, refusal):
        self._asked.answer(request, refusal)


@pytest.mark.parametrize(
    ("configuration", "told"),
    [({"x": 2.0}, "x"), ({"y": 0.5}, "y"), ({"x": "much"}, "x"), ({"x": float("nan")}, "x")],
)
def test_a_configuration_that_is_none_is_refused_and_nothing_happens(play, configuration, told):
    asked = Scripted((5, Kind.TRY, {"configuration": configuration}))
    played = play(curve, steering=asked, stopping=[finished(2)])
    ((kind, refusal),) = asked.answers
    assert kind is Kind.TRY
    assert told in refusal
    assert not [event for event in played.events if event["event"] == "steered"]
    assert played.metadata["status"] == "completed"


def test_while_it_is_paused_nothing_begins_and_what_runs_goes_on(play):
    asked = Scripted((3, Kind.PAUSE, {}), (80, Kind.CONTINUE, {}))
    played = play(curve, steering=asked, stopping=[finished(3)])
    assert asked.answers == [(Kind.PAUSE, ""), (Kind.CONTINUE, "")]
    kinds = [event["event"] for event in played.events]
    held, on = kinds.index("steered"), len(kinds) - 1 - kinds[::-1].index("steered")
    assert set(kinds[held + 1 : on]) <= {"report", "decision", "ended"}
    assert "ended" in kinds[held:on]  # the trial that ran came to its end
    assert played.metadata["n_completed"] == 3
    assert not folded(played).requested.is_held


def test_what_is_so_already_is_refused(play):
    asked = Scripted((2, Kind.CONTINUE, {}), (3, Kind.PAUSE, {}), (4, Kind.PAUSE, {}), (5, Kind.CONTINUE, {}))
    play(curve, steering=asked, stopping=[finished(2)])
    assert [refusal for _, refusal in asked.answers] == ["It is not paused.", "", "It is paused already.", ""]


def test_a_stop_is_an_interruption_and_the_experiment_goes_on_later(play):
    asked = Scripted((12, Kind.STOP, {}))
    played = play(curve, steering=asked, stopping=[finished(3)], raises=KeyboardInterrupt)
    assert (played.metadata["status"], played.metadata["reason"]) == ("interrupted", "somebody asked it to stop")
    assert asked.answers == [(Kind.STOP, "")]
    assert played.events[-1]["kind"] == "stop"


def test_it_gets_another_end(play, problem):
    options = MaxNumTrialsStarted.Options(count=5)
    asked = Scripted((5, Kind.EXTEND, {"stopping": {}}), criteria=[MaxNumTrialsStarted(problem, options)])
    played = play(curve, steering=asked, stopping=[finished(2)])
    assert asked.answers == [(Kind.EXTEND, "")]
    assert played.metadata["n_started"] == 5


def test_an_end_that_is_behind_it_or_none_is_refused(play, problem):
    behind = [MaxNumTrialsStarted(problem, MaxNumTrialsStarted.Options(count=1))]
    asked = Scripted((5, Kind.EXTEND, {"stopping": {}}), (6, Kind.EXTEND, {"refuse": True}), criteria=behind)
    played = play(curve, steering=asked, stopping=[finished(2)])
    first, second = (refusal for _, refusal in asked.answers)
    assert first.startswith("stopping.max_num_trials_started: with that the experiment would end at once, since ")
    assert second == "That is no end."
    assert played.metadata["n_completed"] == 2


def test_once_it_ends_it_is_too_late(play):
    class Late(Scripted):
        def requests(self):
            return [Request("late", Kind.PAUSE, {})] if played_reports() >= 3 and not self.answers else []

    reports = []

    def played_reports():
        return len(reports)

    class Counting(MaxNumTrialsStarted):
        name = "counting"

        def __call__(self, view):
            reports[:] = range(view.n_reports)
            return "enough" if view.n_reports >= 3 else None

    late = Late()
    play(curve, steering=late, wait_for_running=True,
         stopping=[lambda problem: Counting(problem, MaxNumTrialsStarted.Options(count=1))])  # fmt: skip
    assert late.answers
    assert late.answers[0][1].startswith("It is too late: the experiment ends, since enough")


def test_what_was_done_is_not_done_again_by_the_next_process(play):
    asked = Scripted((5, Kind.TRY, {"configuration": {"x": 0.125}}), (24, Kind.STOP, {}))
    first = play(curve, steering=asked, stopping=[finished(4)], raises=KeyboardInterrupt, backend=Restoring)
    again = Scripted((5, Kind.TRY, {"configuration": {"x": 0.125}}))  # the same nonce, answered late
    second = play(curve, steering=again, stopping=[finished(4)], backend=Restoring)
    assert again.answers == [(Kind.TRY, "")]
    starts = [event["configuration"]["x"] for event in second.events if event["event"] == "start"]
    assert starts.count(0.125) == 1
    assert first.folder == second.folder


def test_a_paused_experiment_that_died_goes_on_when_it_is_resumed(play):
    asked = Scripted((3, Kind.PAUSE, {}), (5, Kind.TRY, {"configuration": {"x": 0.125}}), (60, Kind.STOP, {}))
    play(curve, steering=asked, stopping=[finished(3)], raises=KeyboardInterrupt, backend=Restoring)
    second = play(curve, stopping=[finished(3)], backend=Restoring)
    assert second.metadata["status"] == "completed"
    starts = [event["configuration"]["x"] for event in second.events if event["event"] == "start"]
    assert starts[1] == 0.125  # it was promised


class Restoring(ScriptedBackend):
    """Begins again what ran when its process died."""

    capabilities = frozenset({"pause", "checkpoint", "restore"})

    def restore(self, unfinished, now):
        self.time = now
        for each in unfinished:
            if each.trial.status is Status.RUNNING:
                self._begin(each.trial)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 60), st.sampled_from(["pause", "continue", "try"])), max_size=6))
def test_fold_equals_live_with_whatever_is_asked(play, tmp_path_factory, asked):
    requests = [
        (at, Kind(kind), {"configuration": {"x": (at + 0.5) / 100}} if kind == "try" else {})
        for at, kind in sorted(asked)
    ]
    steering = Counted(Scripted(*requests, (300, Kind.CONTINUE, {})))
    played = play(
        curve, steering=steering, scheduler=PausesAndStops, n_workers=3, batch=2, folder=tmp_path_factory.mktemp("run"),
        stopping=[lambda problem: MaxNumTrialsStarted(problem, CountOptions(count=20)), finished(8)],
    )  # fmt: skip
    state, live = folded(played), played.scheduler
    assert state.scheduler.suggest(state.n_started) == live.suggest(state.n_started)
    done = [event for event in played.recorded if isinstance(event, Steered)]
    tried = [event.given["configuration"]["x"] for event in done if event.kind is Kind.TRY]
    started = [event.configuration["x"] for event in played.recorded if isinstance(event, Started)]
    assert [x for x in started if x in tried] == tried[: len(tried) - len(state.requested.proposed)]
