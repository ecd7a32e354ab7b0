import json
import math
import os
import resource
import struct
import subprocess
import sys
import warnings
from collections import defaultdict
from types import SimpleNamespace

import attrs
import pytest
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

from tunekit_core import (
    ConfigurationError,
    Decision,
    ExperimentRecord,
    Report,
    Status,
    Streams,
    Trial,
    Tuner,
    create,
    load_experiment,
)
from tunekit_core.testing import ObserverContract, ToyBackend, ToyBenchmark, toy_problem


class TestTensorBoard(ObserverContract):
    @pytest.fixture
    def make(self):
        return lambda problem, folder: create("observer", "tensorboard", problem, folder)


def checksum(data):
    """CRC-32C, bit by bit, and masked as in these files."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def events_of(path):
    data = path.read_bytes()
    while data:
        size, check = struct.unpack("<QI", data[:12])
        body, end = data[12 : 12 + size], data[12 + size : 16 + size]
        assert check == checksum(data[:8])
        assert struct.unpack("<I", end) == (checksum(body),)
        yield Event.FromString(body)
        data = data[16 + size :]


@attrs.define
class Run:
    """What TensorBoard shows of a run."""

    points: dict = attrs.field(factory=lambda: defaultdict(list))  # by tag: (step, value)
    times: list = attrs.field(factory=list)
    start: object = None
    end: object = None


def read(folder):
    run = Run()
    for path in sorted(folder.iterdir()):
        events = list(events_of(path))
        assert events[0].file_version == "brain.Event:2"
        for event in events:
            if event.session_log.status == SessionLog.START:
                for tag, points in run.points.items():
                    run.points[tag] = [point for point in points if point[0] < event.step]
            for value in event.summary.value:
                if value.metadata.plugin_data.plugin_name == "hparams":
                    data = HParamsPluginData.FromString(value.metadata.plugin_data.content)
                    if data.HasField("session_start_info"):
                        run.start = run.start or data.session_start_info
                    else:
                        run.end = run.end or data.session_end_info
                else:
                    run.points[value.tag].append((event.step, value.simple_value))
                    run.times.append(event.wall_time)
    return run


def board(folder):
    return {run.name: read(run) for run in sorted(folder.iterdir())}


def view(**changes):
    counts = dict.fromkeys(("n_started", "n_running", "n_paused", "n_failed", "n_reports"), 0)
    return SimpleNamespace(**{**counts, "now": 0.0, "incumbent": None, **changes})


@pytest.fixture
def observer(tmp_path):
    return create("observer", "tensorboard", toy_problem(ToyBenchmark()), None, folder=str(tmp_path / "board"))


@pytest.fixture
def shown(tmp_path):
    return lambda: board(tmp_path / "board")


def report(observer, trial, metrics, *, at=1, **changes):
    """A trial reports, for the first time in the experiment unless told otherwise."""
    made = Report(trial.id, 0, at, metrics, (0.5,), 2.0)
    trial = attrs.evolve(trial, last_report=made)
    observer.on_report(view(**{"n_started": 1, "n_reports": 1, "now": 2.0, **changes}), trial, made, Decision.CONTINUE)


def run_toy(recorded, **options):
    benchmark, streams = ToyBenchmark(), Streams(3)
    problem = toy_problem(benchmark)
    searcher = create("searcher", "random", problem, streams)
    return Tuner(
        scheduler=create("scheduler", "fifo", problem, streams, searcher),
        backend=ToyBackend(problem, benchmark, None, streams, fail_at={2: 3}),
        stopping=[create("stopping", "max_num_evaluations", problem, count=40)],
        n_workers=2,
        observers=[create("observer", "tensorboard", problem, recorded, **options)],
        record=ExperimentRecord(recorded, keep_events=True),
    ).run()


def test_each_trial_is_a_run_with_every_numeric_metric_at_its_resource(tmp_path):
    run_toy(tmp_path)
    runs = board(tmp_path / "tensorboard")
    table = load_experiment(tmp_path).results
    assert list(runs) == ["experiment", *(f"trial_{i:04d}" for i in range(7))]
    for trial_id, rows in table.groupby("trial_id"):
        points = runs[f"trial_{trial_id:04d}"].points
        assert set(points) == {"score", "seconds", "epoch"}
        for metric, shown in points.items():
            assert [step for step, _ in shown] == list(rows["epoch"])
            assert [value for _, value in shown] == pytest.approx(list(rows[metric]))


def test_the_experiment_shows_its_best_value_and_when_it_was_found(tmp_path):
    run_toy(tmp_path)
    points = board(tmp_path / "tensorboard")["experiment"].points
    results = load_experiment(tmp_path).results
    assert [step for step, _ in points["best/score"]] == list(range(1, 41))
    assert [value for _, value in points["best/score"]] == pytest.approx(list(results["score"].cummin()))
    assert points["best/time"][-1][1] == pytest.approx(results["st_tuner_time"][results["score"].idxmin()])


def test_it_counts_trials_that_run_are_paused_and_have_failed(observer, shown):
    observer.on_experiment_start(view(), {})
    trial = Trial(0, {"x": 0.5})
    report(observer, trial, {"score": 0.5}, n_running=3, n_paused=2, n_failed=1)
    points = shown()["experiment"].points
    assert points == {"trials/running": [(1, 3.0)], "trials/paused": [(1, 2.0)], "trials/failed": [(1, 1.0)]}


def test_a_failure_shows_when_nothing_was_ever_reported(observer, shown):
    observer.on_experiment_start(view(), {})
    trial = Trial(0, {"x": 0.5})
    observer.on_trial_start(view(n_started=1), trial)
    observer.on_trial_end(view(n_started=1, n_failed=1), trial, Status.FAILED)
    assert shown()["experiment"].points == {"trials/failed": [(0, 1.0)]}
    assert shown()["trial_0000"].end.status == 2  # STATUS_FAILURE


def test_hyperparameters_are_numbers_texts_and_truth_values(observer, shown):
    observer.on_experiment_start(view(), {})
    observer.on_trial_start(
        view(n_started=8), Trial(7, {"lr": 0.1, "units": 8, "act": "relu", "bias": True, "c": None})
    )
    hparams = shown()["trial_0007"].start.hparams
    kinds = {name: value.WhichOneof("kind") for name, value in hparams.items()}
    assert kinds == dict(
        lr="number_value", units="number_value", act="string_value", bias="bool_value", c="string_value"
    )
    assert (hparams["lr"].number_value, hparams["units"].number_value) == (0.1, 8.0)
    assert (hparams["act"].string_value, hparams["bias"].bool_value, hparams["c"].string_value) == (
        "relu",
        True,
        "None",
    )


@pytest.mark.parametrize(("status", "number"), [(Status.COMPLETED, 1), (Status.STOPPED, 1), (Status.FAILED, 2)])
def test_a_trial_that_ended_says_how(status, number, observer, shown):
    observer.on_experiment_start(view(), {})
    trial = Trial(0, {"x": 0.5})
    observer.on_trial_start(view(n_started=1), trial)
    observer.on_trial_end(view(n_started=1), trial, Status.PAUSED)
    assert shown()["trial_0000"].end is None
    observer.on_trial_end(view(n_started=1, now=9.0), trial, status)
    assert shown()["trial_0000"].end.status == number


def test_values_that_are_not_finite_are_shown_and_those_that_are_no_numbers_left_out(observer, shown):
    observer.on_experiment_start(view(), {})
    metrics = {
        "score": math.nan,
        "a": -math.inf,
        "b": True,
        "stage": "warm-up",
        "none": None,
        "list": [1],
        "n": 10**400,
    }
    report(observer, Trial(0, {"x": 0.5}), metrics)
    points = shown()["trial_0000"].points
    assert set(points) == {"score", "a", "b"}
    assert math.isnan(points["score"][0][1])
    assert (points["a"], points["b"]) == ([(1, -math.inf)], [(1, 1.0)])


def test_metrics_of_tunekit_itself_are_not_shown(observer, shown):
    observer.on_experiment_start(view(), {})
    report(observer, Trial(0, {"x": 0.5}), {"score": 0.5, "st_worker_cost": 3.0, "st_worker_time": 1.0})
    assert set(shown()["trial_0000"].points) == {"score"}


def test_times_are_those_of_the_backend(tmp_path):
    run_toy(tmp_path)
    times = board(tmp_path / "tensorboard")["experiment"].times
    recorded = load_experiment(tmp_path).results["st_tuner_time"]
    assert times[-1] - times[0] == pytest.approx(recorded.iloc[-1] - recorded.iloc[0], abs=1e-3)


def cut(folder, n_lines):
    """What a process leaves behind that was killed after so many lines of its record."""
    path = folder / "events.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:n_lines]))
    metadata = json.loads((folder / "metadata.json").read_text())
    (folder / "metadata.json").write_text(json.dumps({**metadata, "status": "running"}))


@pytest.mark.parametrize("n_lines", [3, 21, 48, 81])
def test_an_experiment_that_goes_on_has_no_point_twice_even_where_its_record_lost_some(n_lines, tmp_path):
    run_toy(tmp_path)
    undisturbed = board(tmp_path / "tensorboard")
    cut(tmp_path, n_lines)
    run_toy(tmp_path)
    for name, run in board(tmp_path / "tensorboard").items():
        assert run.points == undisturbed[name].points or name == "experiment"
        for tag in ("best/score", "score"):
            steps = [step for step, _ in run.points[tag]]
            assert steps == [step for step, _ in undisturbed[name].points[tag]]
    assert len(list((tmp_path / "tensorboard" / "experiment").iterdir())) == 2


def test_all_processes_count_time_from_the_same_moment(tmp_path, observer, shown):
    observer.on_experiment_start(view(), {})
    again = create("observer", "tensorboard", observer.problem, None, folder=str(tmp_path / "board"))
    again.on_experiment_start(view(n_started=1, n_reports=1, now=500.0), {})
    files = sorted(path.name.split(".")[3:] for path in (tmp_path / "board" / "experiment").iterdir())
    assert [number for _, number, _ in files] == ["0000", "0001"]
    assert files[0][0] == files[1][0]


def test_an_experiment_that_begins_anew_removes_its_files_and_no_others(tmp_path, observer, shown):
    observer.on_experiment_start(view(), {})
    observer.on_trial_start(view(), Trial(0, {"x": 0.5}))
    other = tmp_path / "board" / "trial_0000" / "events.out.tfevents.1700000000.host"
    other.write_bytes(b"")
    observer.on_experiment_start(view(), {})
    assert [path.name for path in (tmp_path / "board" / "trial_0000").iterdir()] == [other.name]
    assert len(list((tmp_path / "board" / "experiment").iterdir())) == 1


def test_what_cannot_be_written_is_warned_of_once_and_shown_from_when_it_can(tmp_path, observer, shown):
    (tmp_path / "board").write_text("in the way")
    with pytest.warns(RuntimeWarning, match=r"observers\.tensorboard\.folder=FOLDER") as caught:
        observer.on_experiment_start(view(), {})
    assert len(caught) == 1
    observer.on_trial_start(view(n_started=1), Trial(0, {"x": 0.5}))  # here, a warning would be an error
    (tmp_path / "board").unlink()
    report(observer, Trial(0, {"x": 0.5}), {"score": 0.5})
    assert shown()["trial_0000"].points == {"score": [(1, 0.5)]}
    assert shown()["trial_0000"].start.hparams["x"].number_value == 0.5


def test_a_disk_that_is_full_leaves_whole_records(tmp_path, observer, shown):
    observer.on_experiment_start(view(), {})
    trial = Trial(0, {"x": 0.5})
    observer.on_trial_start(view(n_started=1), trial)
    (path,) = (tmp_path / "board" / "trial_0000").iterdir()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 5, limits[1]))  # room for half a record
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            report(observer, trial, {"score": 0.5})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(caught) == 1
    report(observer, trial, {"score": 0.25}, at=2, n_reports=2)
    assert shown()["trial_0000"].points == {"score": [(2, 0.25)]}


def test_a_name_that_cannot_be_written_is_warned_of_too(observer, shown):
    observer.on_experiment_start(view(), {})
    with pytest.warns(RuntimeWarning, match="which goes on"):
        report(observer, Trial(0, {"x": 0.5}), {"score": 0.5, "\ud800": 1.0})


def test_a_thousand_trials_need_few_open_files(observer, shown):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/dev/fd")) + 20, limits[1]))
    try:
        observer.on_experiment_start(view(), {})
        for i in range(1000):
            observer.on_trial_start(view(n_started=i + 1), Trial(i, {"x": 0.5}))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert len(shown()) == 1001


def test_files_can_go_elsewhere_with_a_folder_for_each_experiment(tmp_path):
    run_toy(tmp_path / "ASHA" / "toy-0", folder=str(tmp_path / "boards"))
    assert "experiment" in board(tmp_path / "boards" / "ASHA" / "toy-0")
    assert not (tmp_path / "ASHA" / "toy-0" / "tensorboard").exists()


def test_without_any_folder_it_says_what_is_missing():
    observer = create("observer", "tensorboard", toy_problem(ToyBenchmark()), None)
    with pytest.raises(ConfigurationError, match=r"add observers\.tensorboard\.folder="):
        observer.on_experiment_start(view(), {})


def test_an_installed_torch_is_not_loaded_and_can_be_loaded_later():
    pytest.importorskip("torch")
    program = "import sys, tunekit_tensorboard.board; assert 'torch' not in sys.modules; import torch"
    subprocess.run([sys.executable, "-c", program], check=True)
