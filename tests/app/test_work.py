"""``work``: runs that were planned elsewhere are run here, and come to what they come to there."""

import json
import os
import shutil
import signal
import sys
import time

import pytest

from tunekit.config.arguments import parse
from tunekit.config.planning import plan_command
from tunekit.config.specs.travelling import as_travelling
from tunekit_core import load_experiment

STUDY = ("method=ASHA", "benchmark=fcnet", "stopping.max_wallclock_time=300", "--multirun", "seed=range(3)")
TRAIN = """
import json
import os
import pathlib
import sys
import time
from tunekit import Reporter

lr = json.load(open(os.environ["TUNEKIT_CONFIGURATION"]))["lr"]
report = Reporter()
for epoch in range(1, 4):
    time.sleep(float(os.environ.get("SECONDS", "0")))
    report(epoch=epoch, loss=(lr - 0.01) ** 2 + 1 / epoch, there=pathlib.Path("data.txt").read_text())
"""
SCRIPT = (
    *("benchmark=script", f"benchmark.command={sys.executable} train.py", "benchmark.folder=project"),
    *("benchmark.space.lr=loguniform(1e-4,1e-1)", "benchmark.resource=epoch", "benchmark.max_resource=3"),
    *("searcher=random", "n_workers=1", "stopping={max_num_trials_started:3}"),
)
WATCHES = """
from tunekit_core.contracts.observers import Observer


class Tells(Observer):
    name = "tells"

    def on_experiment_end(self, view, reason):
        print("told of", self.folder.name)


@hookimpl
def tunekit_register_observers():
    return [Tells]
"""


def planned(*arguments):
    return [as_travelling(spec) for spec in plan_command(parse(arguments)).specs]


def write(path, runs):
    path.write_text("".join(json.dumps(run) + "\n" for run in runs))
    return str(path)


def but_for_times(metadata):
    others = {key: value for key, value in metadata.items() if key not in ("started", "ended", "time")}
    return {**others, "best_so_far": metadata["best_so_far"]["value"]}


@pytest.fixture
def project(results, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "train.py").write_text(TRAIN)
    (folder / "data.txt").write_text("data")
    return folder


@pytest.mark.parametrize("jobs", [(), ("--jobs", "1")], ids=["on all cores", "one after another"])
def test_simulated_runs_are_those_of_a_local_sweep_to_the_byte(shell, results, tmp_path, jobs):
    file = write(tmp_path / "runs.jsonl", planned(*STUDY))
    assert shell("work", file, "--results-dir", "there", *jobs).status == 0
    assert shell(*STUDY, "results_dir=here").status == 0
    there = {path.relative_to(tmp_path / "there"): path for path in (tmp_path / "there").glob("*/*/*/[!.]*")}
    here = {path.relative_to(tmp_path / "here"): path for path in (tmp_path / "here").glob("*/*/*/[!.]*")}
    assert len(there) == 6
    assert there.keys() == here.keys()
    for name, path in there.items():
        if path.suffix == ".zip":
            assert path.read_bytes() == here[name].read_bytes()
        else:
            one, other = json.loads(path.read_text()), json.loads(here[name].read_text())
            assert one["time"] == other["time"] == 300.0  # simulated
            assert but_for_times(one) == but_for_times(other)


def test_a_script_whose_folder_lies_elsewhere_gives_what_it_gives_at_home(tunekit, project, tmp_path, monkeypatch):
    file = write(tmp_path / "runs.jsonl", planned(*SCRIPT))
    assert tunekit(*SCRIPT, "results_dir=here").status == 0
    (tmp_path / "deep").mkdir()
    project.rename(tmp_path / "deep" / "moved")
    monkeypatch.setenv("TUNEKIT_MOVED", json.dumps({str(project): str(tmp_path / "deep" / "moved")}))
    finished = tunekit("work", file, "--results-dir", "there")
    assert finished.status == 0, finished.err
    (one,), (other,) = ([*(tmp_path / name).glob("*/*/*/metadata.json")] for name in ("here", "there"))
    assert one.parent.name == other.parent.name
    assert but_for_times(json.loads(one.read_text())) == but_for_times(json.loads(other.read_text()))
    first, second = load_experiment(one.parent).results, load_experiment(other.parent).results
    timed = [name for name in first.columns if "time" in name or "cost" in name]
    assert first.drop(columns=timed).equals(second.drop(columns=timed))
    assert list(first["there"]) == ["data"] * 9


def test_the_closest_folder_that_was_moved_counts_and_one_with_a_longer_name_is_another(
    tunekit, project, tmp_path, monkeypatch
):
    (tmp_path / "project-2").mkdir()
    file = write(tmp_path / "runs.jsonl", planned(*SCRIPT))
    project.rename(tmp_path / "moved")
    moved = {str(tmp_path): "/nowhere", str(project): str(tmp_path / "moved"), str(tmp_path / "proj"): "/nowhere"}
    monkeypatch.setenv("TUNEKIT_MOVED", json.dumps(moved))
    assert tunekit("work", file, "--results-dir", str(tmp_path / "there")).status == 0


@pytest.mark.parametrize("moved", ["[]", "{", '{"a": "/b"}', '{"/a": 1}'])
def test_a_variable_that_moves_nothing_is_refused_by_name(tunekit, project, tmp_path, monkeypatch, moved):
    file = write(tmp_path / "runs.jsonl", planned(*SCRIPT))
    monkeypatch.setenv("TUNEKIT_MOVED", moved)
    finished = tunekit("work", file, "--results-dir", "there")
    assert finished.status == 2
    assert finished.err.startswith(f"TUNEKIT_MOVED={moved!r} must be an object of JSON from absolute paths ")
    assert not (tmp_path / "there").exists()


def test_an_edit_on_this_machine_makes_no_other_run(tunekit, project, tmp_path):
    runs = planned(*SCRIPT)
    (project / "train.py").write_text(TRAIN + "\n# edited\n")
    finished = tunekit("work", write(tmp_path / "runs.jsonl", runs), "--results-dir", "there")
    assert finished.status == 0
    (folder,) = (tmp_path / "there").glob("*/*/*")
    assert folder.name == f"script-train-0-{runs[0]['hash']}"


def test_what_is_complete_is_not_run_again_and_each_run_has_a_line(tunekit, results, tmp_path):
    runs = planned(*STUDY)
    assert tunekit("work", write(tmp_path / "one.jsonl", runs[:1]), "--results-dir", "there").err == (
        "1 run: 0 complete, 1 to run.\nASHA on fcnet-robot_arm, seed 0: completed in 0:00, 300 s are over\n"
    )
    finished = tunekit("work", write(tmp_path / "all.jsonl", runs), "--results-dir", "there", "--jobs", "1")
    lines = finished.err.splitlines()
    assert lines[0] == "3 runs: 1 complete, 2 to run."
    assert [line.partition(":")[0] for line in lines[1:]] == [
        "ASHA on fcnet-robot_arm, seed 1",
        "ASHA on fcnet-robot_arm, seed 2",
    ]
    again = tunekit("work", write(tmp_path / "all.jsonl", runs), "--results-dir", "there")
    assert (again.status, again.out, again.err) == (0, "", "3 runs: 3 complete, 0 to run.\n")


def kill_in_the_middle(start, tmp_path, *command, **environment):
    process = start(*command, SECONDS="0.3", **environment)
    deadline = time.monotonic() + 60
    while not any("report" in path.read_text() for path in (tmp_path / "there").glob("*/*/*/events.jsonl")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def test_killed_in_the_middle_and_started_again_it_goes_on_where_it_was(start, shell, project, tmp_path):
    command = ("work", write(tmp_path / "runs.jsonl", planned(*SCRIPT)), "--results-dir", "there")
    kill_in_the_middle(start, tmp_path, *command)
    finished = shell(*command)
    assert finished.status == 0, finished.err
    (folder,) = (tmp_path / "there").glob("*/*/*")
    assert len(load_experiment(folder).results) == 9
    assert len([*folder.glob("[0-9]")]) == 3


def test_folders_of_trials_may_lie_elsewhere_and_be_gone_when_it_goes_on(start, shell, project, tmp_path):
    command = ("work", write(tmp_path / "runs.jsonl", planned(*SCRIPT)), "--results-dir", "there")
    kill_in_the_middle(start, tmp_path, *command, TUNEKIT_TRIALS=str(tmp_path / "trials"))
    (folder,) = (tmp_path / "there").glob("*/*/*")
    assert (tmp_path / "trials" / folder.relative_to(tmp_path / "there") / "0").is_dir()
    shutil.rmtree(tmp_path / "trials")
    finished = shell(*command, TUNEKIT_TRIALS=str(tmp_path / "trials"))
    assert finished.status == 0, finished.err
    assert len(load_experiment(folder).results) == 9
    assert [*folder.glob("[0-9]")] == []


def test_an_interruption_says_how_to_go_on(start, project, tmp_path):
    file = write(tmp_path / "runs.jsonl", planned(*SCRIPT))
    process = start("work", file, "--results-dir", "there", SECONDS="1")
    deadline = time.monotonic() + 60
    while not [*(tmp_path / "there").glob("*/*/*/events.jsonl")]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert err.splitlines()[-1] == f"Interrupted. To go on, type: python -m tunekit work {file} --results-dir there"


def test_a_run_that_fails_gives_status_1(tunekit, project, tmp_path):
    (project / "train.py").write_text("raise SystemExit('broken')")
    file = write(tmp_path / "runs.jsonl", planned(*SCRIPT, "stopping={max_failures:0}"))
    finished = tunekit("work", file, "--results-dir", "there")
    assert finished.status == 1
    assert "script-train, seed 0: failed in " in finished.err


def test_observers_that_are_named_watch_the_runs_and_are_no_part_of_them(tunekit, site, results, tmp_path):
    site.add("tunekit-tells", WATCHES)
    runs = planned(*STUDY)[:1]
    command = ("work", write(tmp_path / "runs.jsonl", runs), "--results-dir", "there", "--observer", "tells")
    finished = tunekit(*command)
    assert finished.status == 0
    (folder,) = (tmp_path / "there").glob("*/*/*")
    assert f"told of {folder.name}" in finished.out + finished.err
    metadata = json.loads((folder / "metadata.json").read_text())
    assert (metadata["hash"], metadata["config"]["observers"]) == (runs[0]["hash"], {})


def test_observers_that_do_not_exist_are_refused_before_anything_is_written(tunekit, results, tmp_path):
    file = write(tmp_path / "runs.jsonl", planned(*STUDY))
    finished = tunekit("work", file, "--results-dir", "there", "--observer", "tensorbord")
    assert finished.status == 2
    assert finished.err.startswith("No observer named 'tensorbord'. Did you mean 'tensorboard'? ")
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda text: "", "is damaged: it is empty."),
        (lambda text: text[:-40], "is damaged: line 3 is no JSON."),
        (lambda text: text.replace('"seed": 1', '"seed": 7'), "is damaged: line 2 is not as it was written."),
        (lambda text: text + "[]\n", "is damaged: line 4 is no run."),
        (lambda text: text.replace('{"format": 1', '{"format": 2'), "is of format 2; this version reads format 1. "),
    ],
)
def test_a_file_that_is_damaged_or_of_another_format_is_refused(tunekit, results, tmp_path, change, problem):
    file = tmp_path / "runs.jsonl"
    write(file, planned(*STUDY))
    file.write_text(change(file.read_text()))
    finished = tunekit("work", str(file), "--results-dir", "there")
    assert finished.status == 2
    assert finished.err.startswith(f"{file} {problem}")
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "`work` takes one file of runs, but got: none."),
        (("a", "b", "--results-dir", "there"), "`work` takes one file of runs, but got: a b."),
        (("a",), "`work` needs one --results-dir FOLDER."),
        (("a", "--results-dir"), "The flag --results-dir needs a value after it."),
        (("a", "--result-dir", "there"), "`work` has no flag '--result-dir'. Did you mean '--results-dir'?"),
        (("a", "--results-dir", "there", "--jobs", "0"), "--jobs 0 must be a whole number from 1 on."),
        (("nowhere", "--results-dir", "there"), "nowhere cannot be read: No such file or directory."),
        (("~nobody-of/x", "--results-dir", "there"), "~nobody-of/x cannot be read: No such file or directory."),
    ],
)
def test_what_is_typed_wrong_is_answered_with_what_is_right(tunekit, results, arguments, problem):
    finished = tunekit("work", *arguments)
    assert (finished.status, finished.out) == (2, "")
    assert finished.err.startswith(problem)


def test_its_help_says_how_it_is_typed(tunekit):
    finished = tunekit("work", "--help")
    assert finished.status == 0
    assert "Type: python -m tunekit work FILE --results-dir FOLDER [--observer NAME …] [--jobs N]" in finished.out


REVISED = """
from tunekit_core.builtin.random_search import RandomSearch


class Revised(RandomSearch):
    name = "revised"
    revision = 1


@hookimpl
def tunekit_register_searchers():
    return [Revised]
"""


def test_components_of_another_revision_are_refused(tunekit, site, results, tmp_path):
    site.add("tunekit-revised", REVISED)
    file = write(tmp_path / "runs.jsonl", planned("searcher=revised", "benchmark=fcnet"))
    sys.modules["tunekit_revised"].Revised.revision = 2
    finished = tunekit("work", file, "--results-dir", "there")
    assert finished.status == 2
    assert finished.err.startswith(
        "A run cannot be run here as it was planned elsewhere: searcher is of revision 1 there and 2 here."
    )
