"""What an experiment had come to is read from its record: after any end of its process, and while it runs."""

import csv
import io
import itertools
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
import zlib

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from tests.core.deciding import Decides
from tunekit_core import AskTell, ExperimentRecord, Objective, Streams, Tuner, create, load_experiment
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.composers import ResultComposer
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.contracts.trials import Status
from tunekit_core.errors import RecordError
from tunekit_core.records.event_file import CHECKSUM, EventFile
from tunekit_core.records.files import write_metadata
from tunekit_core.records.so_far import read_so_far
from tunekit_core.space import SearchSpace, choice
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem

numbers = itertools.count()


def count(name, n):
    return lambda problem: create("stopping", name, problem, count=n)


def script(trial_id, run):
    """Losses of a trial from epoch 1 on; some trials fail, report what cannot be used, or a metric of their own."""
    if trial_id == 4:
        return [0.01, Status.FAILED]
    if trial_id == 5:
        return [0.3, {"epoch": 2, "loss": "high"}]
    if trial_id == 6:
        return [{"epoch": 1, "loss": 0.4, "note": 'a "b", c\nd'}, 0.35, 0.33]
    return [(trial_id * 7 + epoch) % 11 / 10 if trial_id != 7 else math.nan for epoch in range(4)]


def rows_of(content):
    """The rows of a ``results.csv.zip``: of each what is not empty, by column."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = archive.read("results.csv").decode()
    return [{name: cell for name, cell in row.items() if cell} for row in csv.DictReader(io.StringIO(text, newline=""))]


def rows_of_frame(experiment):
    """As :func:`rows_of`, of an experiment that was loaded."""
    frame = experiment.results
    return [{name: cell for name, cell in row.items() if cell == cell} for row in frame.to_dict("records")]


def n_decided(folder):
    lines = (folder / "events.jsonl").read_bytes().split(b"\n")[:-1]
    return sum(json.loads(line)["event"] == "decision" for line in lines)


def content_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """Copies of the folder of an experiment as kill -9 would leave it: after each event, and after each file."""
    folders = []

    def copy():
        if (tmp_path / "run" / "metadata.json").exists():
            folders.append(tmp_path / f"copy{len(folders)}")
            shutil.copytree(tmp_path / "run", folders[-1])

    write, replace = EventFile.write, os.replace

    def write_and_copy(self, event):
        write(self, event)
        copy()

    def replace_and_copy(source, target):
        replace(source, target)
        copy()

    monkeypatch.setattr(EventFile, "write", write_and_copy)
    monkeypatch.setattr(os, "replace", replace_and_copy)
    return folders


@pytest.mark.parametrize("n_workers", [1, 3])
def test_an_experiment_that_is_killed_at_any_moment_is_read_as_far_as_it_came(play, copies, n_workers):
    stopping = [count("max_num_evaluations", 40)]
    played = play(script, scheduler=Decides, n_workers=n_workers, lag=1.0, stopping=stopping)
    *killed, at_the_end = copies
    assert len(killed) > 100
    whole = rows_of_frame(load_experiment(played.folder))
    for folder in killed:
        if not (folder / "events.jsonl").exists():
            continue
        experiment = load_experiment(folder)
        assert experiment.metadata["status"] == "interrupted"
        assert rows_of_frame(experiment) == whole[: n_decided(folder)]
        assert experiment.metadata["n_reports"] == n_decided(folder)
    last, ended = load_experiment(killed[-1]), load_experiment(at_the_end)
    assert (killed[-1] / "results.csv.zip").exists()
    assert ended.metadata["status"] == "completed"
    assert {name: ended.metadata[name] for name in last.metadata if name not in ("status", "numerics", "failures")} == {
        name: value for name, value in last.metadata.items() if name not in ("status", "numerics", "failures")
    }
    assert [failure["trial_id"] for failure in last.metadata["failures"]] == last.failed_trials == [4, 5]
    assert (last.best_value(), last.best_configuration()) == (ended.best_value(), ended.best_configuration())
    assert last.best_over_time().equals(ended.best_over_time())


def kill(folder):
    """Make of the folder of an experiment that has ended one of a process that was killed before it could end it."""
    (folder / "results.csv.zip").unlink()
    metadata = json.loads((folder / "metadata.json").read_text())
    kept = metadata.keys() - {"ended", "reason", "incumbent", "n_reports", "failed_trials", "failures"}
    running = {**{name: metadata[name] for name in metadata if name in kept}, "status": "running"}
    (folder / "metadata.json").write_text(json.dumps(running))


def test_what_is_read_is_to_the_byte_what_the_experiment_would_have_written(play):
    played = play(script, scheduler=Decides, n_workers=3, stopping=[count("max_num_evaluations", 60)])
    so_far = read_so_far(played.folder, played.metadata)
    assert so_far.results == (played.folder / "results.csv.zip").read_bytes()
    unusable = "it reported what cannot be used"  # what exactly was not recorded
    told = {**played.metadata, "failures": [played.metadata["failures"][0], {"trial_id": 5, "reason": unusable}]}
    assert so_far.summary == {name: told[name] for name in so_far.summary}


def test_reading_changes_no_file(play):
    played = play(script, stopping=[count("max_num_evaluations", 10)])
    kill(played.folder)
    before = content_of(played.folder)
    experiment = load_experiment(played.folder)
    assert len(experiment.results) == 10
    assert experiment.best_value() == 0.0
    assert content_of(played.folder) == before


def test_an_experiment_that_runs_is_read_meanwhile(play, tmp_path):
    seen = []

    class Looks(Observer):
        name = "looks"

        def on_report(self, view, trial, report, decision):
            experiment = load_experiment(tmp_path / "run")
            seen.append((experiment.metadata["status"], len(experiment.results), experiment.best_value()))

    play(lambda t, run: [0.5 - t / 10, 0.75], stopping=[count("max_num_evaluations", 4)], observers=[observing(Looks)])
    assert seen == [("running", 1, 0.5), ("running", 2, 0.5), ("running", 3, 0.4), ("running", 4, 0.4)]


def observing(kind):
    return lambda problem: kind(problem, None)


def test_what_was_read_stays_as_it_was_when_it_was_loaded(play, tmp_path):
    loaded = []

    class Looks(Observer):
        name = "looks"

        def on_report(self, view, trial, report, decision):
            loaded.append(load_experiment(tmp_path / "run"))

    play(lambda t, run: [0.5 - t / 10], stopping=[count("max_num_evaluations", 3)], observers=[observing(Looks)])
    assert [len(experiment.results) for experiment in loaded] == [1, 2, 3]
    assert [experiment.metadata["n_reports"] for experiment in loaded] == [1, 2, 3]


steps = strategies.one_of(
    strategies.floats(),
    strategies.integers(-5, 5),
    strategies.sampled_from(
        [Status.FAILED, {"epoch": 1}, {"epoch": 99, "loss": 0.5}, {"epoch": 2, "loss": 0.1, "a,b": "\ud800\n"}]
    ),
)
scripts = strategies.lists(strategies.lists(steps, max_size=5), min_size=1, max_size=6)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scripts, strategies.integers(1, 3), strategies.booleans(), strategies.floats(0, 1))
def test_whatever_trials_report_the_record_tells_the_rows_that_are_written(play, losses, n_workers, pauses, cut):
    folder = f"run{next(numbers)}"
    played = play(
        lambda t, run: losses[t % len(losses)],
        scheduler=Decides if pauses else Fifo,
        n_workers=n_workers,
        stopping=[count("max_num_trials_started", 8), count("max_num_evaluations", 30)],
        folder=folder,
    )
    whole = read_so_far(played.folder, played.metadata)
    assert whole.results == (played.folder / "results.csv.zip").read_bytes()
    record = (played.folder / "events.jsonl").read_bytes()
    (played.folder / "events.jsonl").write_bytes(record[: round(cut * len(record))])
    so_far = read_so_far(played.folder, played.metadata)
    n_rows = n_decided(played.folder) + so_far.summary.get("n_incomplete", 0)  # which lack the metric, and are kept
    assert rows_of(so_far.results) == rows_of(whole.results)[:n_rows]
    assert so_far.summary["n_reports"] == n_decided(played.folder)


def killed(play, reports, **options):
    """The folder of an experiment that was killed after its only trial had reported these losses."""
    played = play(lambda t, run: reports, stopping=[count("max_num_trials_finished", 1)], **options)
    kill(played.folder)
    return played.folder


def test_a_line_that_is_being_written_and_a_report_that_is_not_decided_on_are_left_out(play):
    folder = killed(play, [0.5, 0.25, 0.125])
    lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    third = next(n for n, line in enumerate(lines) if b"0.125" in line)
    for record in (lines[: third + 1], [*lines[: third + 1], lines[third + 1][:-1]]):
        (folder / "events.jsonl").write_bytes(b"".join(record))
        experiment = load_experiment(folder)
        assert (len(experiment.results), experiment.best_value(), experiment.metadata["time"]) == (2, 0.25, 2.0)


def test_trials_that_have_failed_so_far_do_not_count(play):
    played = play(lambda t, run: [0.5] if t else [0.25, Status.FAILED], stopping=[count("max_num_trials_finished", 2)])
    kill(played.folder)
    experiment = load_experiment(played.folder)
    assert experiment.failed_trials == [0]
    assert experiment.metadata["failures"] == [{"trial_id": 0, "reason": "exit code 1"}]
    assert experiment.metadata["best_of_failed"]["metrics"] == {"loss": 0.25}
    assert (experiment.best_value(), [*experiment.best_over_time()["loss"]]) == (0.5, [math.inf, 0.5])


def test_constraint_modes_and_several_metrics_are_those_of_the_experiment(play, make_problem):
    problem = make_problem(objective=Objective(["acc", "size"], ["max", "min"], "epoch"), constraint="memory")
    reports = [(1, 0.9, 3, 1.0), (2, 0.7, 2, 0.0), (3, 0.8, 4, -1.0)]
    script = [{"epoch": epoch, "acc": acc, "size": size, "memory": memory} for epoch, acc, size, memory in reports]
    experiment = load_experiment(killed(play, script, problem=problem))
    assert (experiment.best_value(), experiment.metadata["incumbent"]["resource"]) == (0.8, 3)
    assert [each["resource"] for each in experiment.metadata["incumbents"]] == [2, 3]
    assert [*experiment.best_over_time()["acc"]] == [-math.inf, 0.7, 0.8]


def test_before_the_first_report_there_is_a_table_without_rows_and_no_best_configuration(play):
    folder = killed(play, [0.5])
    lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "events.jsonl").write_bytes(b"".join(lines[:3]))
    experiment = load_experiment(folder)
    assert (len(experiment.results), experiment.failed_trials, experiment.metadata["n_started"]) == (0, [], 1)
    with pytest.raises(RecordError, match="no trial has reported a finite value"):
        experiment.best_configuration()


class Doubles(ResultComposer):
    name = "doubles"

    def __call__(self, view, trial, report):
        return {"twice": 2 * report.losses[0]}


def test_columns_of_composers_are_not_in_the_record(play):
    folder = killed(play, [0.5], composers=[lambda problem: Doubles(problem)])
    assert "loss" in load_experiment(folder).results.columns
    assert "twice" not in load_experiment(folder).results.columns


def test_values_of_the_search_space_come_back_as_they_were(play, make_problem):
    space = SearchSpace({"act": choice(["None", "relu"]), "flag": choice([True, False]), "n": 7})
    experiment = load_experiment(killed(play, [0.5], problem=make_problem(space=space)))
    assert experiment.best_configuration() == {"act": "None", "flag": True, "n": 7}
    assert experiment.results["config_act"].tolist() == ["None"]


def test_results_that_are_lost_are_read_from_the_record(play):
    played = play(lambda t, run: [0.5, 0.25], stopping=[count("max_num_trials_finished", 1)])
    whole = load_experiment(played.folder).results
    (played.folder / "results.csv.zip").unlink()
    experiment = load_experiment(played.folder)
    assert experiment.results.equals(whole)
    assert experiment.metadata == played.metadata


def test_a_damaged_record_is_an_error_that_names_the_line(play):
    folder = killed(play, [0.5, 0.25])
    record = (folder / "events.jsonl").read_bytes()
    (folder / "events.jsonl").write_bytes(record.replace(b"0.25", b"0.15"))
    with pytest.raises(RecordError) as caught:
        load_experiment(folder)
    assert str(caught.value) == (
        f"Line 6 of {folder / 'events.jsonl'} is damaged: its checksum is wrong. Reports before that: 1."
    )


def test_a_record_that_is_no_file_is_an_error(play):
    folder = killed(play, [0.5])
    (folder / "events.jsonl").unlink()
    (folder / "events.jsonl").mkdir()
    with pytest.raises(RecordError, match=r"events\.jsonl cannot be read: it is no file\. Reports before that: 0\."):
        load_experiment(folder)


def with_numbers(lines):
    """Lines of a record with other numbers, and the checksums that belong to them."""
    for number, line in enumerate(lines):
        event = {name: value for name, value in json.loads(line).items() if name != "crc32"}
        body = json.dumps({**event, "number": number})[:-1].encode()
        yield body + CHECKSUM % zlib.crc32(body)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ([0, 1, 3, 4], "The record has the event 'report' of trial 0, which was never started"),
        ([0, 1, 2, 4], "The record has a decision on trial 0 without a report"),
        ([0, 1, 2, 3, 5, 6], "The record has no decision on the last report of trial 0"),
        ([0, 1, 2, 3, 4, 4], "The record has a decision on trial 0 without a report"),
        ([0, 1, 2, 5, 6, 3, 4], "The record has a late report of trial 0 that was shown"),
        ([0, 1, 2, 3, 4, 5, 6, 7, 7], "Trial 0 was to end but is completed: only a running trial can end"),
    ],
)
def test_a_record_that_makes_no_sense_is_an_error(play, order, message):
    folder = killed(play, [0.5, 0.25])
    lines = (folder / "events.jsonl").read_bytes().splitlines()
    (folder / "events.jsonl").write_bytes(b"".join(with_numbers([lines[number] for number in order])))
    with pytest.raises(RecordError, match=rf"events\.jsonl is not the record of this experiment: {message}"):
        load_experiment(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"search_space": "x"}, r"metadata\.json is damaged: search_space is 'x'"),
        ({"search_space": [{}]}, r"metadata\.json does not tell what is tuned"),
        ({"metric": []}, r"metadata\.json is damaged: metric is \[\]"),
        ({"mode": ["best"]}, r"metadata\.json is damaged: mode is \['best'\]"),
        ({"max_resource": "all"}, r"metadata\.json does not tell what is tuned: .*max_resource='all'"),
        ({"metric": ["accuracy"]}, r"events\.jsonl is not the record of this experiment"),
        ({"resource": "step"}, r"events\.jsonl is not the record of this experiment"),
        ({"max_resource": 1}, r"events\.jsonl is not the record of this experiment"),
        ({"search_space": SearchSpace({"y": 1}).to_json()}, r"events\.jsonl is not the record of this experiment"),
    ],
)
def test_metadata_that_do_not_fit_the_record_are_an_error(play, change, message):
    folder = killed(play, [0.5, 0.25])
    metadata = json.loads((folder / "metadata.json").read_text())
    (folder / "metadata.json").write_text(json.dumps({**metadata, **change}))
    with pytest.raises(RecordError, match=message):
        load_experiment(folder)


@pytest.mark.parametrize(
    "ask",
    [
        lambda experiment: experiment.results,
        lambda experiment: experiment.failed_trials,
        lambda experiment: experiment.best_configuration(),
        lambda experiment: experiment.best_value(),
        lambda experiment: experiment.best_over_time(),
    ],
)
def test_where_nothing_was_recorded_it_is_said_with_how_to_get_it(tmp_path, problem, ask):
    record = ExperimentRecord(tmp_path / "run")
    record.begin(problem, 1, [], {})
    experiment = load_experiment(tmp_path / "run")
    with pytest.raises(RecordError) as caught:
        ask(experiment)
    assert str(caught.value) == (
        f"{tmp_path / 'run' / 'results.csv.zip'} does not exist: the experiment is running, and there is no "
        "events.jsonl that tells what it had come to. Simulated experiments keep none, since they are cheap to repeat: "
        "type the same command again. One of your own keeps them with ExperimentRecord(FOLDER, keep_events=True)."
    )
    record.finish(ExperimentStatus.INTERRUPTED, "done", {})
    assert load_experiment(tmp_path / "run").failed_trials == []


def test_where_an_experiment_failed_before_it_began_its_reason_is_said(tmp_path):
    write_metadata(tmp_path, {"status": "failed", "reason": "no GPU is there"})
    with pytest.raises(
        RecordError, match=r"the experiment is failed \(no GPU is there\), and there is no events\.jsonl"
    ):
        load_experiment(tmp_path).best_configuration()


def test_an_experiment_whose_caller_runs_the_trials_is_read_meanwhile(tmp_path, problem):
    scheduler = Fifo(problem, Streams(0), RandomSearch(problem, Streams(0)))
    with AskTell(scheduler, record=ExperimentRecord(tmp_path, keep_events=True)) as experiment:
        trial = experiment.ask()
        experiment.tell(trial, {"epoch": 1, "loss": 0.5})
        loaded = load_experiment(tmp_path)
        assert (loaded.metadata["status"], loaded.best_value(), len(loaded.results)) == ("running", 0.5, 1)


ENDLESS = """
import sys
from tunekit_core import ExperimentRecord, Streams, Tuner
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem

benchmark, streams = ToyBenchmark(), Streams(0)
problem = toy_problem(benchmark)
record = ExperimentRecord(sys.argv[1], keep_events=True)
scheduler = Fifo(problem, streams, RandomSearch(problem, streams))
Tuner(scheduler=scheduler, backend=ToyBackend(problem, benchmark, None, streams), record=record).run()
"""


def test_a_process_that_is_killed_at_any_moment_leaves_what_the_undisturbed_one_had_then(tmp_path):
    read = []
    for n in (2, 80, 250, 500, 1_000):
        folder = tmp_path / str(n)
        process = subprocess.Popen([sys.executable, "-c", ENDLESS, str(folder)])
        events = folder / "events.jsonl"
        while not events.exists() or n_decided(folder) < n:
            assert process.poll() is None
            time.sleep(0.001)
        meanwhile = load_experiment(folder)
        process.send_signal(signal.SIGKILL)
        process.wait()
        names = sorted(path.name for path in folder.iterdir())
        read += [meanwhile, load_experiment(folder)]
        assert [each.metadata["status"] for each in read[-2:]] == ["running", "interrupted"]
        assert sorted(path.name for path in folder.iterdir()) == names
    benchmark, streams = ToyBenchmark(), Streams(0)
    problem = toy_problem(benchmark)
    Tuner(
        scheduler=Fifo(problem, streams, RandomSearch(problem, streams)),
        backend=ToyBackend(problem, benchmark, None, streams),
        record=ExperimentRecord(tmp_path / "whole"),
        stopping=[create("stopping", "max_num_evaluations", problem, count=max(len(each.results) for each in read))],
    ).run()
    whole = load_experiment(tmp_path / "whole").results
    for experiment in read:
        n = len(experiment.results)
        assert n >= 2
        assert experiment.results.equals(whole[:n])
        assert experiment.best_value() == whole["score"][:n].min()
