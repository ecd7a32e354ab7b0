"""Experiments that another process runs are watched by their folder alone."""

import io
import json
import os
import shutil
import signal
import time
from types import SimpleNamespace

import attrs
import pytest

from tunekit.config.specs.components import complete_component
from tunekit.live.displays import PlainDisplay
from tunekit.live.layout import layout_lines
from tunekit.live.snapshot import RunInfo
from tunekit.live.watching import Watcher
from tunekit.watch import experiment as experiment_module
from tunekit.watch.experiment import WITHOUT_RECORD, WatchedExperiment
from tunekit_core import ExperimentRecord, Streams, Tuner, create
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.engine.events import Steered
from tunekit_core.engine.steering import Kind
from tunekit_core.errors import RecordError
from tunekit_core.plugins.registry import registry
from tunekit_core.records.event_file import EventFile
from tunekit_core.records.files import read_metadata, write_metadata
from tunekit_core.records.lock import FolderLock
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem

RUN = ("method=ASHA", "backend=local", "benchmark=height", "benchmark.sleep_time=0.01", "n_workers=2")


def wait_for(condition, seconds=60):
    limit = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < limit
        time.sleep(0.05)
    return found


class Looks(Observer):
    """Looks at the folder of its own experiment from outside, and compares that with what is shown from inside."""

    name = "looks"

    def __init__(self, problem, folder, watcher, info):
        super().__init__(problem, None)
        self.watched, self.watcher, self.info = WatchedExperiment(folder), watcher, info
        self.n_looks = 0

    def compare(self):
        self.n_looks += 1
        if self.n_looks % 7:
            return
        inside, outside = (
            lines_of(each, self.info) for each in (self.watcher.snapshot(), self.watched.look().snapshot)
        )
        assert outside == inside

    def on_trial_start(self, view, trial):
        self.compare()

    def on_report(self, view, trial, report, decision):
        self.compare()

    def on_trial_end(self, view, trial, status):
        self.compare()

    def on_experiment_end(self, view, reason):
        self.n_looks = 6
        self.compare()


def lines_of(snapshot, info):
    """What is shown, but for what the clock has to do with."""
    still = tuple(attrs.evolve(trial, heard=0.0) for trial in snapshot.running)
    return [
        line.plain.partition(" ago")[0].rpartition(",")[0] or line.plain
        for line in layout_lines(info, attrs.evolve(snapshot, now=0.0, running=still), 100, 40)
    ]


@pytest.mark.parametrize("name", ["asha_promotion", "asha_stopping", "pasha", "fifo"])
def test_seen_from_outside_a_run_is_as_it_shows_itself(name, tmp_path):
    benchmark = ToyBenchmark()
    problem, streams = toy_problem(benchmark), Streams(0)
    scheduler = create("scheduler", name, problem, streams, RandomSearch(problem, streams))
    recorded = {"name": name, **complete_component(registry().find("scheduler", name), {})}
    metadata = {"config": {"scheduler": recorded, "stopping": {}}, "method": "M", "benchmark": "toy", "seed": 3}
    (metric,), resource = problem.objective.metric, problem.objective.resource
    info = RunInfo("M on toy, seed 3", metric, resource, problem.max_resource, tuple(problem.space.searched))
    present = SimpleNamespace(is_held=False, spec=SimpleNamespace(built_in_criteria={}))
    watcher = Watcher(problem, info, PlainDisplay(io.StringIO(), info), present, shows_events=False)
    looks = Looks(problem, tmp_path / "run", watcher, info)
    try:
        Tuner(
            scheduler=scheduler,
            backend=ToyBackend(problem, benchmark, None, streams, fail_at={4: 2}, lose_at={(1, 0): 1}, lag=1.0),
            n_workers=3,
            stopping=[create("stopping", "max_num_evaluations", problem, count=150)],
            observers=[watcher, looks],
            record=ExperimentRecord(tmp_path / "run", keep_events=True),
            metadata=metadata,
        ).run()
    finally:
        watcher.close()
    assert looks.watched.look().is_over
    assert looks.watched.look().run_info == info


@pytest.fixture
def running(start, results):
    """A run of the local backend in another process, from its first reports on."""
    process = start(*RUN, "stopping.max_wallclock_time=600")
    folder = wait_for(lambda: results.folders() and results.folders()[0])
    wait_for(lambda: (folder / "events.jsonl").exists() and (folder / "events.jsonl").read_text().count("report") > 5)
    return process, folder


def test_a_run_in_another_process_is_watched_left_and_seen_to_be_killed(running, start, tunekit):
    process, folder = running
    leaving, staying = (start("watch", str(folder)) for _ in range(2))
    once = tunekit("watch", str(folder), "--once")
    assert once.status == 0
    assert once.out.startswith("ASHA on height, seed 0  0:")
    for text in (" left\n", " running", " reports\n", "trials at rungs  1: ", "best mean_loss ", "width="):
        assert text in once.out
    assert "reports, best mean_loss" in leaving.stdout.readline()
    leaving.send_signal(signal.SIGINT)
    _, err = leaving.communicate(timeout=60)
    assert leaving.returncode == 130
    again = f"To see it again, type: python -m tunekit watch {folder}"
    assert err == f"Left. What runs goes on, and is not changed by that. {again}\n"
    assert process.poll() is None
    assert staying.stdout.readline()
    process.kill()
    out, _ = staying.communicate(timeout=60)
    assert staying.returncode == 0
    assert "ASHA on height, seed 0: interrupted\n" in out
    assert f"To go on: python -m tunekit resume {folder}" in out
    assert "Best mean_loss so far" in out


def running_again(folder, n_lines):
    """Make of the folder of an experiment that has ended what it was in the middle."""
    metadata = {"status": "running"}
    for name, value in json.loads((folder / "metadata.json").read_text()).items():
        if name not in ("status", "ended", "reason", "incumbent", "n_reports"):
            metadata[name] = value
    write_metadata(folder, metadata)
    (folder / "results.csv.zip").unlink(missing_ok=True)
    lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "events.jsonl").write_bytes(b"".join(lines[:n_lines]))
    return b"".join(lines[n_lines:])


def test_the_clock_of_a_live_experiment_goes_on_between_its_events(ended, monkeypatch):
    rest = running_again(ended, 20)
    at = {"wall": time.time() + 100.0, "here": 5.0}
    monkeypatch.setattr(experiment_module.time, "time", lambda: at["wall"])
    monkeypatch.setattr(experiment_module.time, "monotonic", lambda: at["here"])
    watched = WatchedExperiment(ended)
    with FolderLock(ended):
        first = watched.look().snapshot.now
        at["here"] += 7.0
        assert watched.look().snapshot.now == pytest.approx(first + 7.0)
        with (ended / "events.jsonl").open("ab") as file:
            file.write(rest.splitlines(keepends=True)[0] + rest.splitlines(keepends=True)[1])
        seen = watched.look().snapshot.now  # an event that is seen tells the time, not when a file was written
        assert seen < first
        at["here"] += 2.0
        assert watched.look().snapshot.now == pytest.approx(seen + 2.0)
    assert watched.look().snapshot.now < seen + 1.0
    assert watched.look().liveness.status is ExperimentStatus.INTERRUPTED


def test_a_damaged_record_is_said_in_the_picture(ended):
    running_again(ended, 20)
    with (ended / "events.jsonl").open("ab") as file:
        file.write(b'{"number": 20, rubbish}\n')
    with FolderLock(ended):
        picture = WatchedExperiment(ended).look()
    assert any("Line 21" in line.plain for line in picture.lay_out(200, 40))


def test_of_another_machine_whether_it_lives_is_told_by_its_lease(ended):
    running_again(ended, 20)
    of_node7 = {"nonce": "0" * 16, "place": "elsewhere", "host": "node7", "pid": 1, "since": "", "seconds": 120}
    (ended / ".lock").write_text(json.dumps(of_node7))
    picture = WatchedExperiment(ended).look()
    assert not picture.is_over
    assert picture.snapshot.notes[-1] == "Its process is on node7"
    os.utime(ended / ".lock", (time.time() - 700,) * 2)
    assert WatchedExperiment(ended).look().is_over


def test_an_experiment_that_is_paused_by_somebody_says_so(ended):
    running_again(ended, 20)
    events = EventFile(ended / "events.jsonl")
    assert len(list(events.read())) == 20
    events.write(Steered("a", Kind.PAUSE, {}, 1.0))
    events.close()
    with FolderLock(ended):
        assert (
            WatchedExperiment(ended)
            .look()
            .snapshot.notes[0]
            .endswith(f"nothing new begins until it is told to continue, by: python -m tunekit steer {ended} continue")
        )
    assert WatchedExperiment(ended).look().snapshot.notes == ()


def test_an_experiment_that_moves_is_followed_and_one_that_is_gone_is_said(ended):
    write_metadata(ended, {**read_metadata(ended), "formerly": ["run"], "hash": "new"})
    ended = ended.rename(ended.with_name("height-0-run"))
    watched = WatchedExperiment(ended)
    watched.look()
    moved = ended.rename(ended.with_name("height-0-new"))
    assert watched.look().folder.name == "height-0-new"
    shutil.rmtree(moved)
    with pytest.raises(RecordError, match="is gone: it was moved or removed"):
        watched.look()


def test_one_that_is_begun_anew_is_read_anew(ended):
    watched = WatchedExperiment(ended)
    assert watched.look().snapshot.counts.n_reports == 40
    metadata = read_metadata(ended)
    write_metadata(ended, {**metadata, "metric": ["other"]})
    running_again(ended, 1)
    picture = watched.look()
    assert picture.run_info.metric == "other"
    assert picture.snapshot.counts.n_reports == 0


def test_a_simulated_one_shows_that_it_runs_and_its_end(tunekit, results):
    tunekit("method=ASHA", "benchmark=fcnet", "stopping.max_wallclock_time=50")
    (folder,) = results.folders()
    end = tunekit("watch", folder.name.rpartition("-")[2])
    assert end.out.startswith("ASHA on fcnet-robot_arm, seed 0: completed\n")
    running_again_without_record(folder)
    with FolderLock(folder):
        assert WITHOUT_RECORD in tunekit("watch", str(folder), "--once").out


def running_again_without_record(folder):
    metadata = json.loads((folder / "metadata.json").read_text())
    kept = {
        name: metadata[name] for name in metadata if name not in ("ended", "reason", "n_reports", "incumbent", "time")
    }
    write_metadata(folder, {**kept, "status": "running"})


@pytest.mark.parametrize(
    "config", [{"stopping": 3, "scheduler": 3}, {"stopping": {"a": 3, "b": {}}, "scheduler": {}}, {"x": 1}]
)
def test_what_a_program_of_ones_own_says_of_itself_may_be_anything(ended, config):
    metadata = read_metadata(ended)
    (ended / "metadata.json").write_text(json.dumps({**metadata, "config": config}))
    picture = WatchedExperiment(ended).look()
    assert picture.snapshot.ends == {}
    assert picture.snapshot.counts.n_reports == 40


def test_a_plugin_that_is_not_installed_here_costs_the_rungs_alone(ended):
    metadata = read_metadata(ended)
    scheduler = {"name": "theirs", "distribution": "tunekit-theirs", "revision": 1}
    write_metadata(ended, {**metadata, "config": {"scheduler": scheduler, "stopping": {}}})
    snapshot = WatchedExperiment(ended).look().snapshot
    assert snapshot.columns == ()
    assert snapshot.counts.n_reports == 40


def test_what_cannot_be_watched_is_refused_in_one_sentence(tunekit, results, tmp_path):
    for words, expected in {
        ("watch", "no-such-thing"): "'no-such-thing' is neither a folder nor the beginning",
        ("watch", "a", "b"): "`watch` takes one folder, and got 2: a b. Type: python -m tunekit watch FOLDER",
        ("watch", "--onec"): "`watch` has no flag '--onec'. Did you mean '--once'?",
    }.items():
        finished = tunekit(*words)
        assert finished.status == 2
        assert expected in finished.err
        assert finished.out == ""
