"""Whatever has become of the files of an experiment, who reads it gets what was written or one kind of error."""

import json
import os
import random
import shutil
import zipfile

import pytest

from tunekit_core import create, load_experiment
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.contracts.trials import Status
from tunekit_core.errors import RecordError
from tunekit_core.records.believed import find
from tunekit_core.records.load import read_events

FILES = ("metadata.json", "results.csv.zip", "events.jsonl")
OTHER_CONTENT = (b"{}", b"[]", b"null", b"7", b'"text"', b"\xff\xfe", b"PK\x03\x04", b"\n", b"[" * 100_000)


@pytest.fixture
def whole(play):
    """The folder of a complete experiment, with trials that failed, of some kilobytes."""

    def script(trial, run):
        return [{"epoch": 1, "loss": 0.5, "note": 'a,"b"'}, 0.25, Status.FAILED if trial % 3 else 0.5]

    nine = lambda problem: create("stopping", "max_num_trials_finished", problem, count=9)
    return play(script, stopping=[nine]).folder


def cut(path, draw):
    path.write_bytes(path.read_bytes()[: draw.randrange(path.stat().st_size)])


def flip(path, draw):
    content = bytearray(path.read_bytes())
    for _ in range(draw.choice([1, 1, 2, 20])):
        content[draw.randrange(len(content))] ^= draw.randrange(1, 256)
    path.write_bytes(bytes(content))


def replace(path, draw):
    path.write_bytes(draw.choice(OTHER_CONTENT))


def remove(path, draw):
    path.unlink()


def make_folder(path, draw):
    path.unlink()
    path.mkdir()


def drop_a_line(path, draw):
    lines = path.read_bytes().splitlines(keepends=True)
    del lines[draw.randrange(len(lines))]
    path.write_bytes(b"".join(lines))


def change_a_field(path, draw):
    metadata = json.loads((path.parent / "metadata.json").read_text())
    name = draw.choice(list(metadata))
    metadata[name] = draw.choice([None, True, -1, 1.5, "x", [], {}, [None], {"a": 1}])
    if draw.random() < 0.3:
        del metadata[name]
    (path.parent / "metadata.json").write_text(json.dumps(metadata))


def write_another_table(path, draw):
    with zipfile.ZipFile(path.parent / "results.csv.zip") as archive:
        text = archive.read("results.csv")
    lines = text.splitlines(keepends=True)
    where = draw.randrange(1, len(lines))
    text = draw.choice(
        [
            b"",
            b"\xff" + text,
            b"".join(lines[:-1]),
            b"".join([*lines, lines[-1]]),
            b"".join([*lines[:where], b"1,2\n", *lines[where:]]),
            text.replace(b",", b";"),
            text.replace(b"\n", b"\r"),
            text + b'"',
            text[:-1],
        ]
    )
    member = draw.choice(["results.csv", "results.csv", "other.csv"])
    with zipfile.ZipFile(path.parent / "results.csv.zip", "w") as archive:
        archive.writestr(member, text)
        if draw.random() < 0.1:
            archive.writestr("more", b"")


KINDS = (cut, cut, flip, flip, flip, replace, remove, make_folder, drop_a_line, change_a_field, write_another_table)


def all_that_can_be_read(folder):
    """What each reader gives, or the error that it raised."""
    given = {"status": find(folder).status}
    readers = {
        "metadata": lambda experiment: (experiment.metadata, experiment.search_space, experiment.failed_trials),
        "results": lambda experiment: experiment.results.to_csv(),
        "curve": lambda experiment: experiment.best_over_time().to_csv(),
        "best": lambda experiment: (experiment.best_configuration(), experiment.best_value()),
        "events": lambda experiment: read_events(folder),
    }
    for name, reader in readers.items():
        try:
            given[name] = reader(load_experiment(folder))
        except RecordError as error:
            given[name] = error
    return given


@pytest.mark.parametrize("hundred", range(10))
def test_of_a_thousand_corruptions_each_is_an_error_that_names_the_file_or_harms_nothing(whole, tmp_path, hundred):
    expected = all_that_can_be_read(whole)
    assert expected["status"] is ExperimentStatus.COMPLETED
    for seed in range(100 * hundred, 100 * hundred + 100):
        draw = random.Random(seed)
        folder = tmp_path / str(seed)
        shutil.copytree(whole, folder)
        path = folder / draw.choice(FILES)
        corrupt = draw.choice(KINDS)
        corrupt(path, draw)
        given = all_that_can_be_read(folder)
        for name in ("results", "events"):
            if isinstance(given[name], RecordError):
                assert str(folder) in str(given[name]), (seed, corrupt)
            elif name == "results":
                assert given[name] == expected[name], (seed, corrupt)
            else:  # a last line without an end was never finished
                assert given[name] == expected[name][: len(given[name])], (seed, corrupt)
        if isinstance(given["results"], RecordError):
            assert given["status"] is not ExperimentStatus.COMPLETED, (seed, corrupt)
        shutil.rmtree(folder)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b'{"status": "completed"}', b'{"status": "other"}'])
def test_metadata_of_another_content_are_named_with_what_is_wrong(whole, content):
    (whole / "metadata.json").write_bytes(content)
    with pytest.raises(RecordError, match=r"run/metadata\.json (cannot be read|is damaged): .+"):
        load_experiment(whole)
    assert find(whole).status is None
    assert "metadata.json" in find(whole).damage


def test_metadata_of_another_format_are_named_with_it(whole):
    metadata = json.loads((whole / "metadata.json").read_text())
    (whole / "metadata.json").write_text(json.dumps({**metadata, "format": 9}))
    with pytest.raises(RecordError, match=r"is of format 9; this version reads format 3\. Read it with the version"):
        load_experiment(whole)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_stands_in_place_of_the_results_is_told_from_nothing(whole, make):
    (whole / "results.csv.zip").unlink()
    make(whole / "results.csv.zip")
    assert find(whole).damage == f"{whole / 'results.csv.zip'} is damaged: it is no file"
    with pytest.raises(RecordError, match="is damaged: it is no file"):
        load_experiment(whole).results  # noqa: B018  they are read when they are looked up


@pytest.mark.parametrize("corrupt", [cut, make_folder, write_another_table])
def test_an_experiment_is_complete_only_with_all_its_results(whole, corrupt):
    corrupt(whole / "results.csv.zip", random.Random(0))
    found = find(whole)
    assert found.status is None
    assert found.damage.startswith(f"{whole / 'results.csv.zip'} is damaged: ")
    assert load_experiment(whole).metadata["status"] == "completed"
    with pytest.raises(RecordError, match=r"results\.csv\.zip is damaged"):
        load_experiment(whole).results  # noqa: B018  they are read when they are looked up


def test_looking_what_there_is_changes_nothing(whole):
    (whole / "results.csv.zip").write_bytes(b"PK")
    before = {path.name: path.read_bytes() for path in whole.iterdir()}
    find(whole)
    assert {path.name: path.read_bytes() for path in whole.iterdir()} == before


def test_an_experiment_whose_results_are_missing_is_not_complete(whole):
    (whole / "results.csv.zip").unlink()
    assert find(whole).status is None
    assert find(whole).damage == f"{whole / 'results.csv.zip'} is damaged: there is no such file"
