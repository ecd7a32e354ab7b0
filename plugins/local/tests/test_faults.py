"""Scripts and machines that behave badly, with real processes."""

import contextlib
import os
import resource
import shutil
import subprocess

import pytest

from tunekit_core import (
    ExperimentRecord,
    StartFailed,
    Status,
    Streams,
    TrialEnded,
    TrialReported,
    Tuner,
    create,
    load_experiment,
)

from .snippet import Snippet, local_backend, problem_of, trial_of, until_idle


@pytest.fixture
def make(tmp_path):
    backends = []

    def build(code, **options):
        backends.append(local_backend(Snippet(code), tmp_path, **options))
        return backends[-1]

    yield build
    for backend in backends:
        backend.close()


def start(backend, *trial_ids):
    for trial_id in trial_ids:
        backend.start(trial_of(backend, trial_id), None, None)


def steps(events):
    return [event.metrics["step"] for event in events if isinstance(event, TrialReported)]


def tuned(folder, code, n_trials, n_workers=1):
    """An experiment of random search."""
    benchmark, streams = Snippet(code), Streams(1)
    problem = problem_of(benchmark)
    return Tuner(
        scheduler=create("scheduler", "fifo", problem, streams, create("searcher", "random", problem, streams)),
        backend=create("backend", "local", problem, benchmark, folder, streams, num_gpus_per_trial=0),
        stopping=[create("stopping", "max_num_trials_started", problem, count=n_trials)],
        n_workers=n_workers,
        record=ExperimentRecord(folder, keep_events=True),
    ).run()


def test_ten_thousand_reports_a_second_all_arrive(tmp_path):
    code = """
report, began = Reporter(), time.monotonic()
for step in range(1, 10_001):
    time.sleep(max(0.0, began + step / 10_000 - time.monotonic()))
    report(step=step, loss=1 / step)
"""
    assert tuned(tmp_path, code, 1).n_reports == 10_000
    assert list(load_experiment(tmp_path).results["step"]) == [*range(1, 10_001)]


def test_of_200_megabytes_of_output_the_end_is_kept(make, tmp_path):
    code = """
for _ in range(200):
    sys.stdout.write("x" * 999_999 + "\\n")
print("the end", flush=True)
Reporter()(step=1, loss=0)
"""
    backend = make(code, log_bytes=1_000_000)
    start(backend, 0)
    *_, ended = until_idle(backend)
    assert ended.status is Status.COMPLETED
    kept = "".join((tmp_path / "0" / name).read_text() for name in ("stdout.log.old", "stdout.log"))
    assert 500_000 <= len(kept) <= 1_000_000
    assert kept.endswith("xxx\nthe end\n")


@pytest.mark.parametrize("death", ["os._exit(0)", "os._exit(1)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_what_is_reported_right_before_the_death_is_not_lost(make, death):
    backend = make(f"report = Reporter()\nfor step in range(1, 101): report(step=step, loss=0)\n{death}", n_workers=6)
    start(backend, *range(6))
    events = until_idle(backend, 6)
    for trial_id in range(6):
        *reports, ended = (event for event in events if event.trial_id == trial_id)
        assert steps(reports) == [*range(1, 101)]
        assert isinstance(ended, TrialEnded)


CLOCKS = {
    "back": "time.time() - 3600 * step",
    "ahead": "time.time() + 3600 * step",
    "to and fro": "time.time() + 86400 * (-1) ** step",
    "broken": "[float('nan'), None, 'noon', 1e308, -5][step % 5]",
}


@pytest.mark.parametrize("clock", CLOCKS)
def test_clocks_of_trials_that_jump_change_neither_order_nor_times(tmp_path, clock):
    code = f"""
lines = [dict(step=step, loss=0, st_worker_timestamp={CLOCKS[clock]}, st_worker_iter=step) for step in range(1, 31)]
with open(os.environ["TUNEKIT_REPORTS"], "a") as file:
    for line in lines:
        time.sleep(0.0 if line["step"] % 10 else 0.1)  # several at once, and some later
        print(json.dumps(line), file=file, flush=bool(line["step"] % 10 == 0))
"""
    result = tuned(tmp_path, code, 4, n_workers=2)
    table = load_experiment(tmp_path).results
    assert result.n_reports == len(table) == 4 * 30
    for _, rows in table.groupby("trial_id"):
        assert list(rows["step"]) == [*range(1, 31)]
    times = list(table["st_tuner_time"])
    assert times == sorted(times)
    assert times[0] > 0
    assert times[-1] <= result.time < 60


def test_three_trials_on_two_gpus_wait_for_each_other(make, tmp_path, monkeypatch):
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nprintf '0, GPU-a\\n1, GPU-b\\n'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    code = """
report, gpu = Reporter(), os.environ["CUDA_VISIBLE_DEVICES"]
report(step=1, loss=0, gpu=gpu, time=time.monotonic())
time.sleep(0.3)
report(step=2, loss=0, gpu=gpu, time=time.monotonic())
"""
    backend = make(code, n_workers=3)
    start(backend, 0, 1, 2)
    events = until_idle(backend, 3)
    seen = {
        (event.trial_id, event.metrics["step"]): event.metrics for event in events if isinstance(event, TrialReported)
    }
    assert (seen[0, 1]["gpu"], seen[1, 1]["gpu"]) == ("0", "1")
    before = int(seen[2, 1]["gpu"])  # of the trials 0 and 1, the one that had this GPU
    assert seen[before, 2]["time"] < seen[2, 1]["time"]


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("cannot mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.filterwarnings("ignore:Logs of trial")  # there is no room for them either
def test_a_full_disk_costs_nothing_that_was_recorded(small_disk, tmp_path):
    fill, was_full = small_disk / "fill", tmp_path / "was full"
    code = f"""
report = Reporter()
if {str(small_disk)!r} + "/3/" in os.environ["TUNEKIT_CHECKPOINT_DIR"] and not os.path.exists({str(was_full)!r}):
    open({str(was_full)!r}, "w").close()
    with open({str(fill)!r}, "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
for step in range(1, 4):
    report(step=step, loss=0)
"""
    with pytest.raises(OSError, match=f"No space left on device: '{small_disk}'"):
        tuned(small_disk, code, 6)
    assert load_experiment(small_disk).metadata["status"] == "interrupted"
    *recorded, _ = (small_disk / "events.jsonl").read_bytes().split(b"\n")  # the last line may have broken off
    fill.unlink()
    result = tuned(small_disk, code, 6)
    assert (result.n_trials, result.n_failed) == (6, 1)
    assert load_experiment(small_disk).metadata["status"] == "completed"
    assert (small_disk / "events.jsonl").read_bytes().split(b"\n")[: len(recorded)] == recorded
    table = load_experiment(small_disk).results
    for trial_id in (0, 1, 2, 4, 5):  # trial 3 used up the room
        assert list(table[table["trial_id"] == trial_id]["step"]) == [1, 2, 3]


@pytest.mark.parametrize(
    "line",
    ["[" * 100_000, '{"loss": 1, "step": 1' + "0" * 400 + "}", '{"loss": 1, "step": 1, "st_worker_timestamp": 1e400}'],
    ids=["nested too deep", "more than any number", "at no time"],
)
def test_a_line_that_is_hard_to_read_fails_its_trial_at_most(tmp_path, line):
    code = f"open(os.environ['TUNEKIT_REPORTS'], 'a').write({line!r} + chr(10))"
    assert tuned(tmp_path, code, n_trials=2).n_trials == 2


@pytest.mark.parametrize(
    "make_it", ["path.mkdir()", "os.mkfifo(path)", "path.symlink_to('/dev/zero')"], ids=["folder", "pipe", "device"]
)
def test_a_script_that_has_something_else_where_its_reports_belong_fails(tmp_path, make_it):
    code = f"""
path = Path(os.environ["TUNEKIT_REPORTS"])
path.unlink(missing_ok=True)
{make_it}
"""
    result = tuned(tmp_path, code, n_trials=2)
    assert (result.reason, result.n_failed, result.n_reports) == (
        "2 trials were started, and no trial has succeeded",
        2,
        0,
    )
    reasons = [failure["reason"] for failure in load_experiment(tmp_path).metadata["failures"]]
    assert all("is no file that can be read any more" in reason for reason in reasons)


def test_a_script_that_has_a_file_where_its_checkpoint_belongs_cannot_be_resumed_and_says_why(make):
    code = """
folder = Path(os.environ["TUNEKIT_CHECKPOINT_DIR"])
folder.rmdir()
folder.write_text("a model")
Reporter()(step=1, loss=0.5)
"""
    backend = make(code)
    start(backend, 0)
    *_, ended = until_idle(backend)
    assert ended.status is Status.COMPLETED
    with pytest.raises(StartFailed, match=r"File exists.*/0/checkpoint'"):
        backend.resume(trial_of(backend, run=1, reached=1), None)


def test_a_process_with_many_open_files_can_tune(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, before[1]), before[1]))
    with contextlib.ExitStack() as files:
        files.callback(resource.setrlimit, resource.RLIMIT_NOFILE, before)
        for _ in range(1100):
            files.enter_context(open(os.devnull))
        assert tuned(tmp_path, "Reporter()(step=1, loss=0.5)", n_trials=2).n_reports == 2
