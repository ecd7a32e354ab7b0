"""``events.jsonl``: numbers and checksums, what is damaged, and that it is read line by line."""

import json
import os
import shutil
import tracemalloc
import zlib

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tunekit_core import ExperimentRecord, Streams, Tuner, create
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import TrialEnded, TrialPlaced, TrialReported
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.trials import Cause, Checkpoint, Decision, Report, Status
from tunekit_core.engine.event_json import to_json
from tunekit_core.engine.events import (
    Anomaly,
    CriterionMet,
    Decided,
    LateReport,
    Restarted,
    Resumed,
    Started,
    Stopped,
    TunerStarted,
    UnusableReport,
    Workers,
)
from tunekit_core.errors import RecordError, shown
from tunekit_core.records.event_file import EventFile
from tunekit_core.records.load import read_events
from tunekit_core.space import Configuration
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem

NAN = float("nan")
X = Configuration({"x": 0.5, "act": "relu", "n": 3, "flag": True, "nothing": None})
EVENTS = [
    TunerStarted(2, 0.0),
    Workers(4, 0.0),
    Started(0, X, None, None, {}, 0.25),
    Started(1, X, 3, Checkpoint(0, 2), {"fit": [0.1, {"a": None}], "é": "\u2028"}, 1e-9),
    TrialPlaced(0, 0, "GPU 0", 1.5),
    TrialReported(0, 0, {"epoch": 1, "loss": float("inf"), "text": "two\nlines"}, 2.0),
    Decided(0, Decision.PAUSE),
    LateReport(0, 0, {"epoch": 2, "loss": -float("inf")}, 3.0),
    UnusableReport(1, 0, {"loss": "x"}, 3.0),
    Restarted(1, 1, Cause.INFRASTRUCTURE, "gone", 4.0),
    TrialEnded(0, 0, Status.FAILED, 5.0, Cause.LIMIT, "too long", {"accuracy": 0.5}, 7.25, True),
    Resumed(0, None, {"rung": 1}, 6.0),
    Stopped(0, 7.0),
    Anomaly("TrialEnded of trial 9, run 0", "there is no such trial", 8.0),
    CriterionMet("max_cost", "the cost reached 14", 9.0),
]


def written(event):
    """As it is written: a report has more than what came."""
    if not isinstance(event, TrialReported):
        return event
    return Report(event.trial_id, event.run, 1, event.metrics, (0.0,), event.time)


def write(path, events):
    file = EventFile(path)
    list(file.read())
    for event in events:
        file.write(written(event))
    file.close()
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A file with an event of every kind."""
    return write(tmp_path_factory.mktemp("whole") / "events.jsonl", EVENTS)


def read(path):
    """The events that can be read, and the error where they end, if there is one."""
    events = []
    try:
        for event in EventFile(path).read():
            events.append(event)
    except RecordError as error:
        return events, error
    return events, None


@pytest.fixture
def file(tmp_path):
    def make(content):
        path = tmp_path / "events.jsonl"
        path.write_bytes(content)
        return path

    return make


def test_every_kind_of_event_is_read_as_it_was_written(whole):
    assert read(whole) == (EVENTS, None)
    assert [json.loads(line)["event"] for line in whole.read_text().splitlines()] == [
        *("tuner_started", "workers", "start", "start", "placed", "report", "decision", "late", "unusable"),
        *("restarted", "ended", "resume", "stop", "anomaly", "criterion"),
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda path: os.mkfifo(path),  # nobody writes to it: who opened it would wait for ever
        lambda path: path.mkdir(),
        lambda path: path.symlink_to("/nowhere"),
        lambda path: path.symlink_to("/dev/zero"),
    ],
    ids=["pipe", "folder", "link to nothing", "link to a device"],
)
def test_what_is_no_file_is_an_error_at_once(tmp_path, make):
    path = tmp_path / "events.jsonl"
    make(path)
    events, error = read(path)
    assert (events, str(error)) == ([], f"{path} cannot be read: it is no file.")


def test_metrics_that_are_no_number_are_read_as_that(tmp_path):
    events, error = read(write(tmp_path / "events.jsonl", [EVENTS[0], LateReport(0, 0, {"loss": NAN}, NAN)]))
    assert error is None
    assert repr(events[1].metrics["loss"]) == repr(events[1].time) == "nan"


def test_lines_are_numbered_from_0_and_carry_the_checksum_of_what_is_before_it(whole):
    for number, line in enumerate(whole.read_bytes().splitlines()):
        record = json.loads(line)
        assert next(iter(record.items())) == ("number", number)
        body, checksum = line.split(b', "crc32": ')
        assert checksum == b'"%08x"}' % zlib.crc32(body)


@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.integers(0, 10**6), mask=st.integers(1, 255))
def test_a_byte_that_was_changed_anywhere_is_named_with_its_line_and_what_is_before_can_be_read(
    whole, file, where, mask
):
    content = bytearray(whole.read_bytes())
    where %= len(content) - 1  # without the last end of line: without it the line was never finished
    number = content[:where].count(b"\n")
    content[where] ^= mask
    path = file(bytes(content))
    events, error = read(path)
    assert events == EVENTS[:number]
    assert str(error).startswith(f"Line {number + 1} of {path} is damaged")


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 10**6))
def test_a_file_that_was_cut_off_anywhere_gives_its_whole_lines(whole, file, cut):
    content = whole.read_bytes()
    content = content[: cut % (len(content) + 1)]
    assert read(file(content)) == (EVENTS[: content.count(b"\n")], None)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 10**6))
def test_after_a_cut_what_is_written_goes_on_with_the_numbers(whole, file, cut):
    content = whole.read_bytes()
    n_whole = content[: cut % (len(content) + 1)].count(b"\n")
    path = file(content[: cut % (len(content) + 1)])
    write(path, EVENTS[n_whole:])
    assert path.read_bytes() == content


def test_a_last_line_without_its_end_is_gone_once_something_is_written(whole, file):
    path = file(whole.read_bytes()[:-1])
    write(path, [Workers(2, 3.0)])
    assert read(path) == ([*EVENTS[:-1], Workers(2, 3.0)], None)


def test_reading_alone_changes_nothing(whole, file):
    content = whole.read_bytes()[:-5]
    path = file(content)
    read(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("missing", range(1, len(EVENTS) - 1))
def test_a_line_that_is_missing_is_noticed_at_the_next(whole, file, missing):
    lines = whole.read_bytes().splitlines(keepends=True)
    path = file(b"".join(lines[:missing] + lines[missing + 1 :]))
    events, error = read(path)
    assert events == EVENTS[:missing]
    assert str(error) == f"Line {missing + 1} of {path} is not where it belongs: lines before it are missing."


@pytest.mark.parametrize("first", range(1, len(EVENTS) - 1))
def test_two_lines_that_changed_places_are_noticed(whole, file, first):
    lines = whole.read_bytes().splitlines(keepends=True)
    lines[first], lines[first + 1] = lines[first + 1], lines[first]
    path = file(b"".join(lines))
    events, error = read(path)
    assert events == EVENTS[:first]
    assert str(error).startswith(f"Line {first + 1} of {path} is not where it belongs")


def test_a_line_that_is_there_twice_is_noticed(whole, file):
    lines = whole.read_bytes().splitlines(keepends=True)
    events, error = read(file(b"".join([*lines[:4], lines[3], *lines[4:]])))
    assert events == EVENTS[:4]
    assert str(error).startswith("Line 5 of ")


def test_without_its_first_line_a_file_is_no_record(whole, file):
    path = file(b"".join(whole.read_bytes().splitlines(keepends=True)[1:]))
    events, error = read(path)
    assert events == []
    assert f"Line 1 of {path} is not where it belongs: lines before it are missing." in str(error)


FORMAT_1 = (
    '{"event": "tuner_started", "format": 1, "time": 0.0}\n'
    '{"event": "start", "trial_id": 0, "configuration": {"x": 0.5}, "until": null, "checkpoint_of": null, "note": {}, '
    '"time": 0.0}\n'
)


def test_a_record_of_format_1_is_refused_with_what_to_do(file):
    path = file(FORMAT_1.encode())
    events, error = read(path)
    assert events == []
    assert str(error) == (
        f"{path} begins with {{'event': 'tuner_started', 'format': 1, 'time': 0.0}}: it is not of format 2, which this "
        "version reads. Read it with the version that wrote it."
    )


def test_a_record_of_a_later_format_with_whole_lines_is_not_called_damaged(file):
    body = b'{"number": 0, "event": "tuner_started", "format": 3, "time": 0.0'
    _, error = read(file(body + b', "crc32": "%08x"}\n' % zlib.crc32(body)))
    assert "it is not of format 2, which this version reads" in str(error)


# Lines that are whole, and no events

FIRST = '{"number": 0, "event": "tuner_started", "format": 2, "time": 0.0'


def whole_line(body):
    """A line with the right checksum; without the brace at its end, which comes after that."""
    content = body if isinstance(body, bytes) else body.encode()
    return content + b', "crc32": "%08x"}\n' % zlib.crc32(content)


def numbered(record):
    """The second line of a file, as it is written."""
    return json.dumps({"number": 1, **record})[:-1]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "is no JSON: Expecting value: line 1 column 1 (char 0)"),
        ("7", "is no JSON: Extra data: line 1 column 2 (char 1)"),
        ('"text', "is no JSON: Unterminated string starting at: line 1 column 1 (char 0)"),
        ("[1, 2]", "is no JSON: Extra data: line 1 column 7 (char 6)"),
        ("{", "is no event: it has no number"),
        ("{" * 100_000, "is no JSON: "),
        ('{"number": 1, "a": ' + "[" * 100_000 + "]" * 100_000, "is no JSON: it is nested too deep"),
        (b'{"number": 1, "a": "\xff"', "is no JSON: 'utf-8' codec can't decode"),
        ('{"event": "stop", "trial_id": 0, "time": 1.0', "is no event: it has no number"),
        ('{"number": null, "event": "stop", "trial_id": 0, "time": 1.0', "is no event: it has no number"),
        ('{"number": "1", "event": "stop", "trial_id": 0, "time": 1.0', "is no event: it has no number"),
        ('{"number": true, "event": "stop", "trial_id": 0, "time": 1.0', "is no event: it has no number"),
        ('{"number": 1.0, "event": "stop", "trial_id": 0, "time": 1.0', "is no event: it has no number"),
        ('{"number": 2, "event": "stop", "trial_id": 0, "time": 1.0', "is not where it belongs: lines before it"),
        ('{"number": 1', "is no event: none is of the kind None"),
        ('{"number": 1, "event": "begin"', "is no event: none is of the kind 'begin'"),
        ('{"number": 1, "event": ["stop"]', "is no event: none is of the kind ['stop']"),
        ('{"number": 1, "event": {}', "is no event: none is of the kind {}"),
        ('{"number": 1, "event": "stop"', "is no event: 'stop' has the fields trial_id, time, this has none"),
        (
            '{"number": 1, "event": "stop", "time": 1.0, "why": "so"',
            "is no event: 'stop' has the fields trial_id, time, this has time, why",
        ),
    ],
)
def test_a_line_with_the_right_checksum_that_is_no_event_is_named(file, body, problem):
    path = file(whole_line(FIRST) + whole_line(body))
    events, error = read(path)
    assert events == [EVENTS[0]]
    assert str(error).startswith(f"Line 2 of {path} {problem}")


@pytest.mark.parametrize("body", ["", "7", "{", "{" * 100_000, '{"a": ' + "[" * 100_000 + "]" * 100_000, b"\xff"])
def test_a_first_line_with_the_right_checksum_that_begins_no_record_is_refused(file, body):
    path = file(whole_line(body))
    events, error = read(path)
    assert events == []
    assert str(path) in str(error)


WRONG = {
    "trial_id": [None, True, -1, 1.0, "0", [0], {}],
    "run": [None, True, -1, 1.0, "0", [0], {}],
    "n": [None, True, 0, 2.0, "4", [], {}],
    "format": [None, True, "2", 2.0, [], {}],
    "until": [True, 0, 1.5, "3", [3], {}],
    "time": [None, True, "1.0", [], {}, 10**400],
    "cost": [True, "1.0", [], {}, 10**400],
    "metrics": [None, True, 3, "loss", [], [["loss", 1.0]]],
    "configuration": [None, True, 3, "x", [], [["x", 0.5]]],
    "note": [None, True, 3, "x", [], [["x", 0.5]]],
    "checkpoint_of": [True, 3, "x", [0, 2], {}, {"trial_id": 0}, {"trial_id": 0, "resource": "2"}, {"a": 1}],
    "decision": [None, True, 3, "stop", [], {}],
    "status": [None, True, 3, "failed", [], {}],
    "cause": [None, True, 3, "SCRIPT", [], {}],
    "reason": [None, True, 3, [], {}],
    "message": [None, True, 3, [], {}],
    "name": [None, True, 3, [], {}],
    "place": [None, True, 3, [], {}],
    "has_checkpoint": [None, 0, 1.0, "false", [], {}],
    "is_beyond": [None, 0, 1.0, "false", [], {}],
}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_field_of_another_type_is_named_with_its_value(file, event):
    record = to_json(written(event))
    for name in record.keys() - {"event"}:
        for wrong in WRONG[name]:
            if (name, wrong, record["event"]) == ("metrics", None, "ended"):  # it may have none
                continue
            path = file(whole_line(FIRST) + whole_line(numbered({**record, name: wrong})))
            events, error = read(path)
            assert events == [EVENTS[0]]
            expected = f"Line 2 of {path} is no event: '{record['event']}' with {name}={shown(wrong)}, where one of "
            assert str(error).startswith(f"{expected}these is needed: ")


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_that_lacks_a_field_or_has_one_more_is_named(file, event):
    record = to_json(written(event))
    fields = [name for name in record if name != "event"]
    for left_out in fields:
        path = file(whole_line(FIRST) + whole_line(numbered({k: v for k, v in record.items() if k != left_out})))
        rest = [name for name in fields if name != left_out]
        expected = f"'{record['event']}' has the fields {', '.join(fields)}, this has {', '.join(rest) or 'none'}"
        assert str(read(path)[1]).startswith(f"Line 2 of {path} is no event: {expected}")
    assert "this has " in str(read(file(whole_line(FIRST) + whole_line(numbered({**record, "more": 1}))))[1])


@pytest.mark.parametrize(
    ("event", "field", "problem"),
    [
        (
            EVENTS[12],
            {"trial_id": -1},
            "'stop' with trial_id=-1, where one of these is needed: a whole number from 0 on",
        ),
        (EVENTS[6], {"decision": "go"}, "'decision' with decision='go', where one of these is needed: {decisions}"),
        (
            EVENTS[3],
            {"checkpoint_of": {"trial_id": 0}},
            "'start' with checkpoint_of={'trial_id': 0}, where one of these is needed: an object with trial_id and "
            "resource, null",
        ),
    ],
)
def test_what_a_field_can_be_is_said(file, event, field, problem):
    path = file(whole_line(FIRST) + whole_line(numbered({**to_json(written(event)), **field})))
    problem = problem.replace("{decisions}", ", ".join(decision.value for decision in Decision))
    assert str(read(path)[1]) == f"Line 2 of {path} is no event: {problem}."


# Reading line by line


def test_the_next_line_is_read_when_the_next_event_is_asked_for(whole, tmp_path):
    path = shutil.copy(whole, tmp_path / "events.jsonl")
    lines = whole.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0])
    reading = EventFile(path).read()
    for number, line in enumerate(lines[1:]):
        assert next(reading) == EVENTS[number]
        with open(path, "ab") as more:
            more.write(line)
    assert next(reading) == EVENTS[-1]
    assert next(reading, None) is None


def test_reading_takes_no_more_memory_for_more_lines(tmp_path):
    def peak(n):
        path = write(tmp_path / f"{n}.jsonl", [EVENTS[0], *[EVENTS[5]] * n])
        tracemalloc.start()
        for _ in EventFile(path).read():
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)  # what is imported and cached on the way
    assert peak(20_000) < 2 * peak(1_000) + 100_000


def test_a_restored_experiment_takes_its_record_one_event_at_a_time(tmp_path):
    problem, streams = toy_problem(ToyBenchmark()), Streams(0)
    alive = []

    class Lazy:
        """A record whose events are gone when the next one is asked for."""

        keeps_events = True

        def begin(self, problem, n_workers, components, metadata, *, restores):
            yield TunerStarted(2, 0.0)
            yield Workers(4, 0.0)
            for trial_id in range(100):
                alive.append(scheduler.n_started)
                yield Started(trial_id, problem.space.default(), None, None, {}, float(trial_id))

        def write(self, event):
            pass

        def finish(self, status, reason, summary):
            pass

        def row(self, trial, report, decision, composed):
            pass

    class Counts(Fifo):
        n_started = 0

        def on_start(self, trial):
            self.n_started += 1
            super().on_start(trial)

    scheduler = Counts(problem, streams, RandomSearch(problem, streams))
    Tuner(
        scheduler=scheduler,
        backend=ToyBackend(problem, ToyBenchmark(), None, streams),
        stopping=[create("stopping", "max_num_trials_started", problem, count=1)],
        record=Lazy(),
    ).run()
    assert alive == list(range(100))


# Two processes


class Dies(Observer):
    """Ends the process, as far as the experiment can see, after so many reports."""

    name = "dies"

    def __init__(self, problem, n):
        super().__init__(problem, None)
        self.n = n

    def on_report(self, view, trial, report, decision):
        self.n -= 1
        if not self.n:
            raise Died


class Died(KeyboardInterrupt):
    """Taken for a death: the record of the experiment goes no further."""


def run(folder, *, n_workers=3, dies_after=None):
    benchmark, streams = ToyBenchmark(), Streams(0)
    problem = toy_problem(benchmark)
    tuner = Tuner(
        scheduler=Fifo(problem, streams, RandomSearch(problem, streams)),
        backend=ToyBackend(problem, benchmark, None, streams),
        stopping=[create("stopping", "max_num_evaluations", problem, count=60)],
        n_workers=n_workers,
        observers=[] if dies_after is None else [Dies(problem, dies_after)],
        record=ExperimentRecord(folder, keep_events=True),
    )
    if dies_after is None:
        return tuner.run()
    with pytest.raises(Died):
        tuner.run()


def test_lines_of_several_processes_are_numbered_on(tmp_path):
    run(tmp_path, dies_after=20)
    n_first = len(read_events(tmp_path))
    run(tmp_path, n_workers=2, dies_after=20)
    n_second = len(read_events(tmp_path))
    run(tmp_path, n_workers=2)
    events = read_events(tmp_path)
    numbers = [json.loads(line)["number"] for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert numbers == list(range(len(events)))
    began = [number for number, event in enumerate(events) if isinstance(event, TunerStarted)]
    assert began == [0, n_first, n_second]
    assert [event.n for event in events if isinstance(event, Workers)] == [3, 2]
    assert [event.time for event in events if isinstance(event, TunerStarted)][1] > 0.0


def test_a_record_that_is_damaged_is_not_gone_on_from_and_not_written_to(tmp_path):
    run(tmp_path, dies_after=20)
    path = tmp_path / "events.jsonl"
    content = path.read_bytes()
    damaged = content.replace(b'"score"', b'"scorf"', 1)
    path.write_bytes(damaged)
    before = (tmp_path / "metadata.json").read_bytes()
    number = content[: content.index(b'"score"')].count(b"\n") + 1
    with pytest.raises(RecordError, match=f"Line {number} of .* is damaged: its checksum is wrong"):
        run(tmp_path)
    assert path.read_bytes() == damaged
    assert (tmp_path / "metadata.json").read_bytes() == before


def test_what_is_recorded_is_what_was_applied(tmp_path):
    run(tmp_path)
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    for event, line in zip(read_events(tmp_path), lines, strict=True):
        record = {name: value for name, value in json.loads(line).items() if name not in ("number", "crc32")}
        assert to_json(written(event)) == record
