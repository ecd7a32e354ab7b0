"""Secrets reach the programs that need them, and no file or line that anybody else reads."""

import json
import pickle
import sys

import pytest
import yaml

from tunekit.config.composition.compose import compose_run
from tunekit.config.planning import plan_runs
from tunekit.secrets import without_secrets

HIDDEN = "hunter2-hunter2"
TYPED = f"benchmark.environment.API_TOKEN={HIDDEN}"
URL = f"postgres://me:{HIDDEN}@host/db"
NOTE = "benchmark.environment.NOTE"
FROM_OTHER = "benchmark.environment.API_TOKEN='${oc.env:MY_TOKEN}'"


@pytest.fixture
def project(results, tmp_path, monkeypatch):
    (tmp_path / "train.py").write_text(
        "import hashlib, os, sys\nfrom tunekit import Reporter\n"
        "seen = os.environ.get('API_TOKEN', '') + '|' + os.environ.get('NOTE', sys.argv[1])\n"
        "Reporter()(loss=1.0, seen=hashlib.sha256(seen.encode()).hexdigest())\n"
    )
    for name in ("API_TOKEN", "MY_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def arguments(*more, first="word"):
    command = f"benchmark.command='{sys.executable} train.py {first}'"
    n = "stopping.max_num_trials_finished=1"
    return ["benchmark=script", command, "benchmark.space.lr=uniform(0,1)", n, "n_workers=1", *more]


def seen(results):
    """What each trial has seen, hashed, since results are read by everybody."""
    lines = [path.read_text() for path in sorted(results.root.rglob("reports.jsonl"))]
    return [json.loads(line)["seen"] for text in lines for line in text.splitlines()]


def hashed(text):
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


def files_with(text, folder):
    """Names of the files that hold it, but for the specification of a run, which the supervisor needs."""
    files = [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
    for path in files:
        if path.name == "spec.json":
            assert path.stat().st_mode & 0o777 == 0o600
    return [str(path) for path in files if path.name != "spec.json"]


def specs(*more, first="word"):
    from tunekit.config.arguments import parse

    return plan_runs([compose_run(parse(arguments(*more, first=first)).overrides)])


class TestRecord:
    def test_a_typed_secret_reaches_the_trial_and_is_masked_everywhere(self, tunekit, project, results):
        finished = tunekit(*arguments(TYPED))
        assert finished.status == 0, finished.err
        assert seen(results) == [hashed(f"{HIDDEN}|word")]
        (metadata,) = results.metadata()
        assert metadata["config"]["benchmark"]["environment"] == {"API_TOKEN": "***"}
        assert metadata["secrets"] == {"benchmark.environment.API_TOKEN": "${oc.env:API_TOKEN}"}
        assert HIDDEN not in finished.out + finished.err
        assert "API_TOKEN=***" in finished.out + finished.err  # the command is printed, to be typed again
        assert files_with(HIDDEN, project) == []

    def test_one_from_the_environment_too(self, tunekit, project, results, monkeypatch):
        monkeypatch.setenv("MY_TOKEN", HIDDEN)
        finished = tunekit(*arguments(FROM_OTHER))
        assert finished.status == 0, finished.err
        assert seen(results) == [hashed(f"{HIDDEN}|word")]
        (metadata,) = results.metadata()
        assert metadata["config"]["benchmark"]["environment"] == {"API_TOKEN": "***"}
        assert metadata["secrets"] == {"benchmark.environment.API_TOKEN": "${oc.env:MY_TOKEN}"}
        assert files_with(HIDDEN, results.root) == []

    def test_of_a_longer_text_the_secret_alone_is_masked(self, tunekit, project, results, monkeypatch):
        monkeypatch.setenv("MY_TOKEN", HIDDEN)
        monkeypatch.setenv("WORD", "w")
        finished = tunekit(
            *arguments("tags.note='${oc.env:MY_TOKEN}'", f"{NOTE}='${{oc.env:WORD}}-${{oc.env:MY_TOKEN}}'")
        )
        assert finished.status == 0, finished.err
        assert seen(results) == [hashed(f"|w-{HIDDEN}")]
        (metadata,) = results.metadata()
        assert metadata["config"]["benchmark"]["environment"] == {"NOTE": "w-***"}
        assert metadata["tags"] == {"note": "***"}
        assert files_with(HIDDEN, results.root) == []

    def test_workers_of_a_sweep_get_it(self, shell, project, results):
        finished = shell(*arguments(TYPED, "--multirun", "seed=0,1", "hydra.sweeper.n_jobs=2"))
        assert finished.status == 0, finished.err
        assert seen(results) == [hashed(f"{HIDDEN}|word")] * 2
        assert HIDDEN not in finished.out + finished.err
        assert files_with(HIDDEN, results.root) == []

    def test_runs_of_a_sweep_are_not_named_by_it(self, tunekit, project, results):
        tokens = "benchmark.environment.API_TOKEN=first-hidden,second-hidden"
        zipped = "hydra.sweeper.zip=[seed,benchmark.environment.API_TOKEN]"
        finished = tunekit(*arguments("--multirun", "seed=0,1", tokens, zipped))
        assert finished.status == 0, finished.err
        assert sorted(seen(results)) == sorted([hashed("first-hidden|word"), hashed("second-hidden|word")])
        assert "hidden" not in finished.out + finished.err
        assert files_with("-hidden", project) == []

    def test_what_blocks_and_exclusions_of_a_sweep_say_is_not_shown(self, tunekit, project, results):
        blocks = "hydra.sweeper.also=[{benchmark.environment.API_TOKEN: [second-hidden, third-hidden], seed: 1}]"
        other = "hydra.sweeper.exclude=[{benchmark.environment.API_TOKEN: fourth-hidden}]"
        refused = tunekit(*arguments("--multirun", "seed=0", blocks, other))
        assert refused.status == 2
        assert "no run has benchmark.environment.API_TOKEN=***" in refused.err
        assert "hidden" not in refused.out + refused.err

    @pytest.mark.parametrize("place", ["tags.note", "benchmark.command"])
    def test_a_copy_of_it_under_another_name_is_refused(self, tunekit, project, results, place):
        copy = f"{place}='word ${{benchmark.environment.API_TOKEN}}'"
        finished = tunekit(*arguments(TYPED, copy))
        assert finished.status == 2
        assert finished.err == (
            f"{place} is made of ${{benchmark.environment.API_TOKEN}}, a secret, under a name that is kept. Set it in "
            "the shell, export API_TOKEN=…, and write ${oc.env:API_TOKEN} in both places.\n"
        )
        assert not results.root.exists()

    @pytest.mark.parametrize(
        "written", ["${oc.env:MY_TOKEN,${oc.env:HOME}}", "${oc.decode:${oc.env:MY_TOKEN}}", "${oc.env:NO_TOKEN,HIDDEN}"]
    )
    def test_however_it_is_written(self, project, monkeypatch, written):
        monkeypatch.setenv("MY_TOKEN", HIDDEN)
        monkeypatch.delenv("NO_TOKEN", raising=False)
        (spec,) = specs(f"{NOTE}='of {written.replace('HIDDEN', HIDDEN)}'")
        assert HIDDEN not in json.dumps(spec.metadata())
        assert list(spec.metadata()["secrets"]) == [NOTE]

    def test_a_copy_under_the_name_of_a_secret_is_one(self, tunekit, project, results):
        finished = tunekit(*arguments(TYPED, "benchmark.environment.B_KEY='${benchmark.environment.API_TOKEN}'"))
        assert finished.status == 0, finished.err
        assert results.metadata()[0]["config"]["benchmark"]["environment"] == {"API_TOKEN": "***", "B_KEY": "***"}
        assert files_with(HIDDEN, project) == []

    def test_it_does_not_enter_the_hash_and_other_variables_do(self, project, monkeypatch):
        monkeypatch.setenv("MY_TOKEN", "third")
        (first,) = specs("benchmark.environment.API_TOKEN=one")
        (second,) = specs("benchmark.environment.API_TOKEN=two", "benchmark.environment.MODE=fast")
        same = [specs(typed)[0] for typed in ("benchmark.environment.API_TOKEN=two", FROM_OTHER)]
        assert {spec.hash for spec in same} == {first.hash}
        assert second.hash != first.hash
        assert specs()[0].hash != first.hash

    def test_a_spec_shows_none_of_it_and_survives_pickling(self, project, monkeypatch):
        monkeypatch.setenv("MY_TOKEN", HIDDEN)
        (spec,) = specs(FROM_OTHER, f"{NOTE}='a ${{oc.env:MY_TOKEN}}'")
        assert HIDDEN not in repr(spec)
        assert HIDDEN not in json.dumps(spec.metadata())
        assert pickle.loads(pickle.dumps(spec)) == spec

    def test_numbers_and_empty_text_survive(self, project):
        (spec,) = specs("benchmark.environment.PIN_KEY=1234", "benchmark.environment.NO_KEY=''")
        recorded = spec.metadata()["config"]["benchmark"]["environment"]
        assert recorded == {"PIN_KEY": "***", "NO_KEY": ""}

    @pytest.mark.parametrize("place", ["benchmark.space.token", "fixed.lr"])
    def test_a_hyperparameter_cannot_be_one(self, tunekit, project, results, monkeypatch, place):
        monkeypatch.setenv("MY_TOKEN", HIDDEN)
        finished = tunekit(*arguments(f"{place}='${{oc.env:MY_TOKEN}}'"))
        assert finished.status == 2
        assert f"{place} is made of ${{oc.env:MY_TOKEN}}, a secret, and what is searched or fixed" in finished.err
        assert "benchmark.environment.NAME=" in finished.err
        assert HIDDEN not in finished.err
        assert not results.root.exists()


class TestUrl:
    """A URL with a password is a secret, whatever the name of what it is given to."""

    @pytest.fixture(autouse=True)
    def prints_it(self, project, monkeypatch):
        monkeypatch.delenv("DB", raising=False)
        monkeypatch.delenv("MY_URL", raising=False)
        train = (project / "train.py").read_text()
        (project / "train.py").write_text(train.replace("API_TOKEN", "DB"))

    def test_a_typed_one_reaches_the_trial_and_is_masked_everywhere(self, tunekit, project, results):
        finished = tunekit(
            *arguments(f"+benchmark.environment.DB={URL}", f"tags.on=[{URL}]", "observers.tensorboard=true")
        )
        assert finished.status == 0, finished.err
        assert seen(results) == [hashed(f"{URL}|word")]
        (metadata,) = results.metadata()
        assert metadata["config"]["benchmark"]["environment"] == {"DB": "***"}
        assert metadata["secrets"] == {"benchmark.environment.DB": "${oc.env:DB}"}
        assert metadata["tags"] == {"on": ["***"]}
        assert "environment.DB=***" in finished.out + finished.err
        assert HIDDEN not in finished.out + finished.err
        assert files_with(HIDDEN, project) == []

    def test_one_from_the_environment_too(self, tunekit, project, results, monkeypatch):
        monkeypatch.setenv("MY_URL", URL)
        finished = tunekit(*arguments("benchmark.environment.DB='${oc.env:MY_URL}'"))
        assert finished.status == 0, finished.err
        assert seen(results) == [hashed(f"{URL}|word")]
        (metadata,) = results.metadata()
        assert metadata["config"]["benchmark"]["environment"] == {"DB": "***"}
        assert metadata["secrets"] == {"benchmark.environment.DB": "${oc.env:MY_URL}"}
        assert files_with(HIDDEN, results.root) == []

    def test_one_whose_password_is_read_by_its_name_keeps_the_rest(self, tunekit, project, results, monkeypatch):
        monkeypatch.setenv("MY_TOKEN", HIDDEN)
        finished = tunekit(*arguments("benchmark.environment.DB='postgres://me:${oc.env:MY_TOKEN}@host/db'"))
        assert finished.status == 0, finished.err
        assert seen(results) == [hashed(f"{URL}|word")]
        (metadata,) = results.metadata()
        assert metadata["config"]["benchmark"]["environment"] == {"DB": "postgres://me:***@host/db"}
        assert files_with(HIDDEN, results.root) == []

    def test_it_does_not_enter_the_hash(self, project, monkeypatch):
        monkeypatch.setenv("MY_URL", URL)
        typed = [f"benchmark.environment.DB={URL}", "benchmark.environment.DB='redis://:abc@other'"]
        hashes = {specs(one)[0].hash for one in [*typed, "benchmark.environment.DB='${oc.env:MY_URL}'"]}
        assert len(hashes) == 1

    def test_the_configuration_that_is_shown_masks_it_and_asks_for_it(self, tunekit, results, monkeypatch):
        monkeypatch.setenv("MY_URL", URL)
        from_other = f"benchmark.environment.B='${{oc.env:MY_URL,{URL}}}'"
        shown = tunekit(*arguments(f"benchmark.environment.DB={URL}", from_other), "--cfg", "job")
        assert yaml.safe_load(shown.out)["benchmark"]["environment"] == {"DB": "***", "B": "${oc.env:MY_URL}"}
        assert HIDDEN not in shown.out + shown.err
        refused = tunekit(*arguments("benchmark.environment.DB='***'"))
        assert refused.status == 2
        assert "benchmark.environment.DB=*** stands in place of a value that is never written" in refused.err
        assert "export DB=VALUE" in refused.err

    def test_in_an_error_it_is_masked(self, tunekit, results):
        for wrong in (f"benchmark.metrics={URL}", f"n_workers={URL}", f"benchmark.environment={{DB:{URL}}}}}", URL):
            finished = tunekit(*arguments(wrong))
            assert finished.status == 2
            assert HIDDEN not in finished.out + finished.err

    def test_what_a_trial_says_when_it_fails_is_recorded_without_it(self, tunekit, project, results, monkeypatch):
        monkeypatch.setenv("MY_TOKEN", "inherited-token")
        (project / "train.py").write_text(
            "import os, sys\nsys.exit('cannot open ' + os.environ['DB'] + ' ' + os.environ['MY_TOKEN'])"
        )
        tunekit(*arguments(f"benchmark.environment.DB={URL}"))
        (metadata,) = results.metadata()
        assert metadata["failures"][0]["reason"].endswith("cannot open *** ***")
        assert {path.rpartition("/")[2] for path in files_with("inherited-token", results.root)} == {"stderr.log"}

    def test_to_go_on_it_is_read_again_or_typed_or_asked_for(self, tunekit, project, results, monkeypatch):
        assert tunekit(*arguments(f"benchmark.environment.DB={URL}")).status == 0
        (folder,) = results.folders()
        go_on = ["resume", str(folder), "stopping.max_num_trials_finished=2"]
        refused = tunekit(*go_on)
        assert refused.status == 2
        assert refused.err == (
            "benchmark.environment.DB was not kept, since secrets are not written down. Give it again: python -m "
            f"tunekit resume {folder} benchmark.environment.DB=… or export DB=…\n"
        )
        finished = tunekit(*go_on, "++benchmark.environment.DB='redis://:other-hidden@host'")
        assert finished.status == 0, finished.err
        assert "other-hidden" not in finished.out + finished.err
        (folder,) = results.folders()
        monkeypatch.setenv("DB", "sqlite:///file")  # that it holds a password was true when it began
        assert tunekit("resume", str(folder), "stopping.max_num_trials_finished=3").status == 0
        (metadata,) = results.metadata()
        assert metadata["config"]["benchmark"]["environment"] == {"DB": "***"}
        assert sorted(seen(results)) == sorted(
            [hashed(f"{URL}|word"), hashed("redis://:other-hidden@host|word"), hashed("sqlite:///file|word")]
        )

    def test_it_can_be_read_from_another_variable_from_now_on(self, tunekit, project, results, monkeypatch):
        monkeypatch.setenv("MY_URL", URL)
        assert tunekit(*arguments(f"benchmark.environment.DB={URL}")).status == 0
        (folder,) = results.folders()
        other = "benchmark.environment.DB=${oc.env:MY_URL}"
        finished = tunekit("resume", str(folder), "stopping.max_num_trials_finished=2", other)
        assert finished.status == 0, finished.err
        assert seen(results) == [hashed(f"{URL}|word")] * 2
        assert results.metadata()[0]["secrets"] == {"benchmark.environment.DB": "${oc.env:MY_URL}"}


class TestShown:
    def test_a_typed_one_is_masked_in_the_configuration(self, tunekit, project):
        finished = tunekit(*arguments(TYPED), "--cfg", "job")
        assert yaml.safe_load(finished.out)["benchmark"]["environment"] == {"API_TOKEN": "***"}
        assert HIDDEN not in finished.out + finished.err

    def test_without_a_command_too(self, tunekit, results):
        shown = tunekit("benchmark=script", TYPED, "--cfg", "job")
        assert yaml.safe_load(shown.out)["benchmark"]["command"] == "???"
        assert yaml.safe_load(shown.out)["benchmark"]["environment"] == {"API_TOKEN": "***"}

    def test_what_was_shown_runs_with_the_variable_and_asks_for_it_without(
        self, tunekit, project, results, tmp_path, monkeypatch
    ):
        (tmp_path / "mine" / "experiment").mkdir(parents=True)
        shown = tunekit(*arguments(TYPED), "--cfg", "job").out
        (tmp_path / "mine" / "experiment" / "saved.yaml").write_text(shown)
        saved = ["experiment=saved", "--config-dir", "mine"]
        refused = tunekit(*saved)
        assert refused.status == 2
        assert "benchmark.environment.API_TOKEN=*** stands in place of a value" in refused.err
        assert "export API_TOKEN=VALUE" in refused.err
        assert not results.root.exists()
        monkeypatch.setenv("API_TOKEN", HIDDEN)
        assert tunekit(*saved).status == 0
        assert seen(results) == [hashed(f"{HIDDEN}|word")]

    @pytest.mark.parametrize(
        "wrong",
        [
            f"benchmark.environment.API_TOKEN={HIDDEN}}}",
            f"benchmark.environment={{API_TOKEN:{HIDDEN}}}",
            f"benchmark.api_key={HIDDEN}",
            f"benchmark.environment.API_TOKEN=[{HIDDEN}]",
            f"+api_key={HIDDEN}",
        ],
    )
    def test_errors_do_not_show_it(self, tunekit, project, results, wrong):
        for more in ([], ["--debug"]):
            finished = tunekit(*arguments(wrong, "benchmark.mode=neither"), *more)
            assert finished.status == 2
            assert HIDDEN not in finished.out + finished.err


class TestResume:
    @pytest.fixture
    def folder(self, tunekit, project, results):
        assert tunekit(*arguments(TYPED)).status == 0
        (folder,) = results.folders()
        return folder

    def test_it_is_read_again_from_the_environment(self, tunekit, folder, results, monkeypatch):
        monkeypatch.setenv("API_TOKEN", "other-secret")
        finished = tunekit("resume", str(folder), "stopping.max_num_trials_finished=2")
        assert finished.status == 0, finished.err
        assert sorted(seen(results)) == sorted([hashed(f"{HIDDEN}|word"), hashed("other-secret|word")])
        assert files_with("other-secret", results.root) == []

    def test_or_typed_again(self, tunekit, folder, results):
        typed = "benchmark.environment.API_TOKEN=other-secret"
        finished = tunekit("resume", str(folder), typed, "stopping.max_num_trials_finished=2")
        assert finished.status == 0, finished.err
        assert sorted(seen(results)) == sorted([hashed(f"{HIDDEN}|word"), hashed("other-secret|word")])
        assert "other-secret" not in finished.out + finished.err
        assert files_with("other-secret", results.root) == []

    @pytest.mark.parametrize("typed", [[], ["benchmark.environment.API_TOKEN=***"]], ids=["nothing", "the mask"])
    def test_else_it_is_asked_for_by_name_before_anything_starts(self, tunekit, folder, results, typed):
        before = (folder / "metadata.json").read_bytes()
        finished = tunekit("resume", str(folder), "stopping.max_num_trials_finished=2", *typed)
        assert finished.status == 2
        (line,) = finished.err.splitlines()
        assert line == (
            "benchmark.environment.API_TOKEN was not kept, since secrets are not written down. Give it again: "
            f"python -m tunekit resume {folder} benchmark.environment.API_TOKEN=… or export API_TOKEN=…"
        )
        assert (folder / "metadata.json").read_bytes() == before
        assert len(seen(results)) == 1

    def test_no_other_secret_can_be_added(self, tunekit, folder):
        finished = tunekit("resume", str(folder), TYPED, f"benchmark.environment.OTHER_KEY={HIDDEN}")
        assert finished.status == 2
        assert "benchmark.environment.OTHER_KEY=***: an experiment that goes on keeps what it is" in finished.err

    def test_a_part_of_a_text_is_read_from_its_variable(self, tunekit, project, results, monkeypatch):
        monkeypatch.setenv("MY_TOKEN", HIDDEN)
        assert tunekit(*arguments(f"{NOTE}='of ${{oc.env:MY_TOKEN}}'")).status == 0
        (folder,) = results.folders()
        monkeypatch.delenv("MY_TOKEN")
        refused = tunekit("resume", str(folder), "stopping.max_num_trials_finished=2")
        assert refused.status == 2
        assert "Give it again: export MY_TOKEN=…" in refused.err
        monkeypatch.setenv("MY_TOKEN", HIDDEN)
        assert tunekit("resume", str(folder), "stopping.max_num_trials_finished=2").status == 0
        assert seen(results) == [hashed(f"|of {HIDDEN}")] * 2

    def test_the_same_command_finds_the_same_run(self, tunekit, folder, results):
        assert tunekit(*arguments("benchmark.environment.API_TOKEN=another-one")).status == 0
        assert results.folders() == [folder]
        assert len(seen(results)) == 1


@pytest.mark.parametrize(
    ("argument", "printed"),
    [
        ("benchmark.environment.API_TOKEN=ab", "benchmark.environment.API_TOKEN=***"),
        ("++benchmark.environment.API_TOKEN='a,b}c=d'", "++benchmark.environment.API_TOKEN=***"),
        ("benchmark.environment.API_TOKEN=abcd,efgh", "benchmark.environment.API_TOKEN=***"),
        ("benchmark.environment={API_TOKEN:ab,MODE:fast}", "benchmark.environment={API_TOKEN:***,MODE:fast}"),
        ("benchmark.environment={API_TOKEN: 'a,b',B_KEY: \"c}\"}", "benchmark.environment={API_TOKEN: ***,B_KEY: ***}"),
        ("benchmark.environment.API_TOKEN=${oc.env:MY_TOKEN}", "benchmark.environment.API_TOKEN=${oc.env:MY_TOKEN}"),
        ("benchmark.space.token=choice(['a'])", "benchmark.space.token=choice(['a'])"),
        ("benchmark.environment.MODE=fast", "benchmark.environment.MODE=fast"),
        ("benchmark.command=python train.py --keyboard=x", "benchmark.command=python train.py --keyboard=x"),
        ("--multirun", "--multirun"),
        ("benchmark.command=python train.py --api-key abcd 5", "benchmark.command=python train.py --api-key *** 5"),
        ("+benchmark.environment.DB=redis://:ab@host", "+benchmark.environment.DB=***"),
        ("benchmark.environment={DB:redis://:ab@host,MODE:fast}", "benchmark.environment={DB:***,MODE:fast}"),
        ("tags.on=[redis://:ab@host,b]", "tags.on=[***,b]"),
        ("a.API_TOKEN=${oc.env:MY_TOKEN,abcd}", "a.API_TOKEN=${oc.env:MY_TOKEN}"),
        ("a.API_TOKEN=${oc.env:USER}-abcd", "a.API_TOKEN=***"),
    ],
)
def test_a_command_is_printed_without_secrets(argument, printed):
    assert without_secrets([argument]) == [printed]


def test_the_configuration_that_is_shown_masks_tags_too(tunekit):
    shown = tunekit(
        "benchmark=fcnet", "tags.api_key=hidden", "tags.on.password=hidden", "tags.name=plain", "--cfg", "job"
    )
    assert shown.status == 0
    assert "hidden" not in shown.out
    assert "name: plain" in shown.out
