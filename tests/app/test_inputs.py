"""Files and folders that options name: what is in them makes the run, where they are does not."""

import json
import os
import shutil

import pytest
import yaml

from tunekit.config.arguments import parse
from tunekit.config.planning import plan_command
from tunekit.config.specs.travelling import as_travelling

READS = """
import attrs

from tunekit_core import InputFile, InputFolder, option
from tunekit_core.builtin.random_search import RandomSearch


@attrs.frozen(kw_only=True)
class ReadsOptions:
    earlier: InputFile | None = option(None, help="Earlier results.")
    folder: InputFolder | None = option(None, help="A folder of them.")
    more: tuple[InputFile, ...] = option((), help="More of them.")


class Reads(RandomSearch):
    \"\"\"Random search that reads files.\"\"\"

    name = "reads"
    Options = ReadsOptions

    def __init__(self, problem, streams, options):
        super().__init__(problem, streams, options)
        for path in (options.earlier, *options.more):
            if path is not None:
                print("read", path.name, path.read_text())


@hookimpl
def tunekit_register_searchers():
    return [Reads]
"""
READING = ("searcher=reads", "stopping.max_num_evaluations=30")


@pytest.fixture(autouse=True)
def reads(site):
    site.add("tunekit-reads", READS)


@pytest.fixture
def folder_of(tunekit, results):
    """The name of the folder of a run, which has its hash in it."""

    def name(*arguments):
        finished = tunekit(*READING, *arguments, "results_dir=here", "hydra.sweeper.plan=true")
        assert finished.status == 0, finished.err
        (line,) = [line for line in finished.out.splitlines() if " here/" in line]
        return line.split()[-1]

    return name


def test_what_is_in_a_file_makes_the_run_and_where_it_is_does_not(folder_of, tmp_path):
    (tmp_path / "a.csv").write_text("one")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.csv").write_text("one")
    first = folder_of("searcher.earlier=a.csv")
    assert folder_of("searcher.earlier=deep/b.csv") == first
    assert folder_of(f"searcher.earlier={tmp_path}/a.csv") == first
    assert folder_of() != first
    (tmp_path / "a.csv").write_text("two")
    assert folder_of("searcher.earlier=a.csv") != first


def test_a_changed_file_is_not_found_complete(tunekit, results, tmp_path):
    (tmp_path / "a.csv").write_text("one")
    finished = tunekit(*READING, "searcher.earlier=a.csv")
    assert finished.status == 0
    assert "read a.csv one" in finished.err
    (tmp_path / "a.csv").write_text("two")
    finished = tunekit(*READING, "searcher.earlier=a.csv")
    assert "read a.csv two" in finished.err
    assert len(results.folders()) == 2
    (tmp_path / "a.csv").write_text("one")
    assert "Running in" not in tunekit(*READING, "searcher.earlier=a.csv").err


def test_the_metadata_keep_the_path_and_the_hash_of_the_content(tunekit, results, tmp_path):
    (tmp_path / "a.csv").write_text("one")
    tunekit(*READING, "searcher.earlier=a.csv", "searcher.more=[a.csv]")
    (metadata,) = results.metadata()
    one = {
        "path": str(tmp_path / "a.csv"),
        "sha256": "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",
    }
    options = {"earlier": one, "folder": None, "more": [one]}
    expected = {"name": "reads", "distribution": "tunekit-reads", "revision": 1, **options}
    assert metadata["config"]["searcher"] == expected


def test_files_in_a_list_count_like_any_other(folder_of, tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(name)
    first = folder_of("searcher.more=[a,b]")
    assert folder_of("searcher.more=[b,a]") != first
    (tmp_path / "b").write_text("changed")
    assert folder_of("searcher.more=[a,b]") != first


def make_folder(folder, names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"content of {name}")


def test_of_a_folder_the_names_and_contents_count_and_not_the_order_or_the_place(folder_of, tmp_path):
    make_folder(tmp_path / "one", ["a", "b", "sub/c"])
    make_folder(tmp_path / "two", ["sub/c", "b", "a"])
    first = folder_of("searcher.folder=one")
    assert folder_of("searcher.folder=two") == first
    os.utime(tmp_path / "two" / "a", (0, 0))
    assert folder_of("searcher.folder=two") == first
    (tmp_path / "two" / "a").rename(tmp_path / "two" / "z")
    renamed = folder_of("searcher.folder=two")
    (tmp_path / "two" / "z").rename(tmp_path / "two" / "a")
    (tmp_path / "two" / "sub" / "c").write_text("changed")
    changed = folder_of("searcher.folder=two")
    make_folder(tmp_path / "one", ["new"])
    assert len({first, renamed, changed, folder_of("searcher.folder=one")}) == 4


def test_a_folder_with_links_in_a_circle_can_be_read(folder_of, tmp_path):
    make_folder(tmp_path / "one", ["a"])
    (tmp_path / "one" / "again").symlink_to(tmp_path / "one")
    os.mkfifo(tmp_path / "one" / "pipe")
    assert folder_of("searcher.folder=one") != folder_of()


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (
            "earlier=none.csv",
            "searcher.earlier='none.csv': there is no file {here}/none.csv. A path that does not begin with / is taken "
            "from the current folder, in a file too. Type searcher.earlier=PATH",
        ),
        ("earlier=folder", "searcher.earlier='folder': {here}/folder is a folder, where a file is wanted."),
        ("folder=file", "searcher.folder='file': {here}/file is a file, where a folder is wanted."),
        ("folder=none", "searcher.folder='none': there is no folder {here}/none."),
        ("more=[file,none]", "there is no file {here}/none."),
        ("earlier=3", "searcher.earlier=3 does not fit. Allowed: path of a file | null."),
        ("earlier=''", "searcher.earlier='' does not fit. Allowed: path of a file | null."),
    ],
)
def test_what_is_not_there_is_refused(typed, message, tunekit, results, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    finished = tunekit(*READING, f"searcher.{typed}")
    assert (finished.status, finished.out) == (2, "")
    assert message.format(here=tmp_path) in finished.err
    assert len(finished.err.splitlines()) == 1
    assert not results.root.exists()


def test_a_path_in_a_file_of_options_is_taken_from_the_current_folder_too(tunekit, folder_of, tmp_path, monkeypatch):
    (tmp_path / "mine" / "searcher").mkdir(parents=True)
    (tmp_path / "mine" / "searcher" / "early.yaml").write_text("name: reads\nearlier: a.csv\n")
    (tmp_path / "mine" / "searcher" / "a.csv").write_text("beside the file of options")
    refused = tunekit("searcher=early", "--config-dir", "mine")
    assert refused.status == 2
    assert f"searcher.earlier='a.csv': there is no file {tmp_path / 'a.csv'}. A path that does not" in refused.err
    (tmp_path / "a.csv").write_text("in the current folder")
    assert folder_of("searcher=early", "--config-dir", "mine") == folder_of("searcher.earlier=a.csv")


def test_the_home_folder_is_known(folder_of, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.csv").write_text("one")
    assert folder_of("searcher.earlier=~/a.csv") == folder_of("searcher.earlier=a.csv")
    assert folder_of("searcher.more=[~/a.csv,a.csv]") == folder_of("searcher.more=[a.csv,a.csv]")


def test_a_sweep_over_files(tunekit, results, tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(name)
    finished = tunekit(*READING, "--multirun", "searcher.earlier=a,b", "seed=1,2", "hydra.sweeper.n_jobs=2")
    assert finished.status == 0, finished.err
    assert len(results.folders()) == 4
    assert "searcher.earlier=a " in finished.out


def test_pages_say_what_it_is(tunekit):
    page = tunekit("plugins", "searcher", "reads").out
    assert "path of a file | null" in page
    assert "path of a folder | null" in page


def test_what_is_shown_is_the_path_and_is_read_back(tunekit, folder_of, tmp_path):
    (tmp_path / "a.csv").write_text("one")
    shown = tunekit(*READING, "searcher.earlier=a.csv", "--cfg", "job").out
    assert yaml.safe_load(shown)["searcher"]["earlier"] == str(tmp_path / "a.csv")
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    (tmp_path / "mine" / "experiment" / "saved.yaml").write_text(shown)
    assert folder_of("experiment=saved", "--config-dir", "mine") == folder_of("searcher.earlier=a.csv")


def test_it_is_shown_where_something_else_is_missing(site, tunekit, tmp_path):
    required = READS.replace('name = "reads"', 'name = "strict"').replace(
        'option(None, help="A folder', 'option(help="A folder'
    )
    site.add("tunekit-strict", required)
    (tmp_path / "a.csv").write_text("one")
    shown = yaml.safe_load(tunekit("searcher=strict", "searcher.earlier=a.csv", "--cfg", "job").out)
    assert shown["searcher"] == {"name": "strict", "earlier": str(tmp_path / "a.csv"), "folder": "???", "more": []}


def test_a_function_is_tuned_with_it(results, tmp_path):
    from tunekit import tune

    (tmp_path / "a.csv").write_text("one")
    given = {"method": "RS", "n_workers": 1}
    overrides = ["searcher=reads", "searcher.earlier=a.csv", "stopping.max_num_trials_finished=2"]
    first = tune(lambda x: x, {"x": "uniform(0, 1)"}, **given, overrides=overrides).experiment.path
    assert tune(lambda x: x, {"x": "uniform(0, 1)"}, **given, overrides=overrides).experiment.path == first
    (tmp_path / "a.csv").write_text("two")
    assert tune(lambda x: x, {"x": "uniform(0, 1)"}, **given, overrides=overrides).experiment.path != first


LOCAL = ("backend=local", "benchmark=checkpoint_example", "n_workers=1", "searcher=reads", "seed=1")


class TestResuming:
    @pytest.fixture
    def folder(self, tunekit, results, tmp_path):
        (tmp_path / "a.csv").write_text("one")
        assert tunekit(*LOCAL, "searcher.earlier=a.csv", "stopping.max_num_evaluations=2").status == 0
        (folder,) = results.folders()
        return folder

    def test_it_goes_on_from_elsewhere(self, folder, tunekit, results, tmp_path, monkeypatch):
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        finished = tunekit("resume", str(folder), "stopping.max_num_evaluations=4")
        assert finished.status == 0, finished.err
        (moved,) = results.folders()
        config = json.loads((moved / "metadata.json").read_text())["config"]
        assert config["searcher"]["earlier"]["path"] == str(tmp_path / "a.csv")

    def test_what_has_changed_is_refused(self, folder, tunekit, tmp_path):
        (tmp_path / "a.csv").write_text("two")
        finished = tunekit("resume", str(folder), "stopping.max_num_evaluations=4")
        assert finished.status == 2
        assert f"cannot go on: {tmp_path / 'a.csv'}, which it reads, has changed since it began" in finished.err
        assert folder.exists()

    def test_what_is_gone_is_refused(self, folder, tunekit, tmp_path):
        (tmp_path / "a.csv").unlink()
        finished = tunekit("resume", str(folder), "stopping.max_num_evaluations=4")
        assert finished.status == 2
        assert f"there is no file {tmp_path / 'a.csv'}" in finished.err

    def test_criteria_can_be_named_with_their_distribution(self, folder, tunekit, results):
        finished = tunekit("resume", str(folder), "stopping.tunekit-hpo/max_num_evaluations=4")
        assert finished.status == 0, finished.err
        (metadata,) = results.metadata()
        assert metadata["config"]["stopping"]["max_num_evaluations"]["count"] == 4

    def test_an_experiment_of_another_format_is_refused(self, folder, tunekit):
        metadata = json.loads((folder / "metadata.json").read_text())
        metadata["config"]["format"] = 0
        (folder / "metadata.json").write_text(json.dumps(metadata))
        finished = tunekit("resume", str(folder))
        assert finished.status == 2
        assert "was made by another version of tunekit" in finished.err


def test_a_component_of_one_of_two_names_goes_on_as_what_it_is(site, tunekit, results):
    shutil.rmtree(site.path)
    site.path.mkdir()
    code = READS.replace('name = "reads"', 'name = "random"')
    site.add("tunekit-reads", code)
    command = ["searcher=tunekit-reads/random" if word == "searcher=reads" else word for word in LOCAL]
    assert tunekit(*command, "stopping.max_num_evaluations=2").status == 0
    (folder,) = results.folders()
    finished = tunekit("resume", str(folder), "stopping.max_num_evaluations=4")
    assert finished.status == 0, finished.err
    (metadata,) = results.metadata()
    assert metadata["config"]["searcher"]["distribution"] == "tunekit-reads"


@pytest.fixture
def at_work(tunekit, tmp_path, monkeypatch):
    """Plan a run that reads ``a.csv`` and the folder ``more``, move both, and run it there."""

    def run(**changed):
        (tmp_path / "a.csv").write_text("one")
        (tmp_path / "more").mkdir()
        (tmp_path / "more" / "b.csv").write_text("two")
        arguments = (*READING, "benchmark=fcnet", "searcher.earlier=a.csv", "searcher.folder=more")
        (spec,) = plan_command(parse(arguments)).specs
        (tmp_path / "runs.jsonl").write_text(json.dumps(as_travelling(spec)))
        (tmp_path / "there").mkdir()
        moved = {str(tmp_path / name): str(tmp_path / "there" / name) for name in ("a.csv", "more")}
        for before, now in moved.items():
            os.rename(before, now)
        for name, text in changed.items():
            (tmp_path / "there" / name.replace("_", "/")).with_suffix(".csv").write_text(text)
        monkeypatch.setenv("TUNEKIT_MOVED", json.dumps(moved))
        return spec, tunekit("work", "runs.jsonl", "--results-dir", "results")

    return run


def test_a_run_that_was_planned_elsewhere_reads_its_inputs_where_they_are_here(at_work, results, tmp_path):
    spec, finished = at_work()
    assert finished.status == 0, finished.err
    assert "read a.csv one" in finished.err
    (metadata,) = results.metadata()
    assert metadata["hash"] == spec.hash
    assert metadata["config"]["searcher"]["earlier"]["path"] == str(tmp_path / "a.csv")


@pytest.mark.parametrize(("changed", "name"), [({"a": "other"}, "a.csv"), ({"more_b": "other"}, "more")])
def test_inputs_that_are_not_what_they_were_where_the_run_was_planned_are_refused(at_work, tmp_path, changed, name):
    _, finished = at_work(**changed)
    assert finished.status == 2
    assert finished.err.startswith(
        f"A run cannot be run here as it was planned elsewhere: {tmp_path}/there/{name} has another content than "
        f"{tmp_path}/{name} there. "
    )
