"""What trials go on from, and start from: versions that are whole, or not there at all."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tunekit_core import Checkpoint, StartFailed, Status, TrialReported, UnfinishedTrial
from tunekit_local import begin_from
from tunekit_local.checkpoints import Checkpoints

from .snippet import Snippet, local_backend, trial_of, until_idle

PUBLISHES = """
folder = Path(os.environ["TUNEKIT_CHECKPOINT_DIR"])
found = sorted(path.name for path in folder.iterdir())
first = int((folder / "step").read_text()) + 1 if found else 1
report = Reporter()
for step in range(first, int(sys.argv[sys.argv.index("--steps") + 1]) + 1):
    with report.checkpoint(step) as new:
        (new / "step").write_text(str(step))
        (new / "big").write_bytes(bytes(100_000))
    report(step=step, loss=1 / step, first=first, found=found)
    time.sleep(float(os.environ.get("PAUSE", "0")))
"""
WRITES_ITSELF = PUBLISHES.replace("with report.checkpoint(step) as new", "for new in [folder]")


@pytest.fixture
def make(tmp_path):
    backends = []

    def build(code=PUBLISHES, mode="min", **options):
        backends.append(local_backend(Snippet(code, told="steps", max_resource=9, mode=mode), tmp_path, **options))
        return backends[-1]

    yield build
    for backend in backends:
        backend.close()


def firsts(events):
    """What the reports say of where their run began."""
    return {event.metrics["first"] for event in events if isinstance(event, TrialReported)}


def steps(events):
    return [event.metrics["step"] for event in events if isinstance(event, TrialReported)]


def versions(folder, trial_id):
    return sorted(path.name for path in (folder / str(trial_id) / "checkpoints").glob("[0-9]*"))


def run(backend, trial, until, parent=None):
    backend.start(trial, until, parent) if trial.run == 0 else backend.resume(trial, until)
    return until_idle(backend)


class TestPublished:
    def test_a_trial_goes_on_from_the_newest(self, make):
        backend = make()
        run(backend, trial_of(backend), 3)
        events = run(backend, trial_of(backend, run=1, reached=3), 5)
        assert (firsts(events), steps(events)) == ({4}, [4, 5])
        assert events[-1].has_checkpoint

    def test_a_trial_does_not_go_on_from_one_that_the_tuner_has_no_report_of(self, make, tmp_path):
        backend = make()
        run(backend, trial_of(backend), 5)
        events = run(backend, trial_of(backend, run=1, reached=3), 5)
        assert (firsts(events), steps(events)) == ({4}, [4, 5])
        assert versions(tmp_path, 0) == ["3", "4", "5"]

    def test_another_trial_starts_from_any_that_is_kept_while_its_owner_runs(self, make, monkeypatch):
        monkeypatch.setenv("PAUSE", "0.2")
        backend = make(n_workers=4)
        donor = trial_of(backend)
        backend.start(donor, None, None)
        seen = []
        while len(seen) < 3:
            seen += steps(backend.wait(None))
        for trial_id, resource in ((1, 2), (2, 3)):
            backend.start(
                trial_of(backend, trial_id, parent=Checkpoint(0, resource)), resource + 2, Checkpoint(0, resource)
            )
        events = until_idle(backend, 3)
        assert firsts(event for event in events if event.trial_id == 1) == {3}
        assert firsts(event for event in events if event.trial_id == 2) == {4}

    def test_the_newest_three_are_kept(self, make, tmp_path):
        backend = make()
        run(backend, trial_of(backend), 6)
        assert versions(tmp_path, 0) == ["4", "5", "6"]

    @pytest.mark.parametrize(("mode", "kept"), [("min", "2"), ("max", "1")])
    def test_that_of_the_best_report_is_kept_too(self, make, tmp_path, mode, kept):
        overfits = PUBLISHES.replace("loss=1 / step", "loss={1: 9, 2: 0, 3: float('nan')}.get(step, step)")
        backend = make(overfits, mode=mode)
        run(backend, trial_of(backend), 6)
        assert versions(tmp_path, 0) == [kept, "4", "5", "6"]
        run(backend, trial_of(backend, run=1, reached=6), 8)  # and in later runs
        assert versions(tmp_path, 0) == [kept, "6", "7", "8"]

    def test_that_of_the_best_report_is_kept_until_another_is_better(self, make, tmp_path):
        backend = make(PUBLISHES.replace("loss=1 / step", "loss={2: 2, 5: 1}.get(step, 3)"))
        run(backend, trial_of(backend), 9)
        assert versions(tmp_path, 0) == ["5", "7", "8", "9"]

    def test_a_report_that_was_cut_off_has_no_best_version(self, make, tmp_path):
        backend = make(PUBLISHES.replace("loss=1 / step", "loss={5: 0}.get(step, 10 - step)"))
        run(backend, trial_of(backend), 5)
        run(backend, trial_of(backend, run=1, reached=3), 4)
        assert versions(tmp_path, 0) == ["3", "4"]
        assert json.loads((tmp_path / "0/checkpoints/best.json").read_text()) == {"resource": 4, "loss": 6.0}

    def test_one_that_is_not_there_fails_the_start_which_says_what_is(self, make):
        backend = make()
        run(backend, trial_of(backend), 6)
        for resource in (2, 7):
            with pytest.raises(
                StartFailed, match=f"^Trial 0 has no checkpoint at {resource}: there are those at 4, 5, 6. What"
            ):
                backend.start(trial_of(backend, 1), 9, Checkpoint(0, resource))

    def test_a_trial_that_took_one_does_not_need_its_owner_any_more(self, make, tmp_path):
        backend = make(delete_checkpoints=True)
        run(backend, trial_of(backend), 3)
        backend.start(trial_of(backend, 1, parent=Checkpoint(0, 3)), 4, Checkpoint(0, 3))
        backend.release((0,))
        assert not (tmp_path / "0" / "checkpoints").exists()
        assert firsts(until_idle(backend)) == {4}
        assert firsts(run(backend, trial_of(backend, 1, run=1, reached=4), 6)) == {5}

    def test_a_trial_that_writes_to_its_own_copy_changes_nothing_of_others(self, make, tmp_path):
        backend = make()
        run(backend, trial_of(backend), 3)
        other = make(
            "(Path(os.environ['TUNEKIT_CHECKPOINT_DIR']) / 'step').open('w').write('x' * 9)\nReporter()(step=9, loss=0)"
        )
        backend.close()
        other.start(trial_of(other, 1, parent=Checkpoint(0, 3)), None, Checkpoint(0, 3))
        until_idle(other)
        for trial_id in (0, 1):
            assert (tmp_path / str(trial_id) / "checkpoints" / "3" / "step").read_text() == "3"
        assert (tmp_path / "1" / "checkpoint" / "step").read_text() == "x" * 9

    def test_a_trial_whose_checkpoints_were_dropped_starts_over(self, make):
        backend = make()
        run(backend, trial_of(backend), 3)
        backend.drop_checkpoint(0)
        events = run(backend, trial_of(backend, run=1, reached=3), 4)
        assert (firsts(events), events[-1].has_checkpoint) == ({1}, True)

    def test_one_that_was_cut_off_while_it_was_written_is_none(self, make, tmp_path):
        backend = make(
            PUBLISHES.replace('(new / "big")', 'if step == 3: os.kill(os.getpid(), 9)\n        (new / "big")')
        )
        run(backend, trial_of(backend), 9)
        assert versions(tmp_path, 0) == ["1", "2"]
        assert firsts(run(make(), trial_of(backend, run=1, reached=2), 4)) == {3}
        assert sorted(path.name for path in (tmp_path / "0" / "checkpoints").iterdir()) == [
            "2",
            "3",
            "4",
            "best.json",
            "taken.json",
        ]


class TestOwn:
    """Checkpoints that a script keeps in ``checkpoint/`` itself."""

    def test_they_are_no_version_while_it_runs(self, make, monkeypatch):
        monkeypatch.setenv("PAUSE", "0.2")
        backend = make(WRITES_ITSELF)
        backend.start(trial_of(backend), None, None)
        while not steps(backend.wait(None)):
            pass
        with pytest.raises(
            StartFailed, match=r"^Trial 0 has no checkpoint at 1: none was published\. What a script keeps"
        ):
            backend.start(trial_of(backend, 1), None, Checkpoint(0, 1))
        until_idle(backend)

    def test_others_start_from_them_afterwards_and_their_owner_goes_on(self, make):
        backend = make(WRITES_ITSELF)
        run(backend, trial_of(backend), 3)
        for trial_id in (1, 2):
            backend.start(trial_of(backend, trial_id, parent=Checkpoint(0, 3)), 5, Checkpoint(0, 3))
            assert firsts(until_idle(backend)) == {4}
        assert firsts(run(backend, trial_of(backend, run=1, reached=3), 6)) == {4}
        assert firsts(run(backend, trial_of(backend, run=2, reached=6), 8)) == {7}
        assert firsts(run(backend, trial_of(backend, 1, run=1, reached=5), 7)) == {6}

    def test_they_are_those_of_where_it_has_come_to_alone(self, make):
        backend = make(WRITES_ITSELF)
        run(backend, trial_of(backend), 3)
        for resource in (2, 4):
            with pytest.raises(StartFailed, match=f"^Trial 0 has no checkpoint at {resource}: none was published. "):
                backend.start(trial_of(backend, 1), 9, Checkpoint(0, resource))

    def test_what_was_only_taken_from_another_trial_is_no_checkpoint_of_its_own_progress(self, make):
        backend = make()
        run(backend, trial_of(backend), 3)
        keeps_none = make("report = Reporter()\nfor step in (4, 5): report(step=step, loss=0)")
        keeps_none.start(trial_of(keeps_none, 1, parent=Checkpoint(0, 3)), 5, Checkpoint(0, 3))
        until_idle(keeps_none)
        with pytest.raises(StartFailed, match=r"^Trial 1 has no checkpoint at 5: there are those at 3\. "):
            keeps_none.start(trial_of(keeps_none, 2), 9, Checkpoint(1, 5))

    def test_a_trial_without_any_has_none(self, make):
        backend = make("Reporter()(step=1, loss=0)")
        assert run(backend, trial_of(backend), 9)[-1].has_checkpoint is False
        with pytest.raises(StartFailed, match=r"^Trial 0 has no checkpoint at 1: none was published\. "):
            backend.start(trial_of(backend, 1), 9, Checkpoint(0, 1))


class TestCutOff:
    def test_a_start_from_a_checkpoint_that_was_never_begun_takes_it_again(self, make, tmp_path):
        before = make()
        run(before, trial_of(before), 3)
        before.close()
        half = tmp_path / "1" / "checkpoints" / ".3"
        half.mkdir(parents=True)
        (half / "step").write_text("9")
        after = make()
        after.restore([UnfinishedTrial(trial_of(after, 1, until=5, parent=Checkpoint(0, 3)), 0, False)], 1.0)
        assert firsts(until_idle(after)) == {4}

    def test_a_start_that_was_never_begun_fails_if_the_checkpoint_is_gone(self, make):
        backend = make()
        backend.restore([UnfinishedTrial(trial_of(backend, 1, until=5, parent=Checkpoint(0, 3)), 0, False)], 1.0)
        (ended,) = until_idle(backend)
        assert (ended.status, ended.run) == (Status.FAILED, 0)
        assert ended.reason.startswith("Trial 0 has no checkpoint at 3: none was published. ")

    def test_killed_at_any_moment_of_a_copy_the_next_run_begins_from_the_whole_of_it(self, tmp_path):
        version = tmp_path / "checkpoints" / "3"
        version.mkdir(parents=True)
        for number in range(200):
            (version / f"{number:03}").write_bytes(bytes(20_000))
        expected = [path.name for path in sorted(version.iterdir())]
        checkpoints = Checkpoints(tmp_path)
        checkpoints.prepare(9)
        (checkpoints.working / "old").write_text("old")
        n_cut_off = 0
        for moment in range(40):
            process = subprocess.Popen(command(version, checkpoints.working, "true"))
            time.sleep(0.02 + moment * 0.002)
            process.send_signal(signal.SIGKILL)
            process.wait()
            if checkpoints.version_to_take() is None:
                assert [path.name for path in sorted(checkpoints.working.iterdir())] == expected
                (tmp_path / "checkpoints" / "taken.json").unlink()
            else:
                n_cut_off += 1
            checkpoints.prepare(9)
            found = [path.name for path in sorted(checkpoints.working.iterdir())]
            assert found in ([], ["old"], expected)
        assert n_cut_off > 0
        assert checkpoints.version_to_take() == version
        subprocess.run(command(version, checkpoints.working, "true"), check=True)
        assert [path.name for path in sorted(checkpoints.working.iterdir())] == expected
        assert checkpoints.version_to_take() is None

    def test_where_the_machine_went_down_before_it_was_written_which_one_was_taken_it_is_taken_again(
        self, make, tmp_path
    ):
        backend = make()
        run(backend, trial_of(backend), 3)
        run(backend, trial_of(backend, run=1, reached=3), 6)
        (tmp_path / "0" / "checkpoints" / "taken.json").write_text("")
        assert firsts(run(backend, trial_of(backend, run=2, reached=6), 9)) == {7}

    def test_a_trial_that_is_stopped_while_it_copies_leaves_nothing_that_passes_for_a_checkpoint(self, make, tmp_path):
        backend = make()
        run(backend, trial_of(backend), 3)
        donor = tmp_path / "0" / "checkpoints" / "3"
        with open(donor / "huge", "wb") as file:
            file.truncate(3_000_000_000)
        trial = trial_of(backend, 1, parent=Checkpoint(0, 3))
        backend.start(trial, 5, Checkpoint(0, 3))
        assert list((tmp_path / "1").glob("checkpoint/*")) == []  # the copy is made later
        part = tmp_path / "1" / ".checkpoint.part"
        while not part.exists():
            time.sleep(0.001)
        backend.stop(trial)
        assert until_idle(backend)[-1].status is Status.COMPLETED
        assert list((tmp_path / "1" / "checkpoint").iterdir()) == []
        (donor / "huge").unlink()
        (tmp_path / "1" / "checkpoints" / "3" / "huge").unlink()
        assert firsts(run(backend, trial_of(backend, 1, run=1, parent=Checkpoint(0, 3)), 5)) == {4}
        assert not part.exists()


def command(version, working, *rest):
    return [sys.executable, "-I", "-S", begin_from.__file__, str(version), str(working), *rest]


def test_a_command_that_cannot_be_run_after_the_copy_says_so(tmp_path):
    (tmp_path / "checkpoints" / "3").mkdir(parents=True)
    done = subprocess.run(
        command(tmp_path / "checkpoints" / "3", tmp_path / "checkpoint", "trian"), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (1, "The command 'trian' cannot be run: No such file or directory.\n")


def test_a_copy_without_room_fails_the_trial_and_says_why(tmp_path):
    (tmp_path / "checkpoint").mkdir()
    done = subprocess.run(
        command(tmp_path / "checkpoints" / "3", tmp_path / "checkpoint", "true"), capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"The checkpoint {tmp_path}/checkpoints/3 cannot be copied: ")


def test_what_is_cut_off_while_it_is_deleted_does_not_pass_for_a_checkpoint(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.version(3).mkdir(parents=True)
    (checkpoints.version(3) / "model").write_text("model")

    def die(path):
        if os.path.exists(path):
            raise KeyboardInterrupt

    monkeypatch.setattr("os.unlink", die)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.delete()
    monkeypatch.undo()
    assert checkpoints.resources() == []
    checkpoints.prepare(9)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_a_file_system_without_links_copies(tmp_path, monkeypatch):
    version = tmp_path / "0" / "checkpoints" / "3"
    version.mkdir(parents=True)
    (version / "model").write_text("model")
    (tmp_path / "1").mkdir()

    def refuse(*arguments):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    Checkpoints(tmp_path / "1").take(version, 3)
    assert (tmp_path / "1" / "checkpoints" / "3" / "model").read_text() == "model"


def test_the_fingerprint_is_that_of_the_copy(tmp_path):
    version = tmp_path / "checkpoints" / "3"
    version.mkdir(parents=True)
    (version / "model").write_text("model")
    begin_from.make_checkpoint(str(version), str(tmp_path / "checkpoint"))
    taken = json.loads((tmp_path / "checkpoints" / "taken.json").read_text())
    assert taken == {"resource": 3, "fingerprint": begin_from.fingerprint(str(version))}
    (tmp_path / "checkpoint" / "model").write_text("model!")
    assert begin_from.fingerprint(str(tmp_path / "checkpoint")) != taken["fingerprint"]


def test_a_checkpoint_that_is_a_link_is_none_for_others_and_is_removed_as_a_link(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("mine")
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "checkpoint").symlink_to(outside)
    checkpoints = Checkpoints(tmp_path / "0")
    assert checkpoints.publish_working(3) is False
    checkpoints.versions.symlink_to(outside)
    (outside / "3").mkdir()
    assert checkpoints.resources() == []
    checkpoints.prune(9)
    checkpoints.prepare(1)
    checkpoints.delete()
    assert [path.name for path in (tmp_path / "0").iterdir()] == []
    assert sorted(path.name for path in outside.iterdir()) == ["3", "file"]


def test_a_checkpoint_with_a_pipe_is_refused_rather_than_waited_for(tmp_path):
    version = tmp_path / "0" / "checkpoints" / "3"
    version.mkdir(parents=True)
    os.mkfifo(version / "pipe")
    with pytest.raises(OSError, match="is no regular file, and checkpoints consist of these"):
        begin_from.make_checkpoint(str(version), str(tmp_path / "0" / "checkpoint"))
    (tmp_path / "1").mkdir()
    with pytest.raises(OSError, match="is no regular file, and checkpoints consist of these"):
        Checkpoints(tmp_path / "1").take(version, 3)


def test_folders_in_folders_by_the_thousand_are_removed(tmp_path):
    checkpoints = Checkpoints(tmp_path / "0")
    checkpoints.working.mkdir(parents=True)
    here = os.open(checkpoints.working, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    checkpoints.delete()
    assert list((tmp_path / "0").iterdir()) == []
