"""What a trial says or does to its files fails that trial only: experiments of hostile and honest trials."""

import contextlib
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from tunekit_core import (
    ExperimentRecord,
    Script,
    Streams,
    TrialEnded,
    TrialReported,
    Tuner,
    UnfinishedTrial,
    create,
    load_experiment,
)
from tunekit_local.reports import LONGEST_LINE, UNREADABLE, ReportFile
from tunekit_local.trial_files import remove

from .snippet import Snippet, local_backend, problem_of, trial_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="devices and /proc are those of Linux")
SCRIPT = Path(__file__).with_name("hostile.py")
TEXT = SCRIPT.read_text()
FILES = re.findall(r'^    "([a-z]+)": ', TEXT.partition("FILES =")[2].partition("\n}")[0], re.M)
PLACES = re.findall(r'^    "([a-z-]+)": ', TEXT.partition("PLACES =")[2].partition("\n}")[0], re.M)
DEEDS = re.findall(r'^    "([a-z0-9-]+)": ', TEXT.partition("DEEDS |=")[2], re.M)
SAID = [deed for deed in DEEDS if deed.startswith("says-")]
DONE = [deed for deed in DEEDS if not deed.startswith("says-")]
UNUSABLE = """
    10-megabytes 10000-metrics 10000-of-nothing 50-gigabytes column config-column cost escapes huge-cost huge-loss
    huge-other huge-step junk list longest-int loss-of-list loss-of-true minus-zero negative-step nested-100
    nested-100000 nested-400 nested-900 no-end no-end-for-long no-number null status-column
    step-beyond-int64 step-of-true surrogate-alone text too-long-int true
"""


class Hostile(Snippet):
    """``hostile.py``."""

    def __init__(self, outside, deeds, seconds=0.0):
        super().__init__("")
        self.arguments = (str(outside), str(seconds), ",".join(deeds))

    def script(self):
        return Script((sys.executable, str(SCRIPT), *self.arguments))


@pytest.fixture(autouse=True)
def is_over_in_time():
    """Nothing is waited for without an end."""

    def too_late(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(300)
    yield
    signal.alarm(0)


@pytest.fixture
def outside(tmp_path):
    """A folder that is none of the trials', with a process that is none of theirs."""
    folder = tmp_path / "outside"
    folder.mkdir()
    content = '{"step": 2, "loss": -9.0}\n'
    (folder / "file").write_text(content)
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        start_time = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19]
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        record = {"pid": process.pid, "start_time": start_time, "boot_id": boot_id}
        (folder / "stranger.json").write_text(json.dumps(record))
        yield folder
        is_alive = process.poll() is None
        process.kill()
    left = {path.name for path in folder.iterdir() if not re.match("done-|trial-", path.name)}
    unharmed = (folder / "file").read_text() == content
    for path in tmp_path.iterdir():
        remove(path)  # deeper than what pytest would use for it
    assert (is_alive, unharmed, left) == (True, True, {"file", "stranger.json"})


def tuned(folder, outside, deeds, n_workers=8):
    benchmark, streams = Hostile(outside, deeds), Streams(1)
    problem, n_trials = problem_of(benchmark), 2 * len(deeds) + 1
    options = {"num_gpus_per_trial": 0, "grace_period": 1.0}
    Tuner(
        scheduler=create("scheduler", "fifo", problem, streams, create("searcher", "random", problem, streams)),
        backend=create("backend", "local", problem, benchmark, folder, streams, **options),
        stopping=[create("stopping", "max_num_trials_started", problem, count=n_trials)],
        wait_for_running=True,
        n_workers=n_workers,
        record=ExperimentRecord(folder, keep_events=True),
    ).run()
    return load_experiment(folder)


def check_honest(experiment, n_hostile):
    """All but the hostile trials have done what they would have done without them."""
    table = experiment.results
    assert experiment.metadata["status"] == "completed"
    assert all(trial_id % 2 for trial_id in experiment.failed_trials)
    for trial_id in range(0, 2 * n_hostile + 1, 2):
        rows = table[table["trial_id"] == trial_id]
        assert list(rows["step"].astype(int)) == [1, 2, 3]
        expected = [x / step for x, step in zip(rows["config_x"], (1, 2, 3), strict=True)]
        assert list(rows["loss"].astype(float)) == expected


def survived(folder, outside, deeds):
    """The experiment of these deeds, which is over, and repeated the same; which of them failed their trials."""
    experiment = tuned(folder, outside, deeds)
    check_honest(experiment, len(deeds))
    again = tuned(folder, outside, deeds)
    assert again.results.equals(experiment.results)
    assert again.failed_trials == experiment.failed_trials
    return {deeds[trial_id // 2] for trial_id in experiment.failed_trials}


@pytest.mark.parametrize("file", FILES)
def test_whatever_a_trial_puts_in_the_place_of_a_file_the_others_go_on(tmp_path, outside, file):
    deeds = [f"{file}-{place}" for place in PLACES]
    failed = survived(tmp_path / "experiment", outside, deeds)
    if file in ("reports", "exit", "run", "runs", "trial"):
        assert failed == set(deeds)
    elif file not in ("taken", "best"):  # where there are no versions, the deed itself fails
        assert failed == set()


def test_whatever_a_trial_says_the_others_go_on(tmp_path, outside):
    assert survived(tmp_path / "experiment", outside, SAID) == {f"says-{what}" for what in UNUSABLE.split()}


def test_whatever_else_a_trial_does_the_others_go_on(tmp_path, outside):
    failed = survived(tmp_path / "experiment", outside, DONE)
    assert "kills-supervisor" in failed
    assert failed.isdisjoint({"process-0", "process-minus-1", "process-1", "process-stranger", "notices-junk"})


@pytest.mark.parametrize("file", ["reports", "exit", "process", "spec", "run", "runs", "trial"])
def test_a_tuner_that_finds_a_trial_after_its_deed_goes_on(tmp_path, outside, file):
    deeds = [f"{file}-{place}" for place in PLACES]
    benchmark, folder = Hostile(outside, deeds, seconds=3600.0), tmp_path / "experiment"
    options = {"num_gpus_per_trial": 0, "grace_period": 0.5, "on_tuner_death": "keep"}
    before = local_backend(benchmark, folder, n_workers=len(deeds), **options)
    numbers = [2 * k + 1 for k in range(len(deeds))]
    with contextlib.closing(before):
        for number in numbers:
            before.start(trial_of(before, number), None, None)
        while len(list(outside.glob("done-*"))) < len(numbers):
            time.sleep(0.05)
        after = local_backend(benchmark, folder, n_workers=len(deeds), **options)
        with contextlib.closing(after):
            trials = [trial_of(after, number) for number in numbers]
            after.restore([UnfinishedTrial(trial, n_recorded=1, is_ending=True) for trial in trials], 1.0)
            for trial in trials:
                after.stop(trial)
            ended = []
            while len(ended) < len(numbers):
                ended += [event for event in after.wait(None) if isinstance(event, TrialEnded)]
    assert sorted(event.trial_id for event in ended) == numbers


def written(data, folder, size):
    """What comes out of reports that are appended in pieces."""
    path = folder / "0" / "runs" / "0" / "reports.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    found, reports = [], ReportFile(folder, path)
    with contextlib.closing(reports):
        for begin in range(0, len(data) + 1, size):
            with open(path, "ab") as file:
                file.write(data[begin : begin + size])
            found += reports.new()
            while reports.has_more:
                found += reports.new()
    return found


@settings(deadline=None)  # a loaded machine is no bug
@given(data=st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_of_any_bytes_come_reports_or_one_that_is_unreadable(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    found = written(data + b"\n", folder, 1000)
    assert all(type(metrics) is dict for metrics in found)
    assert all(metrics.keys() != {UNREADABLE} for metrics in found[:-1])
    assert found == written(data + b"\n", folder, 3)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(values=st.lists(st.dictionaries(st.text(), JSON, max_size=3), max_size=3))
def test_reports_of_any_json_come_as_they_are(tmp_path_factory, values):
    data = b"".join(json.dumps(value).encode() + b"\n" for value in values)
    assert written(data, tmp_path_factory.getbasetemp(), 50) == values


def test_a_line_may_have_a_megabyte_and_no_more(tmp_path):
    whole = b'{"a": "' + b"x" * (LONGEST_LINE - 9) + b'"}'
    assert len(written(whole + b"\n" + whole + b"\n", tmp_path, 10**7)) == 2
    (unreadable,) = written(b" " + whole + b"\n" + whole + b"\n", tmp_path, 10**7)
    assert unreadable.keys() == {UNREADABLE}


def test_a_trial_that_reports_without_an_end_does_not_hold_up_the_others(tmp_path):
    code = """
if "/0/runs" in os.environ["TUNEKIT_REPORTS"]:
    with open(os.environ["TUNEKIT_REPORTS"], "a") as file:
        file.write('{"step": 1, "loss": 0.5}\\n' * 300_000)
else:
    Reporter()(step=1, loss=0.25)
"""
    backend = local_backend(Snippet(code), tmp_path, num_gpus_per_trial=0)
    with contextlib.closing(backend):
        for trial_id in (0, 1):
            backend.start(trial_of(backend, trial_id), None, None)
        told, at_once = [], []
        while sum(isinstance(event, TrialEnded) for event in told) < 2:
            events = backend.wait(None)
            told += events
            at_once.append(len(events))
    assert sum(isinstance(event, TrialReported) for event in told) == 300_001
    assert max(at_once) < 50_000
    assert next(event.trial_id for event in told if isinstance(event, TrialEnded)) == 1
