"""The reporter, as a training script uses it."""

import contextlib
import copy
import enum
import errno
import io
import json
import math
import os
import pickle
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tunekit import Reporter, reporter

AUTOMATIC = {"st_worker_timestamp", "st_worker_time", "st_worker_iter"}


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "reports.jsonl"
    monkeypatch.setenv("TUNEKIT_REPORTS", str(path))
    return path


def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def metrics(line):
    return {name: value for name, value in line.items() if name not in AUTOMATIC}


def test_each_call_is_a_line(file):
    send = Reporter()
    send(epoch=1, loss=0.5)
    send(epoch=2, loss=0.25, note="grün – 猫")
    assert [metrics(line) for line in lines(file)] == [
        {"epoch": 1, "loss": 0.5},
        {"epoch": 2, "loss": 0.25, "note": "grün – 猫"},
    ]


def test_times_and_a_count_are_added(file):
    before = time.time()
    send = Reporter()
    for epoch in range(3):
        send(epoch=epoch)
    found = lines(file)
    assert [line["st_worker_iter"] for line in found] == [0, 1, 2]
    assert before <= found[0]["st_worker_timestamp"] <= found[2]["st_worker_timestamp"] <= time.time()
    assert 0 <= found[0]["st_worker_time"] <= found[2]["st_worker_time"] < 60


def test_a_copy_in_another_process_opens_the_file_itself(file, tmp_path):
    (tmp_path / "copied").write_bytes(pickle.dumps(Reporter()))
    code = "import pickle; other = open('other', 'w'); pickle.load(open('copied', 'rb'))(loss=1.0)"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    copy.deepcopy(Reporter())(loss=2.0)
    assert [metrics(line) for line in lines(file)] == [{"loss": 1.0}, {"loss": 2.0}]
    assert (tmp_path / "other").read_text() == ""


def test_a_second_reporter_goes_on_where_the_first_was(file):
    Reporter()(epoch=1)
    Reporter()(epoch=2)
    assert [line["epoch"] for line in lines(file)] == [1, 2]


class Colour(enum.IntEnum):
    RED = 3


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.array(0.5), 0.5),
        (np.array([[2]]), 2),
        (np.str_("text"), "text"),
        (True, True),
        (None, None),
        (Colour.RED, 3),
        (10**30, 10**30),
        ((1, [np.float32(2), {"a": None, 3: np.int8(4)}]), [1, [2.0, {"a": None, "3": 4}]]),
        (math.inf, math.inf),
    ],
)
def test_scalars_of_numpy_and_nested_values_are_written_plainly(file, value, written):
    Reporter()(value=value)
    found = lines(file)[0]["value"]
    assert found == written
    assert type(found) is type(written)


def test_nan_stays_nan(file):
    Reporter()(loss=np.float32("nan"))
    assert math.isnan(lines(file)[0]["loss"])


def test_scalars_of_torch_just_work(file):
    torch = pytest.importorskip("torch")
    Reporter()(loss=torch.tensor(0.5, requires_grad=True), n=torch.tensor([3]))
    assert metrics(lines(file)[0]) == {"loss": 0.5, "n": 3}


@pytest.mark.parametrize("value", [np.zeros(2), object(), {1, 2}, b"bytes", 1j, [object()], lambda: 0])
def test_what_cannot_be_written_is_refused_by_name(file, value):
    send = Reporter()
    with pytest.raises(TypeError, match=r"metric 'weird' .* cannot be written as JSON"):
        send(epoch=1, weird=value)
    assert lines(file) == []
    send(epoch=2)
    assert lines(file)[0]["st_worker_iter"] == 0


@pytest.mark.parametrize("name", ["st_worker_time", "st_mine"])
def test_reserved_names_are_refused(file, name):
    with pytest.raises(ValueError, match=f"'{name}' cannot be reported.*another name"):
        Reporter()(**{name: 1})


@pytest.mark.parametrize("metrics", [(), (None,), ({},)])
def test_nothing_to_report_is_refused(file, metrics):
    with pytest.raises(ValueError, match="nothing to report"):
        Reporter()(*metrics)


def test_a_mapping_has_names_that_are_no_keywords(file):
    Reporter()({"val/loss": np.float32(0.5), "self": 1}, metrics=2)
    assert metrics(lines(file)[0]) == {"val/loss": 0.5, "self": 1, "metrics": 2}


def test_a_metric_that_is_given_twice_is_refused(file):
    with pytest.raises(ValueError, match=r"'loss' is given twice.*leave one out"):
        Reporter()({"loss": 1}, loss=1)


@pytest.mark.parametrize("given", [0.5, [("loss", 1)], "loss", {1: 2}])
def test_what_names_no_metrics_is_refused(file, given):
    with pytest.raises(TypeError, match=r"Type report\("):
        Reporter()(given)


def test_what_the_trial_has_cost_may_be_reported(file):
    Reporter()(loss=1, st_worker_cost=np.float64(0.25))
    assert metrics(lines(file)[0]) == {"loss": 1, "st_worker_cost": 0.25}


def test_a_report_is_printed_at_once_so_that_processes_which_print_together_break_no_line(monkeypatch):
    written = []

    class Pipe(io.RawIOBase):
        def writable(self):
            return True

        def write(self, data):
            written.append(bytes(data))
            return len(data)

    monkeypatch.delenv("TUNEKIT_REPORTS", raising=False)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(Pipe(), write_through=True))  # as PYTHONUNBUFFERED makes it
    Reporter()(loss=0.5)
    assert [(data[:18], data[-1:]) for data in written if data] == [(b"[tunekit-report] {", b"\n")]


def test_without_a_backend_reports_are_printed(monkeypatch, capsys):
    monkeypatch.delenv("TUNEKIT_REPORTS", raising=False)
    Reporter()(epoch=1, loss=0.5)
    tag, _, text = capsys.readouterr().out.partition(" ")
    assert tag == "[tunekit-report]"
    assert metrics(json.loads(text)) == {"epoch": 1, "loss": 0.5}


def test_the_backend_is_told_at_once(file, tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notices"))
        listener.settimeout(5)
        monkeypatch.setenv("TUNEKIT_NOTICES", str(tmp_path / "notices"))
        send = Reporter()
        send(epoch=1)
        assert listener.recv(4096) == str(file).encode()
        assert len(lines(file)) == 1


def test_a_backend_that_is_gone_or_does_not_listen_is_no_concern(file, tmp_path, monkeypatch):
    monkeypatch.setenv("TUNEKIT_NOTICES", str(tmp_path / "nobody"))
    send = Reporter()
    send(epoch=1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "nobody"))
        for epoch in range(2, 2000):  # more than the socket holds
            send(epoch=epoch)
    assert len(lines(file)) == 1999


def test_after_a_full_disk_the_next_report_begins_on_a_line_of_its_own(file, monkeypatch):
    send, write = Reporter(), os.write

    def full(descriptor, data):
        if len(data) > 10:
            return write(descriptor, data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(reporter.os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        send(epoch=1)
    monkeypatch.setattr(reporter.os, "write", write)
    send(epoch=2)
    torn, whole = file.read_text().splitlines()
    with pytest.raises(json.JSONDecodeError):
        json.loads(torn)
    assert json.loads(whole)["epoch"] == 2


@pytest.fixture
def versions(tmp_path, monkeypatch):
    """The folder for what is published, which is not there yet."""
    monkeypatch.setenv("TUNEKIT_CHECKPOINTS", str(tmp_path / "checkpoints"))
    return tmp_path / "checkpoints"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_checkpoint_is_published_when_its_block_ends(file, versions):
    report = Reporter()
    with report.checkpoint(np.int64(3)) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "model").write_text("three")
        assert not (versions / "3").exists()
    assert names(versions) == ["3"]
    assert (versions / "3" / "sub" / "model").read_text() == "three"


def test_a_checkpoint_whose_block_raises_is_not_published(file, versions):
    report = Reporter()
    with contextlib.suppress(OSError), report.checkpoint(3) as folder:
        (folder / "model").write_text("thr")
        raise OSError("full")
    assert names(versions) == []


def test_what_was_published_is_never_changed(file, versions):
    report = Reporter()
    for content in ("first", "second"):
        with report.checkpoint(3) as folder:
            assert names(folder) == []
            (folder / "model").write_text(content)
    assert names(versions) == ["3"]
    assert (versions / "3" / "model").read_text() == "first"


def test_killed_at_any_moment_a_checkpoint_is_whole_or_not_there(file, versions, tmp_path):
    code = """
from tunekit import Reporter
report = Reporter()
for step in range(1, 1000):
    with report.checkpoint(step) as folder:
        for number in range(20):
            (folder / str(number)).write_text(str(step))
"""
    for milliseconds in range(0, 40, 4):
        process = subprocess.Popen([sys.executable, "-c", code])
        while not versions.exists():
            time.sleep(0.001)
        time.sleep(milliseconds / 1000)
        process.kill()
        process.wait()
        for version in versions.glob("[0-9]*"):
            assert {path.read_text() for path in version.iterdir()} == {version.name}
            assert len(names(version)) == 20
        shutil.rmtree(versions)


@pytest.mark.parametrize("resource", [0, -1, 1.5, "3", None])
def test_the_resource_of_a_checkpoint_is_a_whole_number_from_1_on(file, versions, resource):
    message = f"^checkpoint\\({resource!r}\\): give how far .*, a whole number from 1 on"
    with pytest.raises(ValueError, match=message), Reporter().checkpoint(resource):
        pass
    assert not versions.exists()


def test_without_a_backend_a_checkpoint_is_temporary(monkeypatch, tmp_path):
    monkeypatch.delenv("TUNEKIT_CHECKPOINTS", raising=False)
    monkeypatch.chdir(tmp_path)
    with Reporter().checkpoint(3) as folder:
        (folder / "model").write_text("three")
    assert not folder.exists()
    assert names(tmp_path) == []


def test_the_file_works_alone_beside_a_script(tmp_path):
    shutil.copy(reporter.__file__, tmp_path / "reporter.py")
    (tmp_path / "train.py").write_text("from reporter import Reporter\nReporter()(epoch=1, loss=0.5)\n")
    environment = {**os.environ, "TUNEKIT_REPORTS": str(tmp_path / "r.jsonl")}
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import train"]
    subprocess.run(command, check=True, env=environment)
    assert metrics(lines(tmp_path / "r.jsonl")[0]) == {"epoch": 1, "loss": 0.5}


def test_it_is_cheap_to_import_and_needs_the_standard_library_alone():
    code = "import sys; from tunekit import Reporter; Reporter; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"numpy", "hydra", "attr", "pluggy", "tunekit_core", "socket"} & set(loaded)


def test_it_is_written_for_python_3_8():
    import ast

    ast.parse(Path(reporter.__file__).read_text(), feature_version=(3, 8))


def test_a_report_of_more_than_a_megabyte_is_refused(monkeypatch):
    monkeypatch.delenv("TUNEKIT_REPORTS", raising=False)
    with pytest.raises(ValueError, match=r"The report has 2,000,\d\d\d bytes, and may have 1,048,576\. Write what is"):
        Reporter()(text="x" * 2_000_000)
