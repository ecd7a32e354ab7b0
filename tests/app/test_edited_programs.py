"""What is in the files of a program, and the folder that it runs in, belong to what a run is."""

import json
import shlex
from pathlib import Path

import pytest

from tunekit.cli.main import main
from tunekit_core import load_experiment

TRAIN = """
import argparse, json, os
import helper
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
parser.add_argument("--st_checkpoint_dir")
arguments = parser.parse_args()
with open(os.environ["TUNEKIT_REPORTS"], "a") as file:
    file.write(json.dumps({"loss": helper.loss(arguments.x), "st_worker_timestamp": 0}) + "\\n")
"""
COMMAND = ("method=RS", "benchmark=script", "benchmark.space.x=uniform(0,1)", "n_workers=1", "verbosity=1")
PYTHON = "benchmark.command=python train.py"
LIMIT = "stopping.max_num_trials_finished={}"


def write_program(folder: Path, value: float = 1.0) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(TRAIN)
    write_helper(folder, value)


def write_helper(folder: Path, value: float) -> None:
    (folder / "helper.py").write_text(f"def loss(x):\n    return {value} + 0 * x\n")


@pytest.fixture
def project(results, tmp_path, monkeypatch):
    write_program(tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def told(finished) -> str:
    return " ".join(finished.err.split())


def offered(finished) -> list[str]:
    """The arguments of the line that goes on with an experiment that is there."""
    return shlex.split(told(finished).partition("anew, type: python -m tunekit ")[2].partition(" 0:0")[0])


def test_the_files_that_count_are_named_at_the_start(tunekit, project):
    assert "Sources: train.py and helper.py." in told(tunekit(*COMMAND, PYTHON, LIMIT.format(1)))


def test_two_projects_with_equal_files_are_two_runs_and_each_is_resumed_with_its_own_from_anywhere(
    tunekit, results, tmp_path, project, monkeypatch
):
    assert tunekit(*COMMAND, PYTHON, LIMIT.format(1)).status == 0
    (first,) = results.folders()
    write_program(tmp_path / "second", 1.0)
    monkeypatch.chdir(tmp_path / "second")
    finished = tunekit(*COMMAND, PYTHON, LIMIT.format(1))
    assert "found complete" not in finished.out
    assert len(results.folders()) == 2
    write_helper(tmp_path / "second", 7.0)
    monkeypatch.chdir("/")
    resumed = tunekit("resume", str(first), LIMIT.format(2))
    assert resumed.status == 0, resumed.err
    (longer,) = (each for each in results.folders() if load_experiment(each).metadata["n_completed"] == 2)
    assert set(load_experiment(longer).results["loss"]) == {1.0}


def test_a_program_that_was_moved_goes_on_where_it_is_now(shell, tunekit, results, tmp_path, project, monkeypatch):
    assert tunekit(*COMMAND, PYTHON, LIMIT.format(1)).status == 0
    (folder,) = results.folders()
    monkeypatch.chdir(tmp_path)
    project.rename(tmp_path / "moved")
    refused = shell("resume", str(folder), LIMIT.format(2))
    assert refused.status == 2
    assert "benchmark.folder=" in refused.err
    resumed = tunekit("resume", str(folder), LIMIT.format(2), "benchmark.folder=moved")
    assert resumed.status == 0, resumed.err
    (now,) = results.folders()
    assert load_experiment(now).metadata["config"]["benchmark"]["folder"] == str(tmp_path / "moved")


@pytest.mark.parametrize("edited", ["train.py", "helper.py"])
@pytest.mark.parametrize("command", [PYTHON, "benchmark.command=python -m train"])
def test_after_an_edit_the_same_command_is_another_run_and_names_the_one_before(
    tunekit, results, project, edited, command
):
    assert tunekit(*COMMAND, command, LIMIT.format(1)).status == 0
    (before,) = results.folders()
    found = tunekit(*COMMAND, command, LIMIT.format(1))
    assert "found complete" in found.out
    (project / edited).write_text((project / edited).read_text() + "\n# another content\n")
    again = tunekit(*COMMAND, command, LIMIT.format(1))
    assert again.status == 0, again.err
    assert "found complete" not in again.out
    complete = f"{before} is the same experiment with other sources ({edited}), and is complete. This one begins anew."
    assert complete in told(again)
    assert len(results.folders()) == 2
    longer = tunekit(*COMMAND, command, LIMIT.format(2), "seed=0")  # the one with the present sources comes first
    assert offered(longer)[:1] == ["resume"]
    assert offered(longer)[2:] == [LIMIT.format(2)]


def test_an_experiment_whose_program_was_edited_goes_on_only_when_that_is_accepted(tunekit, results, project):
    assert tunekit(*COMMAND, PYTHON, LIMIT.format(1)).status == 0
    (before,) = results.folders()
    pure = json.loads((before / "metadata.json").read_text())["config"]["sources"]
    write_helper(project, 2.0)
    refused = tunekit("resume", str(before), LIMIT.format(2))
    assert refused.status == 2
    assert "began with other sources: helper.py" in told(refused)
    assert results.folders() == [before]
    words = shlex.split(told(refused).rpartition("type: python -m tunekit ")[2])
    assert words == ["resume", str(before), LIMIT.format(2), "--changed-sources=accept"]
    accepted = tunekit(*words)
    assert accepted.status == 0, accepted.err
    (now,) = results.folders()
    assert now != before
    experiment = load_experiment(now)
    assert list(experiment.results["loss"].unique()) == [1.0, 2.0]
    assert experiment.metadata["config"]["earlier_sources"] == [pure]
    for value in (1.0, 2.0):  # neither version alone has these results
        write_helper(project, value)
        assert "found complete" not in tunekit(*COMMAND, PYTHON, LIMIT.format(2)).out
    assert now in results.folders()


WAIT = """
import time
from pathlib import Path
RUN = Path(os.environ["TUNEKIT_REPORTS"]).parent
is_ours = f'"event": "report", "trial_id": {RUN.parent.parent.name}, "run": {RUN.name},'
while is_ours not in (RUN.parents[2] / "events.jsonl").read_text():
    time.sleep(0.05)
time.sleep(0.5)
"""
EDIT = """
import os
helper = os.path.join(os.path.dirname(os.path.abspath(__file__)), "helper.py")
with open(f"{helper}.{os.getpid()}", "w") as file:  # several runs write it, and none may be seen half written
    file.write("def loss(x):\\n    return 5.0 + 0 * x\\n")
os.replace(file.name, helper)
"""
EDITS_ITSELF = WAIT + EDIT  # once its report is recorded
TWO_HAVE_BEGUN = """
(Path(__file__).parent / f"{os.getpid()}.begun").touch()
while len(list(Path(__file__).parent.glob("*.begun"))) < 2:
    time.sleep(0.05)
"""


def test_an_edit_while_it_runs_is_told_once_and_the_run_is_another_one(tunekit, results, project):
    (project / "train.py").write_text(TRAIN + EDITS_ITSELF)
    finished = tunekit(*COMMAND, PYTHON, LIMIT.format(3))
    assert finished.status == 0, finished.err
    assert told(finished).count("Edited while the experiment runs, and used from trial 1 on: helper.py.") == 1
    (folder,) = results.folders()
    metadata = load_experiment(folder).metadata
    assert folder.name.endswith(metadata["hash"])
    assert [each["helper.py"] for each in metadata["config"]["earlier_sources"]] != [
        metadata["config"]["sources"]["helper.py"]
    ]
    assert str(folder) in finished.out
    assert sorted(load_experiment(folder).results["loss"].unique()) == [1.0, 5.0]
    again = tunekit(*COMMAND, PYTHON, LIMIT.format(3))  # with the edited file from the beginning
    assert "found complete" not in again.out
    write_helper(project, 1.0)
    assert "found complete" not in tunekit(*COMMAND, PYTHON, LIMIT.format(3)).out


def test_runs_of_a_sweep_that_begin_after_an_edit_are_those_of_the_edited_program(tunekit, results, project):
    (project / "train.py").write_text(TRAIN + EDITS_ITSELF)
    swept = tunekit(*COMMAND, PYTHON, LIMIT.format(1), "--multirun", "seed=0,1,2")
    assert swept.status == 1
    assert "Not compared, since their program was edited meanwhile (2 of the runs)" in told(swept)
    assert "another end" not in told(swept)
    experiments = [load_experiment(folder) for folder in results.folders()]
    losses = {each.metadata["seed"]: set(each.results["loss"]) for each in experiments}
    assert losses == {0: {1.0}, 1: {5.0}, 2: {5.0}}
    again = tunekit(*COMMAND, PYTHON, LIMIT.format(1), "--multirun", "seed=0,1,2")
    assert again.status == 0, again.err
    assert "3 runs: 2 complete, 1 to run" in told(again)


def test_no_run_of_a_sweep_on_several_cores_mixes_two_versions_unsaid(tunekit, results, project):
    (project / "train.py").write_text(TRAIN + WAIT + TWO_HAVE_BEGUN + EDIT)
    swept = tunekit(*COMMAND, PYTHON, LIMIT.format(2), "hydra.sweeper.n_jobs=2", "--multirun", "seed=0,1,2,3")
    assert swept.status == 1, swept.err
    experiments = {each.metadata["seed"]: each for each in map(load_experiment, results.folders())}
    assert [len(experiments[seed].metadata["config"].get("earlier_sources", [])) for seed in range(4)] == [1, 1, 0, 0]
    assert [set(experiments[seed].results["loss"]) for seed in (2, 3)] == [{5.0}, {5.0}]
    again = tunekit(*COMMAND, PYTHON, LIMIT.format(2), "hydra.sweeper.n_jobs=2", "--multirun", "seed=0,1,2,3")
    assert again.status == 0, again.err
    assert "4 runs: 2 complete, 2 to run" in told(again)
    write_helper(project, 1.0)
    assert "4 runs: 0 complete, 4 to run" in told(
        tunekit(*COMMAND, PYTHON, LIMIT.format(2), "--multirun", "seed=0,1,2,3")
    )


def test_an_edit_between_the_start_of_the_last_trial_and_its_imports_is_noticed(tunekit, results, project):
    (project / "train.py").write_text(EDIT + TRAIN)
    finished = tunekit(*COMMAND, PYTHON, LIMIT.format(1))
    assert "Edited while the experiment runs, and perhaps used by trial 0 already: helper.py." in told(finished)
    (folder,) = results.folders()
    assert set(load_experiment(folder).results["loss"]) == {5.0}
    write_helper(project, 1.0)
    assert "found complete" not in tunekit(*COMMAND, PYTHON, LIMIT.format(1)).out


def test_an_edit_before_a_trial_fails_that_reports_nothing_is_noticed(tunekit, results, project):
    (project / "train.py").write_text(EDIT + "raise SystemExit(1)")
    finished = tunekit(*COMMAND, PYTHON, "stopping.max_num_trials_started=1")
    assert "perhaps used by trial 0 already: helper.py." not in told(finished)  # it is no part of that program
    (project / "train.py").write_text(EDIT + "import helper\nraise SystemExit(1)")
    write_helper(project, 1.0)
    finished = tunekit(*COMMAND, PYTHON, "stopping.max_num_trials_started=1")
    assert "perhaps used by trial 0 already: helper.py." in told(finished)


def test_an_edit_before_a_trial_is_begun_again_is_noticed(tunekit, results, project):
    first = f"if '/runs/0/' in os.environ['TUNEKIT_REPORTS']:\n    exec({EDITS_ITSELF!r})\n    raise SystemExit(1)"
    (project / "train.py").write_text(TRAIN + first)
    finished = tunekit(*COMMAND, PYTHON, LIMIT.format(1), "backend.trial_retries=1")
    (folder,) = results.folders()
    assert len(load_experiment(folder).metadata["config"]["earlier_sources"]) == 1
    assert "Edited while the experiment runs, and perhaps used by trial 0 already: helper.py." in told(finished)


def test_sources_that_are_gone_for_a_moment_end_no_experiment(tunekit, results, project):
    (project / "settings.yaml").touch()
    (project / "train.py").write_text(TRAIN + f"{WAIT}\nPath('settings.yaml').unlink(missing_ok=True)")
    finished = tunekit(*COMMAND, PYTHON, "benchmark.sources=[train.py,settings.yaml]", LIMIT.format(2))
    assert finished.status == 0, finished.err
    assert "used from trial 1 on: settings.yaml." in told(finished)
    (folder,) = results.folders()
    metadata = load_experiment(folder).metadata
    assert (metadata["status"], metadata["config"]["sources"]["settings.yaml"]) == ("completed", "cannot be read")


def test_what_is_touched_without_another_content_is_no_edit(tunekit, results, project):
    assert tunekit(*COMMAND, PYTHON, LIMIT.format(1)).status == 0
    (project / "helper.py").touch()
    assert "found complete" in tunekit(*COMMAND, PYTHON, LIMIT.format(1)).out


def test_of_a_program_whose_sources_are_given_only_those_count(tunekit, results, project):
    given = "benchmark.sources=[train.py]"
    assert tunekit(*COMMAND, PYTHON, given, LIMIT.format(1)).status == 0
    write_helper(project, 3.0)
    assert "found complete" in tunekit(*COMMAND, PYTHON, given, LIMIT.format(1)).out
    assert main([*COMMAND, PYTHON, "benchmark.sources=[nothing.py]", LIMIT.format(1)]) == 2
