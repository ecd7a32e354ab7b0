"""Where a secret would be written down, would be seen, or would not count, it is refused before anything starts."""

import json
import sys

import pytest

HIDDEN = "hunter2-hunter2"
URL = f"postgres://me:{HIDDEN}@host/db"


@pytest.fixture
def refused(tunekit, results, tmp_path, monkeypatch):
    """The one line with which a command is refused."""
    (tmp_path / "train.py").write_text("")
    monkeypatch.setenv("MY_TOKEN", HIDDEN)
    monkeypatch.setenv("MY_URL", URL)
    monkeypatch.delenv("NOT_THERE", raising=False)

    def refuse(*arguments, command="python train.py"):
        finished = tunekit(
            "benchmark=script", f"benchmark.command='{command}'", "benchmark.space.lr=uniform(0,1)", *arguments
        )
        assert finished.status == 2
        assert HIDDEN not in finished.out + finished.err
        assert not results.root.exists()
        (line,) = finished.err.splitlines()
        return line

    return refuse


class TestCommand:
    @pytest.mark.parametrize(
        "typed", ["--api-key X", "--api-key=X", f"-v --api-key {HIDDEN}", 'sh -c "train --api-key X"', '--api-key "X"']
    )
    def test_an_argument_with_the_name_of_a_secret_is_refused(self, refused, typed):
        assert refused(command=f"python train.py {typed}") == (
            "benchmark.command holds what looks like a secret, --api-key; commands are written down, and other users "
            "see them. Give it to the program as a variable: benchmark.environment.API_KEY='${oc.env:API_KEY}'. If it "
            "is none, have the space pass it on: benchmark.space.api-key=…"
        )

    def test_so_is_a_url_with_a_password(self, refused):
        assert "holds what looks like a secret, a URL with a password; " in refused(
            command=f"python train.py --db={URL}"
        )

    def test_so_is_a_part_that_is_read_from_a_variable(self, refused):
        assert refused(command="python train.py --key ${oc.env:MY_TOKEN}") == (
            "benchmark.command is made of ${oc.env:MY_TOKEN}, a secret; commands are written down, and other users see "
            "them. Give it to the program as a variable: benchmark.environment.MY_TOKEN='${oc.env:MY_TOKEN}'."
        )
        assert "is made of ${oc.env:MY_URL}, a secret; " in refused(command="python train.py --db=${oc.env:MY_URL}")

    def test_what_is_no_secret_is_passed_on_by_the_space(self, tunekit, results, tmp_path):
        (tmp_path / "train.py").write_text(
            "import sys\nfrom tunekit import Reporter\nReporter()(loss=1.0, given=' '.join(sys.argv))\n"
        )
        finished = tunekit(
            *("benchmark=script", f"benchmark.command='{sys.executable} train.py'", "benchmark.space.lr=uniform(0,1)"),
            *("benchmark.space.sort-key=loss", "n_workers=1", "stopping.max_num_trials_finished=1"),
        )
        assert finished.status == 0, finished.err
        (reports,) = results.root.rglob("reports.jsonl")
        assert "--sort-key loss" in json.loads(reports.read_text())["given"]


class TestFolderName:
    @pytest.mark.parametrize("option", ["experiment_tag", "results_dir", "constraint", "seed"])
    @pytest.mark.parametrize("variable", ["MY_TOKEN", "MY_URL"])
    def test_what_is_written_as_it_is_cannot_be_a_secret(self, refused, option, variable):
        assert refused(f"{option}='${{oc.env:{variable}}}'") == (
            f"{option} is made of ${{oc.env:{variable}}}, a secret, and it is written down as it is, in a file or as "
            "the name of a folder. Type one that is no secret."
        )

    @pytest.mark.parametrize("option", ["benchmark.metric", "benchmark.resource", "benchmark.max_resource_attr"])
    def test_nor_can_a_name_in_the_results(self, refused, option):
        finished = refused("benchmark.max_resource=3", f"{option}='${{oc.env:MY_TOKEN}}'")
        assert finished.startswith(f"{option} is or holds a secret, and it is written down as it is")

    @pytest.mark.parametrize("option", ["benchmark.name", "searcher", "method"])
    def test_a_name_that_nothing_has_is_not_shown(self, refused, option):
        refused(f"{option}='${{oc.env:MY_TOKEN}}'")

    def test_nor_be_typed(self, refused):
        assert refused(f"results_dir='{URL}'").startswith("results_dir holds a URL with a password, and it is written")

    @pytest.mark.parametrize("option", ["benchmark.folder", "observers.tensorboard.folder"])
    def test_nor_can_a_folder_that_a_component_uses(self, refused, option):
        line = refused(f"{option}='${{oc.env:MY_TOKEN}}'")
        assert line.startswith(f"{option} is made of ${{oc.env:MY_TOKEN}}, a secret, and it is written down as it is")

    @pytest.mark.parametrize("place", ["benchmark.space.db", "fixed.lr"])
    def test_nor_can_a_hyperparameter_be_a_url_with_a_password(self, refused, place):
        assert refused(f"{place}='{URL}'").startswith(
            f"{place} holds a URL with a password, and what is searched or fixed"
        )


class TestSweep:
    @pytest.mark.parametrize("values", [f"aaaa,{HIDDEN}", f"{URL},redis://:{HIDDEN}@host", "aaaa,'${oc.env:MY_TOKEN}'"])
    def test_one_over_a_secret_is_refused(self, refused, values):
        assert refused(f"benchmark.environment.API_KEY={values}", "--multirun", "seed=0,1") == (
            "benchmark.environment.API_KEY has several values in this sweep, and a secret is no part of what a run is: "
            "these would be one run. Give it one value, or each run its own: "
            "hydra.sweeper.zip=[[seed,benchmark.environment.API_KEY]]"
        )

    def test_one_over_urls_with_passwords_too(self, refused):
        swept = f"+benchmark.environment.DB={URL}1,{URL}2"
        assert "benchmark.environment.DB has several values" in refused(swept, "--multirun")


class TestNotSet:
    @pytest.mark.parametrize("more", [[], ["--multirun", "seed=0,1"]], ids=["run", "sweep"])
    @pytest.mark.parametrize("option", ["benchmark.environment.DB", "experiment_tag", "tags.on"])
    def test_a_variable_that_is_not_set_is_named_with_the_option(self, refused, option, more):
        assert refused(f"{option}='${{oc.env:NOT_THERE}}'", *more) == (
            f"{option} is made of ${{oc.env:NOT_THERE}}, and there is no variable NOT_THERE in the environment. Set it "
            "before, export NOT_THERE=…, or give what holds without it: '${oc.env:NOT_THERE,…}'."
        )
