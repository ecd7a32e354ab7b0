"""``python -m tunekit resume FOLDER``, and the same command once more."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tunekit.cli.main import main
from tunekit_core import load_experiment

COMMAND = ["method=RS", "backend=local", "benchmark=checkpoint_example", "benchmark.sleep_time=0.01", "n_workers=2"]
PAUSES = ["method=ASHA", *COMMAND[1:]]  # a trial that is finished takes a dozen runs of others
LIMIT = "stopping.max_num_trials_finished={}"


@pytest.fixture
def killed(results, shell):
    """Starts an experiment as a user does, kills it after so many events, and gives its folder."""

    def kill(*arguments, n_events=30):
        process = subprocess.Popen(
            [sys.executable, "-m", "tunekit", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while sum(len(file.read_bytes().splitlines()) for file in results.root.glob("*/*/*/events.jsonl")) < n_events:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        (folder,) = results.folders()
        return folder

    return kill


@pytest.fixture
def resume_killed(tunekit, monkeypatch):
    """Resumes an experiment and dies at the renaming of its folder, right before or right after it."""

    def resume(folder, change, *, after=False):
        rename = os.rename

        def die(*arguments):
            if after:
                rename(*arguments)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
            patch.setattr(os, "rename", die)
            tunekit("resume", str(folder), change)

    return resume


def events_of(folder):
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def test_the_same_command_goes_on_where_it_was(killed, tunekit, results):
    folder = killed(*PAUSES, LIMIT.format(2))
    before = events_of(folder)
    finished = tunekit(*PAUSES, LIMIT.format(2))
    assert finished.status == 0, finished.err
    assert results.folders() == [folder]
    assert events_of(folder)[: len(before) - 1] == before[:-1]
    assert load_experiment(folder).metadata["status"] == "completed"
    again = tunekit(*PAUSES, LIMIT.format(2))
    assert "Best loss" in again.out
    assert events_of(folder)[-1]["event"] == "criterion"


def test_resume_needs_only_the_folder(killed, tunekit):
    folder = killed(*COMMAND, LIMIT.format(4))
    finished = tunekit("resume", str(folder))
    assert finished.status == 0, finished.err
    assert load_experiment(folder).metadata["reason"] == "4 trials were finished"
    assert "kB of it checkpoints" in finished.out
    assert "Next, several seeds" not in finished.out


def test_an_experiment_stays_in_its_folder_whatever_its_recipe_is_called(tunekit, results, tmp_path):
    recipe = tmp_path / "own" / "method" / "RS+MINE.yaml"
    recipe.parent.mkdir(parents=True)
    recipe.write_text("# @package _global_\nmethod: {name: RS+MINE}\n")
    first = tunekit("method=RS+MINE", "--config-dir", str(tmp_path / "own"), *COMMAND[1:], LIMIT.format(1))
    assert first.status == 0, first.err
    (folder,) = results.folders()
    assert tunekit("resume", str(folder)).status == 0
    assert results.folders() == [folder]


def test_a_complete_experiment_goes_on_with_a_later_end_in_the_folder_that_belongs_to_it(tunekit, results):
    first = tunekit(*COMMAND, LIMIT.format(2))
    assert first.status == 0, first.err
    (folder,) = results.folders()
    before = load_experiment(folder).results
    second = tunekit("resume", str(folder), LIMIT.format(4))
    assert second.status == 0, second.err
    (moved,) = results.folders()
    assert moved != folder
    after = load_experiment(moved).results
    assert after.iloc[: len(before)][["trial_id", "epoch", "loss"]].equals(before[["trial_id", "epoch", "loss"]])
    assert len(after) > len(before)
    direct = tunekit(*COMMAND, LIMIT.format(4))
    assert results.folders() == [moved]
    assert str(moved.name) in direct.out


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_the_renaming_of_the_folder_nothing_is_lost_and_nothing_taken_for_complete(
    tunekit, results, resume_killed, moment
):
    first = tunekit(*COMMAND, LIMIT.format(2))
    assert first.status == 0, first.err
    (folder,) = results.folders()
    before = events_of(folder)
    resume_killed(folder, LIMIT.format(4), after=moment == "after")
    (left,) = results.folders()
    assert (left == folder) is (moment == "before")
    assert events_of(left) == before
    again = tunekit("resume", str(left), LIMIT.format(4))
    assert again.status == 0, again.err
    (moved,) = results.folders()
    assert events_of(moved)[: len(before)] == before
    assert load_experiment(moved).metadata["reason"] == "4 trials were finished"
    direct = tunekit(*COMMAND, LIMIT.format(4))
    assert results.folders() == [moved]
    assert str(moved.name) in direct.out


def test_the_command_finds_what_was_killed_after_the_renaming_and_goes_on(tunekit, results, resume_killed):
    assert tunekit(*COMMAND, LIMIT.format(2)).status == 0
    (folder,) = results.folders()
    resume_killed(folder, LIMIT.format(4), after=True)
    assert tunekit(*COMMAND, LIMIT.format(4)).status == 0
    (moved,) = results.folders()
    assert load_experiment(moved).metadata["reason"] == "4 trials were finished"


def test_killed_before_the_renaming_it_is_not_taken_for_what_its_folder_was_called_so_far(
    tunekit, results, resume_killed
):
    assert tunekit(*COMMAND, LIMIT.format(2)).status == 0
    (folder,) = results.folders()
    before = events_of(folder)
    resume_killed(folder, LIMIT.format(4))
    old = tunekit(*COMMAND, LIMIT.format(2))
    assert old.status == 0
    assert "the folder of what it is now" in old.err.replace("\n", " ")
    assert load_experiment(folder).metadata["reason"] == "2 trials were finished"
    (moved,) = set(results.folders()) - {folder}
    assert events_of(moved) == before
    assert tunekit(*COMMAND, LIMIT.format(4)).status == 0
    assert events_of(moved)[: len(before)] == before
    assert set(results.folders()) == {folder, moved}


def test_killed_again_while_it_is_resumed_it_goes_on(killed, tunekit, shell, results):
    folder = killed(*PAUSES, LIMIT.format(4))
    before = events_of(folder)
    for seconds in (0.6, 0.9, 1.2, 1.5):
        process = subprocess.Popen(
            [sys.executable, "-m", "tunekit", "resume", str(folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(seconds)
        process.kill()
        process.wait()
    finished = tunekit("resume", str(folder))
    assert finished.status == 0, finished.err
    assert events_of(folder)[: len(before) - 1] == before[:-1]
    table = load_experiment(folder).results
    for _, rows in table.groupby("trial_id"):
        assert list(rows["epoch"]) == [*range(1, len(rows) + 1)]
    assert load_experiment(folder).metadata["n_failed"] == 0


def damage(folder):
    """A byte of the record is another, in the middle."""
    path = folder / "events.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[9] = lines[9].replace(b'"event"', b'"evemt"')
    path.write_bytes(b"".join(lines))
    return path.read_bytes()


def test_an_experiment_that_cannot_go_on_is_kept_and_the_last_line_begins_anew_beside_it(killed, tunekit, results):
    folder = killed(*COMMAND, LIMIT.format(2))
    left = damage(folder)
    failed = tunekit(*COMMAND, LIMIT.format(2))
    assert failed.status == 1
    assert "Line 10 of " in failed.err
    assert "What is recorded stays as it is; a new experiment needs another folder." in failed.err.replace("\n", " ")
    before, line = failed.err.rstrip().rsplit("\n", 1)
    assert "type the same command again" not in before
    assert line.startswith("To begin anew beside what is recorded, type: ")
    assert line.endswith(" experiment_tag=default-anew")
    words = shlex.split(line)
    anew = tunekit(*words[words.index(COMMAND[0]) :])
    assert anew.status == 0, anew.err
    assert (folder / "events.jsonl").read_bytes() == left
    assert [metadata["status"] for metadata in results.metadata("default-anew/*/*")] == ["completed"]


def test_a_folder_that_cannot_go_on_names_the_tag_with_which_to_type_its_command(killed, tunekit):
    folder = killed(*COMMAND, LIMIT.format(2))
    damage(folder)
    failed = tunekit("resume", str(folder))
    assert failed.status == 1
    assert failed.err.endswith(
        "To begin anew beside what is recorded, type the command that made it, with experiment_tag=default-anew\n"
    )
    (folder / "events.jsonl").unlink()
    refused = tunekit("resume", str(folder))
    assert refused.status == 2
    assert "has no events.jsonl. To begin anew beside it" in refused.err.replace("\n", " ")
    assert refused.err.endswith("type the command that made it, with experiment_tag=default-anew\n")


def test_where_the_experiment_with_another_end_exists_the_line_to_resume_that_is_told(tunekit, results):
    for n_trials in (1, 2):
        assert tunekit(*COMMAND, LIMIT.format(n_trials)).status == 0
    first, second = sorted(results.folders(), key=lambda folder: (folder / "metadata.json").stat().st_mtime)
    refused = tunekit("resume", str(first), LIMIT.format(2))
    assert refused.status == 2
    line = refused.err.replace("\n", " ").rpartition("type: python -m tunekit ")[2]
    assert "Best loss" in tunekit(*shlex.split(line)).out
    assert Path(shlex.split(line)[-1]).resolve() == second


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """The folder of an experiment that has ended; what a test does to it is refused."""
    root = tmp_path_factory.mktemp("complete")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNEKIT_RESULTS", str(root))
        assert main([*COMMAND, LIMIT.format(1)]) == 0
    (metadata,) = root.glob("*/*/*/metadata.json")
    return metadata.parent


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "`resume` needs the folder of an experiment"),
        (["nowhere"], "nowhere holds no experiment"),
        (["~nobody-of-this-name/x"], "~nobody-of-this-name/x holds no experiment"),
        (["FOLDER", "seed=3"], "Only these can be changed: stopping, n_workers"),
        (["FOLDER", "stopping"], "Only these can be changed"),
        (["FOLDER", "stopping.max_trials=3"], "stopping.max_trials"),
        (["FOLDER", "backend.name=simulator"], "keeps its backend, local"),
    ],
)
def test_what_cannot_be_resumed_is_refused_and_kept(tunekit, complete, arguments, message):
    folder = complete
    before = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    refused = tunekit("resume", *[str(folder) if argument == "FOLDER" else argument for argument in arguments])
    assert refused.status == 2
    assert message in refused.err.replace("\n", " ")
    assert {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()} == before


def test_a_simulation_is_run_again_rather_than_resumed(tunekit, results):
    tunekit("method=RS", "stopping.max_num_trials_started=2")
    (folder,) = results.folders()
    refused = tunekit("resume", str(folder))
    assert refused.status == 2
    assert "runs are repeated from their beginning" in refused.err.replace("\n", " ")


def test_an_experiment_that_was_given_up_on_goes_on_once_its_script_is_mended(tunekit, results, tmp_path):
    script = tmp_path / "train.py"
    script.write_text("raise SystemExit('the data are not there')")
    command = [
        *["backend=local", "benchmark=script", "n_workers=1", f"benchmark.command='{sys.executable} train.py'"],
        *["benchmark.space.lr=uniform(0,1)", "stopping.max_failures=1", "stopping.max_num_trials_started=5"],
    ]
    failed = tunekit(*command)
    assert failed.status == 1
    assert "the data are not there" in failed.err
    assert "the data are not there" in load_experiment(results.folders()[0]).metadata["failures"][0]["reason"]
    script.write_text("from tunekit import Reporter; Reporter()(loss=1.0)")
    assert tunekit("resume", str(results.folders()[0]), "--changed-sources=accept").status == 0
    metadata = load_experiment(results.folders()[0]).metadata
    assert (metadata["n_failed"], metadata["n_completed"]) == (2, 3)


def test_the_same_command_with_a_later_end_names_the_experiment_that_could_go_on(tunekit, results):
    assert tunekit(*COMMAND, LIMIT.format(1)).status == 0
    (before,) = results.folders()
    longer = tunekit(*COMMAND, LIMIT.format(2))
    told = " ".join(longer.err.split())
    assert f"{before} is the same experiment with another end. To go on with that rather than begin anew" in told
    assert f"python -m tunekit resume {before} {LIMIT.format(2)}" in told
    assert len(results.folders()) == 2
    other = tunekit(*COMMAND, LIMIT.format(3), "seed=5")
    assert "is the same experiment" not in other.err


@pytest.mark.parametrize("end", ["stopping.max_num_trials_started=1", "stopping.max_wallclock_time=0.001"])
def test_an_end_that_is_passed_is_refused_and_nothing_is_renamed(tunekit, results, end):
    assert tunekit(*COMMAND, LIMIT.format(2)).status == 0
    (folder,) = results.folders()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    refused = tunekit("resume", str(folder), end)
    assert refused.status == 2
    assert f"{end.partition('=')[0]}: {folder} has gone further than that already" in " ".join(refused.err.split())
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_an_end_where_it_stands_is_no_passed_one(tunekit, results):
    assert tunekit(*COMMAND, "stopping.max_num_trials_started=2").status == 0
    (folder,) = results.folders()
    resumed = tunekit("resume", str(folder), "stopping.max_num_trials_started=null", LIMIT.format(2))
    assert resumed.status == 0, resumed.err
    (now,) = results.folders()
    assert now != folder


@pytest.mark.parametrize("way", ["absolute", "above", "home", "link"])
def test_a_folder_is_resumed_by_whatever_path_names_it(tunekit, results, tmp_path, monkeypatch, way):
    assert tunekit(*COMMAND, LIMIT.format(1)).status == 0
    (folder,) = results.folders()
    below = folder.relative_to(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "link").symlink_to(folder)
    typed = {"absolute": folder, "above": Path("..") / below, "home": Path("~") / below, "link": tmp_path / "link"}[way]
    resumed = tunekit("resume", str(typed), LIMIT.format(2))
    assert resumed.status == 0, resumed.err
    (now,) = results.folders()
    assert now != folder
    assert load_experiment(now).metadata["reason"] == "2 trials were finished"


def test_a_home_folder_is_one_wherever_a_path_is_typed(tunekit, results, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TUNEKIT_RESULTS", "~/by_variable")
    assert tunekit(*COMMAND, LIMIT.format(1)).status == 0
    assert tunekit(*COMMAND, LIMIT.format(1), "results_dir=~/typed").status == 0
    (folder,) = (path.parent for path in tmp_path.glob("typed/*/*/*/metadata.json"))
    assert len(list(tmp_path.glob("by_variable/*/*/*/metadata.json"))) == 1
    assert not (tmp_path / "~").exists()
    assert load_experiment(f"~/{folder.relative_to(tmp_path)}").path == folder
    assert load_experiment(folder.name, results_dir="~/typed").path == folder


def test_a_folder_that_was_renamed_is_named_to_whoever_types_the_old_name(tunekit, results):
    assert tunekit(*COMMAND, LIMIT.format(1)).status == 0
    (before,) = results.folders()
    assert tunekit("resume", str(before), LIMIT.format(2)).status == 0
    (now,) = results.folders()
    refused = tunekit("resume", str(before))
    assert refused.status == 2
    assert f"{before.name} is results/default/RS/{now.name} now" in " ".join(refused.err.split())


def test_an_experiment_that_has_gone_further_is_named_where_the_command_begins_anew(tunekit, results):
    assert tunekit(*COMMAND, LIMIT.format(2)).status == 0
    (further,) = results.folders()
    shorter = tunekit(*COMMAND, "stopping.max_num_evaluations=1")
    told = " ".join(shorter.err.split())
    assert f"{further} is the same experiment with another end, and has gone further than this end." in told


def test_killed_before_the_renaming_the_command_of_what_it_became_finds_it(tunekit, results, resume_killed):
    assert tunekit(*COMMAND, LIMIT.format(1)).status == 0
    (folder,) = results.folders()
    before = events_of(folder)
    resume_killed(folder, LIMIT.format(2))
    assert tunekit(*COMMAND, LIMIT.format(2)).status == 0
    (now,) = results.folders()
    assert now != folder
    assert events_of(now)[: len(before)] == before


@pytest.mark.parametrize("change", ["backend.name=3", "stopping.max_num_trials_finished=["])
def test_what_cannot_be_read_of_a_change_is_refused_in_lines(tunekit, complete, change):
    refused = tunekit("resume", str(complete), change)
    assert refused.status == 2
    assert "Traceback" not in refused.err


def test_an_experiment_whose_record_is_damaged_is_not_said_to_have_gone_further(tunekit, results):
    assert tunekit(*COMMAND, LIMIT.format(2)).status == 0
    damage(results.folders()[0])
    assert "is the same experiment" not in tunekit(*COMMAND, LIMIT.format(3)).err
