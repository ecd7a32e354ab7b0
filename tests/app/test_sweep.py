"""Sweeps: which runs there are, and that every one is run once, whatever happens to the processes."""

import contextlib
import csv
import os
import random
import shutil
import signal
import time
from pathlib import Path

import attrs
import psutil
import pytest

from tunekit.runs.run import Outcome, run
from tunekit_core.contracts.status import ExperimentStatus

SHORT = "stopping.max_wallclock_time=50"  # simulated seconds
LAUNCH = ["+method=ASHA", "benchmark=fcnet", "--multirun", "seed=range(4)", SHORT]
ONE_JOB, TWO_JOBS = "hydra.sweeper.n_jobs=1", "hydra.sweeper.n_jobs=2"
SLOW = ["--multirun", "searcher=trouble", SHORT, "seed=range(6)"]


def index(results, tag="default"):
    with open(results.root / tag / "index.csv") as file:
        return list(csv.DictReader(file))


class TestExpansion:
    def plan(self, tunekit, *arguments):
        """(method, problem, seed) of each run of a plan, in order."""
        finished = tunekit("--multirun", "hydra.sweeper.plan=true", *arguments)
        assert finished.status == 0, finished.err
        lines = [line.split() for line in finished.out.splitlines() if line[:2] == "  " and line.strip()[:1].isdigit()]
        return [(cells[1], cells[2], int(cells[3])) for cells in lines]

    def test_the_last_key_varies_fastest(self, tunekit):
        arm = "fcnet-robot_arm"
        expected = [("RS", arm, 0), ("RS", arm, 1), ("ASHA", arm, 0), ("ASHA", arm, 1)]
        assert self.plan(tunekit, "method=RS,ASHA", "seed=range(2)") == expected

    def test_a_plan_runs_nothing(self, tunekit, results):
        self.plan(tunekit, "seed=range(2)")
        assert not results.root.exists()

    def test_globs_choices_and_sorted_ranges(self, tunekit):
        plan = self.plan(tunekit, "method=glob(ASHA*,exclude=*RELU)", "seed=sort(choice(3,1),reverse=true)")
        assert [(method, seed) for method, _, seed in plan] == [
            ("ASHA", 3),
            ("ASHA", 1),
            ("ASHA-TANH", 3),
            ("ASHA-TANH", 1),
        ]

    def test_zipped_keys_vary_together(self, tunekit):
        datasets = "benchmark.dataset=robot_arm,diabetes"
        for groups in ("[[seed,benchmark.dataset]]", "[seed,benchmark.dataset]"):
            plan = self.plan(tunekit, "seed=4,5", "method=RS,ASHA", datasets, f"hydra.sweeper.zip={groups}")
            assert plan == [
                ("RS", "fcnet-robot_arm", 4),
                ("ASHA", "fcnet-robot_arm", 4),
                ("RS", "fcnet-diabetes", 5),
                ("ASHA", "fcnet-diabetes", 5),
            ]

    def test_the_first_runs_can_be_left_out(self, tunekit):
        plan = self.plan(tunekit, "seed=range(4)", "hydra.sweeper.skip_initial_experiments=3")
        assert [seed for _, _, seed in plan] == [3]

    def test_equal_runs_are_one(self, tunekit):
        assert len(self.plan(tunekit, "seed=1,1,2")) == 2

    def test_interpolations_follow_the_swept_value(self, tunekit):
        plan = self.plan(tunekit, "seed=3,4", "experiment_tag=tag${seed}")
        assert [seed for _, _, seed in plan] == [3, 4]

    def test_a_study_is_narrowed_from_the_command_line(self, tunekit):
        finished = tunekit("experiment=demo_study", "method=RS,ASHA", "seed=7", "hydra.sweeper.plan=true")
        planned = [line.split()[1:4] for line in finished.out.splitlines() if "demo_study" in line]
        assert planned == [
            ["RS", "fcnet-robot_arm", "7"],
            ["ASHA", "fcnet-robot_arm", "7"],
            ["RS", "fcnet-diabetes", "7"],
            ["ASHA", "fcnet-diabetes", "7"],
        ]


def test_the_launch_command_of_the_readme_compares_and_draws(tunekit, results):
    finished = tunekit(*LAUNCH)
    assert finished.status == 0
    assert "ASHA" in finished.out
    assert "Median over runs" in finished.out
    figures = sorted(path.suffix for path in (results.root / "default").glob("best-over-time_ASHA_fcnet-robot_arm_4*"))
    assert figures == [".pdf", ".png"]
    assert [(run["seed"], run["status"]) for run in index(results)] == [(str(seed), "completed") for seed in range(4)]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_stands_in_the_place_of_the_index_is_set_aside(tunekit, results, make):
    tunekit(*LAUNCH, ONE_JOB)
    written = index(results)
    path = results.root / "default" / "index.csv"
    path.unlink()
    make(path)
    kind = os.lstat(path).st_mode
    finished = tunekit(*LAUNCH, ONE_JOB)
    assert finished.status == 0, finished.err
    assert index(results) == written
    assert os.lstat(path.with_name("index.csv.set-aside-1")).st_mode == kind
    assert f"Kept as {path}.set-aside-1: {path} is no file" in finished.err


def test_results_are_the_same_bytes_for_one_job_and_two(tunekit, results):
    tunekit(*LAUNCH, ONE_JOB, "experiment_tag=one")
    tunekit(*LAUNCH, TWO_JOBS, "experiment_tag=two")
    one, two = results.bytes("one/*/*"), results.bytes("two/*/*")
    assert len(one) == 4
    assert one == two


@pytest.mark.parametrize(
    "launch",
    [
        [*LAUNCH, "seed=0,1"],
        ["--multirun", "method=BO,MOBSTER,HYPERTUNE,DYHPO,AUTO", "stopping.max_num_evaluations=400"],
    ],
    ids=["ASHA", "model-based"],
)
def test_results_are_the_same_bytes_whatever_the_hash_seed_and_the_threads(launch, shell, results):
    settings = [("0", "1"), ("1", "2")]
    for hash_seed, threads in settings:
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        variables = {"PYTHONHASHSEED": hash_seed, **dict.fromkeys(names, threads)}
        assert shell(*launch, f"experiment_tag=t{hash_seed}", **variables).status == 0
    first, other = [results.bytes(f"t{hash_seed}/*/*") for hash_seed, _ in settings]
    assert len(first) == (2 if "+method=ASHA" in launch else 5)
    assert other == first


def test_the_temporary_folder_may_have_a_long_name(shell, results, tmp_path):
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    assert shell(*LAUNCH, TMPDIR=str(folder)).status == 0
    assert len(results.folders()) == 4
    assert list(folder.iterdir()) == []


def test_complete_runs_are_found_and_missing_ones_are_run(tunekit, results):
    tunekit(*LAUNCH)
    before = results.bytes()
    removed = results.folders()[2]
    shutil.rmtree(removed)
    started = {
        folder.name: metadata["started"] for folder, metadata in zip(results.folders(), results.metadata(), strict=True)
    }
    finished = tunekit(*LAUNCH)
    assert "3 complete, 1 to run" in finished.err
    assert results.bytes() == before
    for folder, metadata in zip(results.folders(), results.metadata(), strict=True):
        assert (started.get(folder.name) == metadata["started"]) == (folder != removed)
    assert "4 complete, 0 to run" in tunekit(*LAUNCH).err


def test_nothing_is_written_again_if_nothing_was_run(tunekit, results):
    tunekit(*LAUNCH)
    before = {path: path.stat().st_mtime_ns for path in results.root.rglob("*") if path.suffix}
    tunekit(*LAUNCH)
    assert {path: path.stat().st_mtime_ns for path in results.root.rglob("*") if path.suffix} == before


@pytest.mark.parametrize("jobs", [ONE_JOB, TWO_JOBS])
def test_a_run_that_breaks_does_not_stop_the_others(jobs, shell, results):
    arguments = [*SLOW, "searcher.breaks_at=2", jobs]
    finished = shell(*arguments, TROUBLE="1")
    assert finished.status == 1
    assert "1 of 6 runs failed" in finished.err
    assert "seed 2: The searcher 'trouble' (" in finished.err
    assert ") raised ZeroDivisionError in suggest for trial " in finished.err
    assert [run["status"] for run in index(results)] == ["completed"] * 2 + ["failed"] + ["completed"] * 3
    assert "divided by zero" in index(results)[2]["reason"]
    finished = shell(*arguments)
    assert finished.status == 0
    assert "5 complete, 1 to run" in finished.err
    assert {run["status"] for run in index(results)} == {"completed"}


def test_a_worker_that_dies_takes_one_run_with_it(shell, results):
    arguments = [*SLOW, "searcher.dies_at=2", TWO_JOBS]
    finished = shell(*arguments, TROUBLE="1")
    assert finished.status == 1
    assert "seed 2: its process was ended by SIGKILL" in finished.err
    assert [run["status"] for run in index(results)] == ["completed"] * 2 + ["failed"] + ["completed"] * 3
    finished = shell(*arguments)
    assert finished.status == 0, finished.err


def test_debug_shows_where_a_run_broke(shell):
    finished = shell(*SLOW, "searcher.breaks_at=2", "--debug", TROUBLE="1")
    assert "_make_trouble" in finished.err


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def alive(session):
    """Processes of a session that still run."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(entry))
    return found


@pytest.mark.parametrize("jobs", [ONE_JOB, TWO_JOBS])
def test_a_sweep_that_is_killed_is_completed_by_the_same_command(jobs, start, shell, tunekit, results):
    arguments = [*SLOW, "searcher.seconds=0.1", jobs]
    process = start(*arguments, HANGS_FROM="4")
    wait_for(lambda: len(results.folders()) >= 2)
    time.sleep(random.random() * 0.2)  # any moment
    process.kill()
    wait_for(lambda: not alive(process.pid))
    assert len([metadata for metadata in results.metadata() if metadata["status"] == "completed"]) < 6
    finished = shell(*arguments)
    assert finished.status == 0
    tunekit("--multirun", "seed=range(6)", SHORT, ONE_JOB, "experiment_tag=whole")  # the same without the trouble
    assert list(results.bytes().values()) == list(results.bytes("whole/*/*").values())
    assert {run["status"] for run in index(results)} == {"completed"}


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["INT", "TERM", "HUP"],
)
@pytest.mark.parametrize("jobs", [ONE_JOB, TWO_JOBS])
def test_an_interruption_ends_what_runs_cleanly_and_says_how_to_go_on(jobs, start, shell, results, number, status):
    arguments = [*SLOW, jobs]
    process = start(*arguments, HANGS_FROM="2")
    wait_for(lambda: len(results.folders()) >= 3)
    os.killpg(process.pid, number)  # what Ctrl-C does: every process of the group gets it
    _, err = process.communicate(timeout=120)
    assert process.returncode == status
    assert "Traceback" not in err
    assert "failed" not in err
    assert "To go on, type: python -m tunekit" in err
    statuses = [run["status"] for run in index(results)]
    assert set(statuses) == {"completed", "interrupted"}
    assert len(statuses) < 6
    wait_for(lambda: not alive(process.pid))
    finished = shell(*arguments)
    assert finished.status == 0, finished.err


def test_a_signal_to_end_that_comes_at_the_end_of_a_run_is_no_error(start, results):
    process = start(*SLOW, TWO_JOBS, SIGNALLED_AT_END="1")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 143
    first, *progress, best, last = err.splitlines()
    assert first == "6 runs: 0 complete, 6 to run, 2 at the same time."
    assert best.startswith("Best metric_valid_loss on fcnet-robot_arm so far: ")
    assert all(" of 6 runs, " in line for line in progress), err
    assert last.startswith("Interrupted, with ")
    assert {run["status"] for run in index(results)} <= {"completed", "interrupted"}


@pytest.mark.parametrize("jobs", [ONE_JOB, TWO_JOBS])
def test_a_signal_to_end_that_python_drops_ends_the_command_all_the_same(jobs, start, results):
    process = start(*SLOW, jobs, SIGNALLED_IN_DEL="1", HANGS_FROM="0")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 143
    _, last = err.splitlines()
    assert last.startswith("Interrupted, with 0 of 6 runs complete. To go on, type: ")
    assert {run["status"] for run in index(results)} == {"interrupted"}


def test_a_sweep_that_is_interrupted_when_all_that_had_begun_has_ended_is_not_taken_for_complete(
    tunekit, results, monkeypatch
):
    def run_the_first(specs, n_jobs, on_outcome, on_wait):
        on_outcome(specs[0], run(specs[0]))

    monkeypatch.setattr("tunekit.cli.run.run_all", run_the_first)
    finished = tunekit("--multirun", "seed=range(3)", SHORT)
    assert finished.status == 130
    assert finished.err.splitlines()[-1].startswith("Interrupted, with 1 of 3 runs complete. To go on, type: ")
    assert [run["status"] for run in index(results)] == ["completed"]


def test_two_interruptions_end_at_once(start, results, tmp_path):
    process = start(*SLOW, "searcher.seconds=600", TWO_JOBS, TROUBLE_LOG=str(tmp_path / "log"))
    wait_for((tmp_path / "log").exists)
    os.kill(process.pid, signal.SIGINT)
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == 130
    wait_for(lambda: not alive(process.pid))


def test_a_signal_to_end_that_only_the_command_gets_ends_its_workers(start, results, tmp_path):
    process = start(*SLOW, "searcher.seconds=600", TWO_JOBS, TROUBLE_LOG=str(tmp_path / "log"))
    wait_for(lambda: (tmp_path / "log").exists() and len((tmp_path / "log").read_text().splitlines()) == 2)
    os.kill(process.pid, signal.SIGTERM)
    os.kill(process.pid, signal.SIGTERM)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 143
    assert "Traceback" not in err
    assert {run["status"] for run in results.metadata()} == {"interrupted"}
    wait_for(lambda: not alive(process.pid))


def test_two_sweeps_at_the_same_time_do_nothing_twice(start, results, tmp_path):
    log = tmp_path / "log"
    arguments = [*SLOW, "searcher.seconds=0.2", TWO_JOBS]
    processes = [start(*arguments, TROUBLE_LOG=str(log)) for _ in range(2)]
    ends = [(*process.communicate(timeout=120), process.returncode) for process in processes]
    assert [status for _, _, status in ends] == [0, 0], ends
    assert sorted(log.read_text().split()) == [str(seed) for seed in range(6)]
    for out, _, _ in ends:
        assert "fifo+trouble      6" in out.replace("       ", "      ")
    assert [run["status"] for run in index(results)] == ["completed"] * 6


def test_runs_of_a_sweep_that_died_are_taken_over(start, shell, results, tmp_path):
    log = tmp_path / "log"
    first = start(*SLOW, "searcher.seconds=2", "seed=0", ONE_JOB, TROUBLE_LOG=str(log))
    wait_for(log.exists)
    second = start(*SLOW, "searcher.seconds=2", "seed=0", ONE_JOB)
    time.sleep(1.0)  # until the second sees that the first holds the run
    first.kill()
    assert second.wait(120) == 0
    assert results.metadata()[0]["status"] == "completed"


def test_an_experiment_of_the_user_may_be_a_sweep(tunekit, results, tmp_path):
    folder = tmp_path / "mine" / "experiment"
    folder.mkdir(parents=True)
    lines = ["# @package _global_", "experiment: {name: small}", "experiment_tag: small"]
    lines += ["hydra: {mode: MULTIRUN, sweeper: {params: {seed: 'range(2)', method: 'RS,ASHA'}}}"]
    (folder / "small.yaml").write_text("\n".join(lines))
    finished = tunekit("--config-dir", str(tmp_path / "mine"), "experiment=small", SHORT)
    assert finished.status == 0
    runs = [(run["method"], run["seed"]) for run in index(results, "small")]
    assert runs == [("ASHA", "0"), ("ASHA", "1"), ("RS", "0"), ("RS", "1")]
    assert {metadata["experiment"] for metadata in results.metadata("small/*/*")} == {"small"}


def test_seeds_that_were_not_asked_for_are_not_missed(tunekit, results, monkeypatch):
    def breaks(spec, **how):
        is_one = (spec.method, spec.seed) == ("RS", 1)
        return Outcome(ExperimentStatus.FAILED, "it broke") if is_one else run(spec, **how)

    few = "hydra.sweeper.repeats={method: {RS: 2}}"
    of_both = ("--multirun", "method=RS,ASHA", "stopping.max_wallclock_time=20", ONE_JOB)
    with monkeypatch.context() as patched:
        patched.setattr("tunekit.runs.batch.run", breaks)
        failed = tunekit(*of_both, "seed=range(3)", few)
    assert "Check: fcnet-robot_arm: RS lacks 1 seed that others have: 1." in failed.err
    complete = tunekit(*of_both, "seed=range(3)", few)
    assert complete.status == 0
    assert "lack" not in complete.err
    assert "RS has the first 2 of 3 seeds" in tunekit("report").err  # which does not know what was asked for


def test_a_run_that_got_another_end_is_told_apart_from_one_whose_program_was_edited(tunekit, results, monkeypatch):
    def gets_another_end(spec, **how):
        longer = {**spec.results["stopping"], "max_cost": {"distribution": "tunekit-hpo", "cost": 3.0}}
        became = attrs.evolve(spec, results={**spec.results, "stopping": longer})
        return attrs.evolve(run(spec, **how), became=became if spec.seed else None)

    monkeypatch.setattr("tunekit.runs.batch.run", gets_another_end)
    finished = tunekit("--multirun", "method=RS", "seed=0,1", "stopping.max_wallclock_time=20", ONE_JOB)
    assert finished.status == 1
    assert "Not compared, since they got another end (1 of the runs):" in finished.err
    assert "with the end of the others too, from its beginning, type again: " in finished.err
    assert "edited" not in finished.err


def test_the_index_lists_every_sweep_of_a_tag(tunekit, results):
    tunekit("method=RS", "--multirun", "seed=0,1", SHORT)
    tunekit("method=ASHA", "--multirun", "seed=0,1", SHORT)
    runs = [(run["method"], run["seed"], run["status"]) for run in index(results)]
    assert runs == [(m, s, "completed") for m in ("ASHA", "RS") for s in ("0", "1")]
    assert all((results.root / "default" / run["folder"]).is_dir() for run in index(results))


def test_the_first_failed_trial_is_told_with_the_folder_of_its_run(tunekit, results):
    finished = tunekit("--multirun", "method=RS", "seed=0,1", SHORT, ONE_JOB, "backend.failure_rate=1")
    folder = min(str(folder) for folder in results.folders() if "-0-" in folder.name)
    assert " trials failed, in 2 of 2 runs. Trial " in finished.out
    assert f" in {folder}: " in finished.out


def test_runs_with_one_sum_of_seeds_are_told_to_repeat_each_other(tunekit, results):
    command = ("method=RS", "benchmark=fcnet", SHORT, "--multirun", "seed=0,1,2")
    near = tunekit(*command, "random_seed=0,1")
    assert near.status == 0, near.err
    assert "Check: fcnet-robot_arm: 2 runs of RS repeat the seed of another" in near.err
    assert [line.split()[:2] for line in near.out.splitlines() if line.startswith("  RS ")] == [["RS", "4"]]
    far = tunekit(*command, "random_seed=0,1000")
    assert "repeat" not in far.err


@pytest.mark.parametrize("moment", [0.0, 0.1, 0.3])
def test_a_sweep_whose_fork_server_is_killed_has_its_answer(start, results, moment):
    process = start("method=RS", "benchmark=fcnet", SHORT, "--multirun", "seed=range(3)", "hydra.sweeper.n_jobs=2")
    command = psutil.Process(process.pid)
    killed = 0
    while killed < 2 and process.poll() is None:
        for child in command.children():
            with contextlib.suppress(psutil.Error):
                if any("forkserver" in word for word in child.cmdline()):
                    time.sleep(moment)
                    child.kill()
                    child.wait()
                    killed += 1
    _, err = process.communicate(timeout=120)
    assert "Traceback" not in err
    assert process.returncode == 0, err
    assert {metadata["status"] for metadata in results.metadata()} == {"completed"}
