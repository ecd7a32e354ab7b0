"""A sweep of which some runs are damaged: these are named and run again, and the answer is that of all."""

import json
import re
import shutil

import pytest

from tests.app.conftest import SHORT
from tests.kept import contents

SWEEP = ("--multirun", "method=RS", SHORT, "hydra.sweeper.n_jobs=1")
DAMAGE = {
    "cut": lambda folder: cut(folder / "results.csv.zip"),
    "empty": lambda folder: (folder / "results.csv.zip").write_bytes(b""),
    "missing": lambda folder: (folder / "results.csv.zip").unlink(),
    "a folder": lambda folder: make_folder(folder / "results.csv.zip"),
    "object": lambda folder: (folder / "metadata.json").write_text("{}"),
    "list": lambda folder: (folder / "metadata.json").write_text("[]"),
    "null": lambda folder: (folder / "metadata.json").write_text("null"),
    "nothing": lambda folder: (folder / "metadata.json").write_bytes(b""),
    "other counts": lambda folder: change(folder / "metadata.json", n_reports=1),
    "no time": lambda folder: change(folder / "metadata.json", time=None),
}


def cut(path):
    path.write_bytes(path.read_bytes()[:200])


def make_folder(path):
    path.unlink()
    path.mkdir()


def change(path, **fields):
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """The results of a complete sweep, a run for each kind of damage and one more."""
    from tunekit.cli.main import main

    folder = tmp_path_factory.mktemp("complete") / "results"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNEKIT_RESULTS", str(folder))
        assert main([*SWEEP, f"seed=range({len(DAMAGE) + 1})"]) == 0
    return folder


@pytest.fixture
def sweep(complete, tunekit, results):
    """Types the command of the sweep again."""
    shutil.copytree(complete, results.root)
    return lambda: tunekit(*SWEEP, f"seed=range({len(DAMAGE) + 1})")


def test_runs_that_are_damaged_are_named_and_run_again_and_the_answer_is_that_of_all(sweep, results):
    answer = sweep().out
    before, folders = results.bytes(), results.folders()
    for folder, damage in zip(folders, DAMAGE.values(), strict=False):
        damage(folder)
    again = sweep()
    assert again.status == 0, again.err
    assert f"{len(folders)} runs: 1 complete, {len(DAMAGE)} to run" in again.err
    for folder in folders[: len(DAMAGE)]:
        assert f"Not complete: {folder}/" in again.err
        assert list(folder.glob("*.set-aside-1")) or folder == folders[2]  # its results were missing
    assert f"Kept as {folders[0]}/results.csv.zip.set-aside-1: {folders[0]}/results.csv.zip is damaged" in again.err
    assert (folders[0] / "results.csv.zip.set-aside-1").stat().st_size == 200
    assert again.out == answer
    assert results.bytes() == before
    assert {run["status"] for run in results.metadata()} == {"completed"}
    assert "0 to run" in sweep().err


def test_a_run_of_another_format_is_refused_and_kept_and_the_others_have_their_answer(sweep, results):
    first = results.folders()[0]
    change(first / "metadata.json", format=9)
    before = contents(first)
    for _ in range(2):
        finished = sweep()
        assert finished.status == 1
        assert f"{first}/metadata.json is of format 9; this version reads format 3." in finished.err
        assert re.search(r"RS +10 ", finished.out)
        assert contents(first) == before
