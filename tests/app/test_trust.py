"""What is in a folder that others made, or can change, is not run before somebody has agreed."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tunekit import tune
from tunekit.functions import trial
from tunekit.runs.trust import check_trust
from tunekit_core import ConfigurationError

METADATA = {
    "config": {"benchmark": {"name": "script", "command": "python \x1b[31mtrain.py", "environment": {"A_KEY": "***"}}},
    "secrets": {"benchmark.environment.A_KEY": "${oc.env:A_KEY}"},
}
MINE = os.geteuid()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "experiment"
    folder.mkdir()
    for name in ("metadata.json", "events.jsonl"):
        (folder / name).write_text(json.dumps(METADATA))
    return folder


class Terminal(io.StringIO):
    def isatty(self):
        return True


def given_to_another_user(path, monkeypatch):
    """As if it belonged to another user, which only root can bring about."""
    real = {name: getattr(os, name) for name in ("stat", "lstat")}

    def look(name):
        def answer(asked, **options):
            status = real[name](asked, **options)
            if Path(asked) == path:
                fields = [*status]
                fields[4] = 54321
                return os.stat_result(fields)
            return status

        return answer

    for name in real:
        monkeypatch.setattr(os, name, look(name))


def test_what_is_ours_is_not_asked_about(folder):
    check_trust(folder, METADATA, is_accepted=False)


@pytest.mark.parametrize("name", ["", "metadata.json", "events.jsonl"])
def test_one_of_another_user_is_refused_where_nobody_can_be_asked(folder, monkeypatch, name):
    given_to_another_user(folder / name, monkeypatch)
    with pytest.raises(ConfigurationError) as refused:
        check_trust(folder, METADATA, is_accepted=False)
    assert str(refused.value) == (
        f"{folder / name} belongs to another user, number 54321, and it says what is run as you: "
        "benchmark.command='python \\x1b[31mtrain.py'. Look at it, and at the checkpoints that its trials would load; "
        "to run it all the same, add --yes"
    )
    check_trust(folder, METADATA, is_accepted=True)


@pytest.mark.skipif(MINE != 0, reason="only root gives files away")
@pytest.mark.parametrize("name", ["", "metadata.json", "events.jsonl"])
def test_one_that_was_given_away_is_refused(folder, name):
    os.chown(folder / name, 54321, -1)
    with pytest.raises(ConfigurationError, match="belongs to another user, number 54321"):
        check_trust(folder, METADATA, is_accepted=False)


@pytest.mark.skipif(MINE != 0, reason="only root gives files away")
def test_a_link_to_a_file_of_another_user_is_refused(folder, tmp_path):
    (folder / "metadata.json").rename(tmp_path / "elsewhere.json")
    (folder / "metadata.json").symlink_to(tmp_path / "elsewhere.json")
    os.chown(tmp_path / "elsewhere.json", 54321, -1)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        check_trust(folder, METADATA, is_accepted=False)


@pytest.mark.parametrize("name", ["", "metadata.json", "events.jsonl"])
def test_one_that_everybody_can_write_is_refused(folder, name):
    (folder / name).chmod(0o777)
    with pytest.raises(ConfigurationError, match="can be written by everybody"):
        check_trust(folder, METADATA, is_accepted=False)


@pytest.mark.parametrize(("answer", "goes_on"), [("yes\n", True), ("YES\n", True), ("n\n", False), ("", False)])
def test_at_a_terminal_all_that_would_be_run_is_shown_and_asked_about(folder, monkeypatch, answer, goes_on):
    given_to_another_user(folder, monkeypatch)
    shown = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    monkeypatch.setattr(sys, "stderr", shown)
    if goes_on:
        check_trust(folder, METADATA, is_accepted=False)
    else:
        with pytest.raises(ConfigurationError, match="was left as it is"):
            check_trust(folder, METADATA, is_accepted=False)
    assert "benchmark.command='python \\x1b[31mtrain.py'" in shown.getvalue()
    assert "benchmark.environment={'A_KEY': '***'}" in shown.getvalue()
    assert "would be read from your environment: '${oc.env:A_KEY}'" in shown.getvalue()


def test_resume_refuses_with_one_line_and_takes_yes(tunekit, results, tmp_path):
    (tmp_path / "train.py").write_text("from tunekit import Reporter\nReporter()(loss=1.0)\n")
    command = f"benchmark.command='{sys.executable} train.py'"
    n = "stopping.max_num_trials_finished"
    assert tunekit("benchmark=script", command, "benchmark.space.lr=uniform(0,1)", f"{n}=1").status == 0
    (folder,) = results.folders()
    folder.chmod(0o777)
    refused = tunekit("resume", str(folder), f"{n}=2")
    assert refused.status == 2
    (line,) = refused.err.splitlines()
    assert "can be written by everybody" in line
    assert "--yes" in line
    assert results.folders() == [folder]
    assert tunekit("resume", str(folder), f"{n}=2", "--yes").status == 0


class TestFunctions:
    """The file with the function is loaded by a process of the same user only if nobody else can have written it."""

    def test_the_file_is_private_also_where_another_lay_before(self, results):
        overrides = ["stopping.max_num_trials_finished=1"]
        tune(lambda x: x, {"x": "uniform(0, 1)"}, overrides=overrides)
        (folder,) = results.folders()
        assert (folder / "function.pickle").stat().st_mode & 0o777 == 0o600

    @pytest.fixture
    def load(self, tmp_path):
        (tmp_path / "configuration.json").write_text('{"x": 1.0}')

        def run(path):
            environment = {
                **os.environ,
                "TUNEKIT_CONFIGURATION": str(tmp_path / "configuration.json"),
                "TUNEKIT_REPORTS": str(tmp_path / "reports.jsonl"),
            }
            command = [sys.executable, trial.__file__, str(path), "loss"]
            return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

        return run

    @pytest.fixture
    def trap(self, tmp_path):
        import pickle

        class Trap:
            def __reduce__(self):
                return open, (str(tmp_path / "caught"), "w")

        path = tmp_path / "function.pickle"
        path.write_bytes(pickle.dumps(Trap()))
        path.chmod(0o600)
        return path

    def make_a_link(self, path):
        path.rename(path.with_name("elsewhere"))
        path.symlink_to(path.with_name("elsewhere"))

    def make_it_writable_for_the_group(self, path):
        path.chmod(0o660)

    def make_it_readable_for_all(self, path):
        path.chmod(0o644)

    def make_a_pipe(self, path):
        path.unlink()
        os.mkfifo(path, 0o600)

    def make_a_folder(self, path):
        path.unlink()
        path.mkdir(mode=0o700)

    def test_the_trap_works(self, load, trap, tmp_path):
        load(trap)
        assert (tmp_path / "caught").exists()

    @pytest.mark.parametrize(
        "change",
        [
            "make_a_link",
            "make_it_writable_for_the_group",
            "make_it_readable_for_all",
            "make_a_pipe",
            "make_a_folder",
        ],
    )
    def test_nothing_else_is_loaded(self, load, trap, tmp_path, change):
        getattr(self, change)(trap)
        done = load(trap)
        assert done.returncode == 1
        assert "is not loaded" in done.stderr
        assert not (tmp_path / "caught").exists()

    @pytest.mark.skipif(MINE != 0, reason="only root gives files away")
    def test_nor_is_a_file_of_another_user(self, load, trap, tmp_path):
        os.chown(trap, 54321, -1)
        assert load(trap).returncode == 1
        assert not (tmp_path / "caught").exists()
