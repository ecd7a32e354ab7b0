"""The state of an experiment is the fold of its events."""

import json
import math
import zlib
from operator import attrgetter

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tunekit_core import Streams, create
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import StartFailed
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.trials import Decision, Resume, Start, Status
from tunekit_core.engine.event_json import from_json, kind_of, to_json
from tunekit_core.engine.events import Decided, TunerStarted, Workers
from tunekit_core.engine.fold import fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.errors import RecordError, ReplayError
from tunekit_core.records.load import read_events


def lines(*records):
    """What ``events.jsonl`` has where these events were written, header first."""
    text = ""
    for number, record in enumerate([{"event": "tuner_started", "format": 2, "time": 0.0}, *records]):
        body = json.dumps({"number": number, **record})[:-1]
        text += f'{body}, "crc32": "{zlib.crc32(body.encode()):08x}"}}\n'
    return text


class Climb(Fifo):
    """Pauses every trial at epoch 1, resumes the better half of those, and stops the others of them at epoch 3."""

    needs = frozenset({"pause"})
    stop_at = 3

    def __init__(self, problem, streams, searcher):
        super().__init__(problem, streams, searcher)
        self.paused = {}

    def suggest(self, trial_id):
        if len(self.paused) >= 2:
            return Resume(
                min(self.paused, key=lambda trial: (self.paused[trial], trial)), until=9, note={"why": "best"}
            )
        proposal = self.searcher.suggest(trial_id, resource=1)
        return Start(proposal.configuration, until=1, note={"bracket": trial_id % 2})

    def on_resume(self, trial, note):
        del self.paused[trial.id]

    def on_report(self, trial, report):
        if report.resource == 1:
            return Decision.PAUSE
        return Decision.STOP if report.resource == self.stop_at and trial.id % 2 else Decision.CONTINUE

    def on_pause(self, trial):
        self.paused[trial.id] = trial.last_report.losses[0]


def script(trial_id, run):
    special = {3: [StartFailed("no")], 5: [0.4, {"epoch": 2, "loss": "high"}], 8: [], 10: [Status.FAILED]}
    losses = [math.nan if trial_id == 6 else (trial_id * 7 % 11) / 10 + 1 / epoch for epoch in range(1, 10)]
    return special.get(trial_id, losses)


counters = attrgetter("n_started", "n_running", "n_paused", "n_completed", "n_stopped", "n_failed", "n_reports")
others = attrgetter("cost", "now", "trials_since_improvement", "incumbent")
facts = attrgetter("id", "configuration", "until", "status", "last_report", "n_reports", "note", "parent", "is_ending")


def summary(state):
    """Everything that can be seen of a state."""
    return seen(state, state.trials, state.scheduler)


def seen(view, trials, scheduler):
    return counters(view), others(view), scheduler.paused, [facts(trial) for trial in trials]


def fresh_state(problem, scheduler=Climb):
    return ExperimentState(problem, scheduler(problem, Streams(0), RandomSearch(problem, Streams(0))))


def limit(n):
    return lambda problem: create("stopping", "max_num_evaluations", problem, count=n)


@pytest.fixture
def climbed(play):
    """An experiment in which everything happens that can."""
    played = play(script, scheduler=Climb, n_workers=3, lag=1.5, stopping=[limit(80)])
    kinds = {event["event"] for event in played.events}
    assert kinds == {"start", "resume", "report", "decision", "late", "unusable", "ended", "criterion"}
    assert {event["decision"] for event in played.events if event["event"] == "decision"} == {
        "CONTINUE",
        "PAUSE",
        "STOP",
    }
    return played


def test_events_fold_to_the_state_in_which_the_experiment_was_at_every_prefix(play, problem):
    live, trials, schedulers = [], [], []

    def climb(*context):
        schedulers.append(Climb(*context))
        return schedulers[-1]

    class Watches(Observer):
        """Keeps the state after every report and every end, with the number of events until then."""

        def on_trial_start(self, view, trial):
            trials.append(trial)

        def on_report(self, view, trial, report, decision):
            self.keep(view)

        def on_trial_end(self, view, trial, status):
            self.keep(view)

        def keep(self, view):
            live.append((len(read_events(folder)), repr(seen(view, trials, schedulers[-1]))))

    folder = play(script, scheduler=Climb, n_workers=1, stopping=[limit(1)], folder="watched").folder
    played = play(
        script,
        scheduler=climb,
        n_workers=3,
        lag=1.5,
        stopping=[limit(80)],
        observers=[lambda problem: Watches(problem, None)],
        folder="watched",
    )
    assert len(live) > 80
    for n_events, expected in live:
        state = fresh_state(problem)
        fold(played.recorded[:n_events], state)
        assert repr(summary(state)) == expected


def test_a_record_that_breaks_off_before_a_decision_folds_to_the_decision(climbed, problem):
    events = climbed.recorded
    for end, event in enumerate(events):
        if isinstance(event, Decided):
            broken_off, whole = fresh_state(problem), fresh_state(problem)
            fold(events[:end], broken_off)
            fold(events[: end + 1], whole)
            assert repr(summary(broken_off)) == repr(summary(whole))


def test_folding_in_parts_is_folding_the_whole(climbed, problem):
    events = climbed.recorded
    whole, parts = fresh_state(problem), fresh_state(problem)
    fold(events, whole)
    cut = next(i for i, event in enumerate(events) if i > len(events) // 2 and not isinstance(event, Decided))
    fold(events[:cut], parts)
    fold(events[cut:], parts)
    assert repr(summary(parts)) == repr(summary(whole))


def test_a_changed_decision_is_an_error_that_names_it(climbed, problem):
    with pytest.raises(ReplayError) as caught:
        fold(climbed.recorded, fresh_state(problem, type("Changed", (Climb,), {"stop_at": 4})))
    assert "at resource 3 the record says STOP, the scheduler now says CONTINUE" in str(caught.value)
    assert "with the versions that metadata.json names it goes on" in str(caught.value)


START = {"event": "start", "trial_id": 0, "configuration": {"x": 0.5}, "until": None, "checkpoint_of": None, "note": {}}
START |= {"time": 0.0}
REPORT = {"event": "report", "trial_id": 0, "run": 0, "metrics": {"epoch": 1, "loss": 0.5}, "time": 1.0}
ENDED = {"event": "ended", "trial_id": 0, "run": 0, "status": "Completed", "time": 1.0, "cause": "script", "reason": ""}
ENDED |= {"metrics": None, "cost": None, "has_checkpoint": False}


def test_a_list_in_a_recorded_configuration_is_a_tuple_and_is_written_as_a_list_again():
    record = {**START, "configuration": {"layers": [64, 32], "x": 0.5}}
    event = from_json(record)
    assert event.configuration == {"layers": (64, 32), "x": 0.5}
    assert json.loads(json.dumps(to_json(event))) == record


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([{**START, "trial_id": 1}], "starts trial 1 where trial 0 is next"),
        ([START, START], "starts trial 0 where trial 1 is next"),
        ([START, REPORT, ENDED], "no decision on the last report of trial 0"),
        ([START, {"event": "decision", "trial_id": 0, "decision": "STOP"}], "a decision on trial 0 without a report"),
        (
            [START, REPORT, {"event": "decision", "trial_id": 1, "decision": "PAUSE"}],
            "decides on trial 1 after a report of trial 0",
        ),
        ([REPORT], "event 'report' of trial 0, which was never started"),
        ([ENDED], "event 'ended' of trial 0"),
        ([{"event": "resume", "trial_id": 4, "until": 1, "note": {}, "time": 0.0}], "event 'resume' of trial 4"),
        ([{"event": "unusable", "trial_id": 4, "run": 0, "metrics": {}, "time": 0.0}], "event 'unusable' of trial 4"),
    ],
)
def test_a_record_that_makes_no_sense_is_an_error_that_says_why(problem, events, message):
    with pytest.raises(ReplayError, match=message):
        fold(map(from_json, events), fresh_state(problem))


def test_a_late_report_in_the_place_of_a_report_is_an_error(problem):
    decision = {"event": "decision", "trial_id": 0, "decision": "PAUSE"}
    with pytest.raises(ReplayError, match="a late report of trial 0"):
        fold(map(from_json, [START, REPORT, decision, REPORT]), fresh_state(problem))


def test_a_trial_that_ends_twice_in_the_record_is_an_error(problem):
    with pytest.raises(RecordError, match="Trial 0 was to end but is failed"):
        fold(map(from_json, [START, ENDED, ENDED]), fresh_state(problem))


@pytest.fixture
def file(tmp_path):
    """Writes ``events.jsonl``; its folder."""

    def write(text):
        (tmp_path / "events.jsonl").write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return write


def test_events_are_read_as_they_were_written(climbed):
    assert read_events(climbed.folder)[:2] == [TunerStarted(2, 0.0), Workers(3, 0.0)]
    assert read_events(climbed.folder)[2:] == [from_json(record) for record in climbed.events]


def test_every_event_is_on_disk_before_it_is_acted_on(play, tmp_path):
    last = []

    class Looks(Climb):
        def on_start(self, trial):
            last.append(("start", kind_of(read_events(tmp_path / "run")[-1])))

        def on_report(self, trial, report):
            last.append(("report", kind_of(read_events(tmp_path / "run")[-1])))
            return super().on_report(trial, report)

        def on_pause(self, trial):
            last.append(("ended", kind_of(read_events(tmp_path / "run")[-1])))
            super().on_pause(trial)

    play(script, scheduler=Looks, stopping=[limit(10)])
    assert {expected for expected, _ in last} == {"start", "report", "ended"}
    assert all(expected == found for expected, found in last)


def test_metrics_that_are_not_finite_survive(play):
    events = play(lambda t, run: [math.nan, math.inf, -math.inf], stopping=[limit(3)]).events
    assert [repr(event["metrics"]["loss"]) for event in events if event["event"] == "report"] == ["nan", "inf", "-inf"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lost=st.integers(0, 10_000))
def test_a_file_that_breaks_off_anywhere_gives_the_whole_lines(file, lost):
    text = lines(START, REPORT, ENDED)
    text = text[: len(text) - lost % (len(text) + 1)]
    written = [TunerStarted(2, 0.0), *map(from_json, (START, REPORT, ENDED))]
    assert read_events(file(text)) == written[: text.count("\n")]


def test_a_line_that_is_damaged_in_the_middle_is_an_error_that_names_it(file):
    header, start, report, ended = lines(START, REPORT, ENDED).splitlines(keepends=True)
    with pytest.raises(RecordError, match=r"Line 3 of .*events\.jsonl is damaged: its checksum is wrong"):
        read_events(file(header + start + report[:40] + "\n" + ended))


@pytest.mark.parametrize("line", [b"\x00" * 40, b"\xff\xfe", b"[1, 2]", b"{}", b"", json.dumps(START).encode()])
def test_a_line_without_its_checksum_is_an_error(file, line):
    with pytest.raises(RecordError, match="Line 2 of"):
        read_events(file(lines().encode() + line + b"\n" + lines(START, START).encode()))


@pytest.mark.parametrize(
    "record",
    [
        {"event": "restart", "trial_id": 0},
        {"event": ["start"]},
        {},
        {"event": "report", "trial_id": 0, "time": 0.0},
        {"event": "decision", "trial_id": 0, "decision": "WAIT"},
        {"event": "criterion", "name": "a", "reason": "b", "time": 0.0, "more": 1},
    ],
)
def test_a_line_that_is_no_event_is_an_error(file, record):
    with pytest.raises(RecordError, match=r"Line 2 of .* is no event"):
        read_events(file(lines(record, START)))


def test_a_record_of_a_later_format_is_not_called_damaged(file):
    header = '{"event": "tuner_started", "format": 3, "time": 0.0, "more": 1}\n'
    with pytest.raises(RecordError, match="it is not of format 2, which this version reads"):
        read_events(file(header + '{"event": "something new"}\n'))


@pytest.mark.parametrize("header", ['{"event": "tuner_started", "format": 1, "time": 0.0}', json.dumps(START)])
def test_another_format_is_refused(file, header):
    with pytest.raises(RecordError, match="it is not of format 2, which this version reads"):
        read_events(file(header + "\n"))
