"""A folder of many experiments is watched: what has not changed is not read again."""

import json
import os
import random
import shlex
import shutil
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tunekit.watch import study as study_module
from tunekit.watch.scan import FolderScan
from tunekit.watch.study import MOST_SETTINGS, SECONDS_OF_QUIET, WatchedStudy
from tunekit_core.records.files import write_metadata
from tunekit_core.records.lock import FolderLock

NOW = datetime.now(timezone.utc)


def add(root, method, seed, status="completed", *, best=0.5, took=60.0, ago=0.0, **more):
    """A run of a method on the problem ``toy``, begun ``ago`` seconds ago, or one that took so many."""
    folder = root / "tag" / method / f"toy-{seed}-{method}"
    folder.mkdir(parents=True, exist_ok=True)
    began = NOW - timedelta(seconds=ago or took)
    metadata = {
        "format": 3,
        "status": status,
        "metric": ["loss"],
        "mode": ["min"],
        "resource": None,
        "search_space": [],
        "method": method,
        "benchmark": "toy",
        "seed": seed,
        "config": {"seed": seed, "n_workers": 4},
        "started": began.isoformat(),
        **more,
    }
    if status != "running":
        ended = {"ended": (began + timedelta(seconds=took)).isoformat(), "reason": "it was over", "time": took}
        metadata = {**metadata, **ended, "n_started": 1, "n_completed": 1, "n_paused": 0}
        metadata |= {"n_reports": 1, "n_failed": 0, **more}
    if status == "completed":
        metadata["incumbent"] = {"trial_id": 0, "resource": 1, "metrics": {"loss": best}, "configuration": {"x": 1}}
    write_metadata(folder, metadata)
    return folder


def lines_of(picture, width=120, height=50):
    return [line.plain.rstrip() for line in picture.lay_out(width, height)]


def test_runs_are_counted_by_setup_and_benchmark_with_what_is_missing_and_what_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(study_module.time, "time", NOW.timestamp)
    for seed in range(3):
        add(tmp_path, "ASHA", seed, best=0.5 - seed / 10)
    add(tmp_path, "RS", 0, best=0.9)
    failed = add(tmp_path, "RS", 1, "failed", reason="Traceback:\nin a file\nValueError: no")
    add(tmp_path, "BO", 0, "interrupted")
    with FolderLock(add(tmp_path, "BO", 1, "running", ago=20.0)):
        picture = WatchedStudy(tmp_path).look()
    first, *rest = lines_of(picture)
    left = 40 + 2 * 60  # of the one that runs, and of the two that are missing
    assert first == (
        f"{tmp_path}  7 runs: 4 complete, 1 running, 1 failed, 1 interrupted, 2 missing, about 2:40 left for these"
    )
    assert picture.seconds_left == pytest.approx(left)
    assert rest == [
        "setup  benchmark  complete  running  failed  interrupted  missing  best",
        "ASHA   toy               3                                         loss 0.3",
        "BO     toy                        1                    1        1",
        "RS     toy               1                1                     1  loss 0.9",
        "RS on toy, seed 1 has failed: Traceback: … ValueError: no",
        f"  {failed}",
    ]


def test_of_two_datasets_of_a_program_it_says_on_which_a_run_failed(tmp_path):
    for seed, name in enumerate(("a", "b")):
        program = {"name": "script", "command": f"python fit.py --data {name}"}
        add(tmp_path, "RS", seed, "failed", config={"seed": seed, "benchmark": program}, ago=60.0 + seed)
    titles = [failure.title for failure in WatchedStudy(tmp_path).look().failures]
    assert sorted(titles) == ["RS on toy a, seed 0", "RS on toy b, seed 1"]


def test_setups_differ_in_their_options_too_unless_there_are_too_many(tmp_path):
    for seed in range(2):
        add(tmp_path, "ASHA", seed)
        add(tmp_path, "ASHA", seed + 10, config={"seed": seed, "n_workers": 8})
    assert [tally.setup for tally in WatchedStudy(tmp_path).look().tallies] == ["ASHA n_workers=4", "ASHA n_workers=8"]
    for number in range(MOST_SETTINGS):
        add(tmp_path, "RS", number, config={"n_workers": number})
    assert [tally.setup for tally in WatchedStudy(tmp_path).look().tallies] == ["ASHA", "RS"]


def test_higher_can_be_better_and_an_experiment_of_another_program_has_a_line_too(tmp_path):
    for seed in range(2):
        add(tmp_path, "ASHA", seed, best=0.5 + seed, mode=["max"])
    own = add(tmp_path, "own", 0)
    metadata = json.loads((own / "metadata.json").read_text())
    write_metadata(
        own, {name: metadata[name] for name in metadata if name not in ("method", "benchmark", "config", "seed")}
    )
    assert [(tally.setup, tally.best) for tally in WatchedStudy(tmp_path).look().tallies] == [
        ("(no method)", 0.5),
        ("ASHA", 1.5),
    ]


def test_one_whose_process_dies_is_interrupted_though_its_files_stay_the_same(tmp_path):
    folder = add(tmp_path, "ASHA", 0, "running")
    watched = WatchedStudy(tmp_path)
    with FolderLock(folder):
        assert watched.look().totals.n_running == 1
    assert watched.look().totals.n_interrupted == 1
    with FolderLock(folder):
        write_metadata(folder, json.loads((folder / "metadata.json").read_text()))
        assert watched.look().totals.n_running == 1


def test_it_is_over_when_nothing_runs_and_nothing_has_changed_for_a_while(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(study_module.time, "monotonic", lambda: clock[0])
    add(tmp_path, "ASHA", 0)
    watched = WatchedStudy(tmp_path)
    assert not watched.look().is_over
    clock[0] += SECONDS_OF_QUIET - 1
    add(tmp_path, "ASHA", 1)
    assert not watched.look().is_over
    clock[0] += SECONDS_OF_QUIET - 1
    assert not watched.look().is_over
    clock[0] += 1
    assert watched.look().is_over
    with FolderLock(add(tmp_path, "ASHA", 2, "running")):
        watched.look()
        clock[0] += 100
        assert not watched.look().is_over


def test_what_has_not_changed_is_not_read_again(tmp_path):
    read = []
    scan = FolderScan(tmp_path, lambda path: read.append(path.name) or path.name)
    for seed in range(20):
        add(tmp_path, "ASHA", seed)
    assert scan.look()
    assert len(read) == 20
    assert not scan.look()
    add(tmp_path, "ASHA", 3, best=0.1)
    added = add(tmp_path, "RS", 0)
    assert scan.look()
    assert sorted(read[20:]) == ["toy-0-RS", "toy-3-ASHA"]
    shutil.rmtree(added)
    assert scan.look()
    assert len(read) == 22
    assert len(scan.experiments) == 20


@pytest.mark.parametrize("seed", range(4))
def test_looking_on_gives_what_looking_for_the_first_time_gives(tmp_path, seed):
    draw = random.Random(seed)
    read = lambda path: (path / "metadata.json").read_text()
    scan = FolderScan(tmp_path, read)
    paths = [tmp_path / a / b / c for a in "pq" for b in "xy" for c in ("1", "2", "2/deep", ".hidden")]
    for _ in range(40):
        path = draw.choice(paths)
        what = draw.randrange(4)
        if what == 0:
            shutil.rmtree(path, ignore_errors=True)
        elif what == 1:
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.mkdir(parents=True, exist_ok=True)
            write_metadata(path, {"n": draw.random()})
        if draw.random() < 0.3:  # as if what was done before had been done some time ago
            for folder, _, _ in os.walk(tmp_path):
                os.utime(folder, ns=(0, os.stat(folder).st_mtime_ns - 3_000_000_000))
        scan.look()
        fresh = FolderScan(tmp_path, read)
        fresh.look()
        assert scan.experiments == fresh.experiments


def test_a_settled_folder_is_not_listed_again(tmp_path, monkeypatch):
    add(tmp_path, "ASHA", 0)
    for folder, _, _ in os.walk(tmp_path):
        os.utime(folder, (time.time() - 100,) * 2)
    scan = FolderScan(tmp_path, lambda path: path.name)
    scan.look()
    monkeypatch.setattr(os, "scandir", lambda path: pytest.fail(f"{path} was listed"))
    assert not scan.look()


def test_what_cannot_be_read_is_told_and_the_rest_is_shown(tmp_path):
    add(tmp_path, "ASHA", 0)
    (add(tmp_path, "ASHA", 1) / "metadata.json").write_text("{")
    (add(tmp_path, "ASHA", 2) / "metadata.json").write_text("[]")
    lines = lines_of(WatchedStudy(tmp_path).look(), width=500)
    assert " 1 run: 1 complete" in lines[0]
    assert lines[-1].startswith("Left out: ")
    assert lines[-1].endswith("So it is with 1 more.")


def test_in_a_small_window_names_are_cut_and_lines_are_counted(tmp_path):
    for number in range(30):
        add(tmp_path, f"{number:02}-" + "long" * 20 + "\x1b[2J", 0)
    lines = lines_of(WatchedStudy(tmp_path).look(), width=60, height=10)
    assert len(lines) == 10
    assert lines[-1] == "and 23 more lines; --once shows all"
    assert all(len(line) <= 60 for line in lines[1:])
    assert all(line.isprintable() for line in lines)


def test_the_best_so_far_of_runs_in_real_time_is_read_from_their_records(tmp_path, ended):
    metadata = json.loads((ended / "metadata.json").read_text())
    gone = ("status", "ended", "reason", "incumbent", "n_reports")
    write_metadata(ended, {"status": "running", **{name: metadata[name] for name in metadata if name not in gone}})
    with FolderLock(ended):
        (tally,) = WatchedStudy(tmp_path).look().tallies
    assert tally.counts.n_running == 1
    assert tally.best == metadata["incumbent"]["metrics"][tally.metric]


def test_a_sweep_is_watched_to_its_end(tunekit, results, monkeypatch):
    monkeypatch.setattr(study_module, "SECONDS_OF_QUIET", 0.5)
    sweep = ("--multirun", "method=RS,ASHA", "benchmark=fcnet", "stopping.max_wallclock_time=50")
    assert tunekit(*sweep, "hydra.sweeper.n_jobs=1").status == 0
    (folder,) = [path for path in results.root.iterdir() if path.is_dir()]
    watched = tunekit("watch", str(folder))
    assert watched.status == 0
    lines = [line.rstrip() for line in watched.out.splitlines()]
    assert lines[0] == "2 runs: 2 complete"
    assert lines[1] == f"{folder}  2 runs: 2 complete"
    assert lines[3].startswith("ASHA   fcnet-robot_arm         1  metric_valid_loss 0.")
    assert lines[-2:] == ["Nothing runs.", f"To compare them: python -m tunekit report {folder}"]
    above = tunekit("watch", "--once").out.splitlines()
    assert above[1:-1] == watched.out.splitlines()[2:-1]
    assert above[-1] == f"To compare them: python -m tunekit report {results.root}"
    for name in ("~", "-x"):  # which read or typed again would be a home or a flag
        shutil.copytree(results.root, name)
        whole = f"{Path.cwd()}/{name}"
        again = tunekit("watch", "--once", f"./{name}").out.splitlines()[-1]
        assert again == f"To compare them: python -m tunekit report {shlex.quote(whole)}"
        assert "With 1 seed that both have" in tunekit("report", f"./{name}").out


def test_a_folder_without_experiments_is_refused_with_what_to_do(tunekit, tmp_path):
    (tmp_path / "empty").mkdir()
    finished = tunekit("watch", "empty", "--once")
    assert (finished.status, finished.out) == (2, "")
    assert "There are no experiments in empty: what has just begun is there after a few seconds." in finished.err
    finished = tunekit("watch", "--once")
    assert finished.status == 2
    assert "is no folder" in finished.err
    finished = tunekit("watch", "nobody")
    assert (finished.status, "waited for" in finished.err) == (2, False)


@pytest.mark.parametrize("words", [["results/soon"], []])
def test_a_folder_that_is_about_to_exist_is_waited_for(tunekit, results, tmp_path, monkeypatch, words):
    """First the folder, then the experiment in it."""
    monkeypatch.setattr(study_module, "SECONDS_OF_QUIET", 0.0)
    made = tmp_path / "elsewhere"
    assert tunekit("method=RS", "stopping.max_num_trials_started=1", f"results_dir={made}").status == 0
    steps = [lambda: (tmp_path / "results/soon").mkdir(parents=True), lambda: (made / "default").rename(tmp_path / to)]
    to = "results/soon/default"
    monkeypatch.setattr("tunekit.cli.verbs.watch.time.sleep", lambda seconds: steps.pop(0)() if steps else None)
    watched = tunekit("watch", *words)
    folder = words[0] if words else str(results.root)
    assert watched.err == (
        f"There is no folder {folder} yet: it is waited for. Ctrl-C leaves.\n"
        f"There are no experiments in {folder} yet: they are waited for. Ctrl-C leaves.\n"
    )
    assert (watched.status, watched.out.splitlines()[-1]) == (0, "Nothing runs.")
