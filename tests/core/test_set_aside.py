"""What an experiment cannot go on from is kept beside what is made again."""

import json
import os
import shutil
import zlib

import pytest

from tests.core.test_event_file import run
from tests.kept import contents
from tunekit_core import create, load_experiment
from tunekit_core.errors import OtherFormat, RecordError
from tunekit_core.records.load import read_events


@pytest.fixture
def died(tmp_path):
    """The folder of an experiment that died after twenty events."""
    run(tmp_path / "died", dies_after=20)
    return tmp_path / "died"


@pytest.fixture
def resumed(died, tmp_path):
    """The results of that experiment when it goes on with all its files."""
    shutil.copytree(died, tmp_path / "resumed")
    run(tmp_path / "resumed")
    return load_experiment(tmp_path / "resumed").results


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b'{"status": "comp', b"\xff"])
def test_damaged_metadata_are_made_again_from_the_record_and_kept(died, resumed, content):
    (died / "metadata.json").write_bytes(content)
    run(died)
    experiment = load_experiment(died)
    assert experiment.metadata["status"] == "completed"
    assert experiment.results.equals(resumed)
    assert (died / "metadata.json.set-aside-1").read_bytes() == content
    (reason,) = [r for name, r in experiment.metadata["set_aside"].items() if name == "metadata.json.set-aside-1"]
    assert str(died / "metadata.json") in reason


def test_missing_metadata_are_made_again_from_the_record(died, resumed):
    (died / "metadata.json").unlink()
    run(died)
    experiment = load_experiment(died)
    assert experiment.results.equals(resumed)
    assert [*experiment.metadata["set_aside"]] == ["results.csv.zip.set-aside-1"]  # nothing tells what they are


@pytest.mark.parametrize("dies_after", [2, 20], ids=["before the first trial", "later"])
@pytest.mark.parametrize(
    "make",
    [os.mkfifo, os.mkdir, lambda path: os.symlink("/nowhere", path), lambda path: os.symlink("/dev/zero", path)],
    ids=["pipe", "folder", "link to nothing", "link to a device"],
)
def test_what_is_no_file_in_the_place_of_the_record_is_set_aside_and_waited_for_by_nobody(tmp_path, make, dies_after):
    run(tmp_path / "whole")
    folder = tmp_path / "died"
    run(folder, dies_after=dies_after)
    (folder / "events.jsonl").unlink()
    make(folder / "events.jsonl")
    mode = os.lstat(folder / "events.jsonl").st_mode
    run(folder)
    assert load_experiment(folder).results.equals(load_experiment(tmp_path / "whole").results)
    assert os.lstat(folder / "events.jsonl.set-aside-1").st_mode == mode


def test_each_that_is_set_aside_gets_a_name_of_its_own(died):
    for number in (1, 2, 3):
        (died / "metadata.json").write_text(f"{number}")
        run(died)
    assert [(died / f"metadata.json.set-aside-{number}").read_text() for number in (1, 2, 3)] == ["1", "2", "3"]


def test_without_metadata_the_record_of_another_space_is_refused_and_kept(died):
    (died / "metadata.json").unlink()
    lines = (died / "events.jsonl").read_bytes()
    shutil.rmtree(died)
    died.mkdir()
    (died / "events.jsonl").write_bytes(of_another_space(lines))
    before = contents(died)
    with pytest.raises(RecordError, match="another search space, which cannot go on with this one"):
        run(died)
    assert contents(died) == before


def of_another_space(content):
    """A record whose configurations have other names."""
    lines = []
    for line in content.splitlines():
        record = json.loads(line)
        record.pop("crc32")
        if record["event"] == "start":
            record["configuration"] = {"other": 1}
        body = json.dumps(record)[:-1].encode()
        lines.append(body + b', "crc32": "%08x"}\n' % zlib.crc32(body))
    return b"".join(lines)


@pytest.mark.parametrize("events", [b"", b'{"number": 0, "ev', b"\x00" * 300, None])
def test_an_experiment_that_has_lost_its_events_begins_anew_and_keeps_what_there_was(died, tmp_path, events):
    run(died)  # to its end: there are results
    before = contents(died)
    if events is None:
        (died / "events.jsonl").unlink()
    else:
        (died / "events.jsonl").write_bytes(events)
    run(died)
    experiment = load_experiment(died)
    run(tmp_path / "new")
    assert experiment.results.equals(load_experiment(tmp_path / "new").results)
    for name in ("metadata.json", "results.csv.zip"):
        assert (died / f"{name}.set-aside-1").read_bytes() == before[name]
        assert experiment.metadata["set_aside"][f"{name}.set-aside-1"] == (
            "events.jsonl holds no event, so the experiment has begun anew"
        )
    if events:
        assert (died / "events.jsonl.set-aside-1").read_bytes() == events
    assert read_events(died)[0].time == 0.0


def test_an_experiment_that_died_before_its_first_event_begins_without_a_word(tmp_path):
    run(tmp_path / "run", dies_after=1)
    metadata = json.loads((tmp_path / "run" / "metadata.json").read_text())
    (tmp_path / "run" / "metadata.json").write_text(json.dumps({**metadata, "status": "running", "n_started": 0}))
    (tmp_path / "run" / "events.jsonl").write_bytes(b"")
    (tmp_path / "run" / "results.csv.zip").unlink(missing_ok=True)
    run(tmp_path / "run")
    assert sorted(contents(tmp_path / "run")) == ["events.jsonl", "metadata.json", "results.csv.zip"]


def test_an_experiment_of_another_format_is_kept_as_it_is(died):
    metadata = json.loads((died / "metadata.json").read_text())
    (died / "metadata.json").write_text(json.dumps({**metadata, "format": 1}))
    before = contents(died)
    with pytest.raises(OtherFormat, match="is of format 1; this version reads format 3"):
        run(died)
    assert contents(died) == before


def test_damaged_results_of_a_complete_experiment_are_made_again_and_kept(died):
    run(died)
    results = load_experiment(died).results
    (died / "results.csv.zip").write_bytes(b"PK")
    run(died)
    assert load_experiment(died).results.equals(results)
    assert (died / "results.csv.zip.set-aside-1").read_bytes() == b"PK"


def test_results_of_which_no_metadata_tell_are_made_again_and_kept(died):
    run(died)
    (died / "metadata.json").unlink()
    results = died / "results.csv.zip"
    results.write_bytes(results.read_bytes() + b"more")
    there = results.read_bytes()
    run(died)
    assert load_experiment(died).metadata["status"] == "completed"
    assert (died / "results.csv.zip.set-aside-1").read_bytes() == there


def test_a_record_is_kept_where_a_new_experiment_does_not_go_on_from_it(play):
    finished = lambda problem: create("stopping", "max_num_trials_finished", problem, count=1)
    record = (play(lambda t, run: [0.5], stopping=[finished]).folder / "events.jsonl").read_bytes()
    played = play(lambda t, run: [0.25], stopping=[finished])  # on a backend that cannot go on
    assert (played.folder / "events.jsonl.set-aside-1").read_bytes() == record
    assert played.metadata["set_aside"] == {"events.jsonl.set-aside-1": "a new experiment has begun here"}
