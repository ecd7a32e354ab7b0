"""Processes are killed at random moments, and the same command, or ``resume``, goes on to the end."""

import json
import signal
import time
from contextlib import suppress
from pathlib import Path

from tests.campaign.checks import Prefixes, check_same, require
from tests.campaign.experiments import FINISHED, runs_below, without_traceback
from tests.campaign.processes import marked, send, wait_until_none

SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def wait_for_moment(round, experiment, command):
    """Wait for a moment that was drawn: a part of the time that the experiment takes, or so many events."""
    if experiment.is_simulated or round.rng.random() < 0.5:
        moment = round.rng.uniform(0.05, 1.0)
        round.note(f"at {moment:.3f} of the time")
        limit = time.monotonic() + moment * experiment.seconds
        while command.runs() and time.monotonic() < limit:
            time.sleep(0.002)
        return
    n_events = round.rng.randrange(1, 40)
    round.note(f"after {n_events} events more")
    before = n_lines(round)
    while command.runs() and n_lines(round) < before + n_events:
        time.sleep(0.002)


def n_lines(round):
    total = 0
    for path in round.folder.glob("results/*/*/*/events.jsonl"):
        with suppress(OSError):
            total += path.read_bytes().count(b"\n")
    return total


def check_end_by(number, finished):
    """A command that was sent a signal ends as is promised, or had come to its end."""
    if finished.status == -number and "tunekit" not in finished.err:
        return  # Python itself was still starting, and says what it likes: nothing of ours had been imported
    without_traceback(finished)
    # A shell shows both as 128 + number: a second signal may end the interpreter while it ends.
    ends = (0, 128 + number, -number) if number is not signal.SIGKILL else (0, -number)
    require(finished.status in ends, f"{number.name}: status {finished.status}: {finished.told[-2000:]}")


def disturb(round, experiment, words):
    """Start a command, and end it by a signal at some moment."""
    number = round.rng.choice(SIGNALS)
    n_signals = round.rng.choice((1, 1, 2))
    command = round.start(words)
    round.note(f"{number.name} x {n_signals}")
    wait_for_moment(round, experiment, command)
    for _ in range(n_signals):
        command.send(number)
        time.sleep(round.rng.uniform(0, 0.1))
    check_end_by(number, command.finish())


def go_on_to_the_end(round, experiment, words=None):
    finished = round.run(words or round.again(experiment))
    require(finished.status == 0, f"going on ends with status {finished.status}: {finished.told[-3000:]}")
    wait_until_none(round.folder)


def tuner(round):
    """The command is killed, interrupted or hung up on, up to four times: it goes on, and comes to the same."""
    experiment = round.experiments[round.rng.choice(("one", "one", "asha", "two", "function"))]
    told = Prefixes(round.folder)
    number = round.rng.randrange(1, 5)
    round.note(experiment.name)
    for _ in range(number):
        if experiment.is_function:
            kill_function(round, experiment)
        else:
            disturb(round, experiment, round.again(experiment))
        told.look()
    go_on_to_the_end(round, experiment)
    told.check()
    check_same(round.folder, experiment)


def kill_function(round, experiment):
    """In a process that is the user's own, signals do what the user decides; this one is killed."""
    command = round.start(experiment.words)
    wait_for_moment(round, experiment, command)
    command.send(signal.SIGKILL)
    without_traceback(command.finish())


def sweep(round):
    """A sweep is killed, interrupted or hung up on, up to three times: it goes on, and has the same answer."""
    experiment = round.experiments[round.rng.choice(("sweep", "scripts"))]
    round.note(experiment.name)
    told = Prefixes(round.folder)
    for _ in range(round.rng.randrange(1, 4)):
        disturb(round, experiment, experiment.words)
        told.look()
    go_on_to_the_end(round, experiment)
    told.check()
    check_same(round.folder, experiment)
    check_answer(round, experiment)


def check_answer(round, experiment):
    """Typed again, the command finds everything complete and prints what the undisturbed one does."""
    again = round.run(experiment.words)
    require(again.status == 0, f"typed again: status {again.status}: {again.told[-2000:]}")
    if experiment.is_simulated:
        require(again.out == experiment.out, f"another answer: {again.out} in place of {experiment.out}")
    wait_until_none(round.folder)


def workers(round):
    """Workers of a sweep, and the server that they are forked from, are killed: what failed is run again."""
    experiment = round.experiments[round.rng.choice(("sweep", "scripts"))]
    round.note(experiment.name)
    command = round.start(experiment.words)
    for _ in range(round.rng.randrange(1, 4)):
        wait_for_moment(round, experiment, command)
        others = sorted(pid for pid in marked(round.folder) if pid != command.process.pid and not is_trial(pid))
        if others:
            number = round.rng.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
            chosen = round.rng.randrange(len(others))
            round.note(f"{number.name} to process {chosen} of {len(others)}")
            send(others[chosen], number, round.folder)
    finished = command.finish()
    without_traceback(finished)
    require(finished.status in (0, 1, 130, 143, 129), f"status {finished.status}: {finished.told[-2000:]}")
    wait_until_none(round.folder)
    go_on_to_the_end(round, experiment)
    check_same(round.folder, experiment)
    check_answer(round, experiment)


def is_trial(pid):
    with suppress(OSError):
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
        return b"supervisor.py" in line or b"train.py" in line
    return True


def trials(round):
    """Supervisors, or what they run, are killed while the command lives: trials begin again, and come to the same."""
    experiment = round.experiments[round.rng.choice(("one", "asha", "two", "function"))]
    which = round.rng.choice((0, 1))  # line of process.jsonl
    round.note(f"{experiment.name}, {('supervisors', 'trials')[which]}")
    command = round.start(experiment.words)
    for _ in range(round.rng.randrange(1, 4)):
        wait_for_moment(round, experiment, command)
        number = round.rng.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
        if kill_some(round, which, number):
            round.note(number.name)
    finished = command.finish()
    without_traceback(finished)
    require(finished.status == 0, f"status {finished.status}: {finished.told[-3000:]}")
    wait_until_none(round.folder)
    check_same(round.folder, experiment)


def kill_some(round, which, number):
    """Send a signal to one of the supervisors, or trials, that run now."""
    alive = set(marked(round.folder))
    found = []
    for path in sorted(round.folder.glob("results/*/*/*/*/runs/*/process.jsonl")):
        lines = path.read_bytes().split(b"\n")[:-1]
        if len(lines) > which and (pid := json.loads(lines[which])["pid"]) in alive:
            found.append(pid)
    return bool(found) and send(round.rng.choice(found), number, round.folder)


def resume(round):
    """A resume to a later end is killed again and again: it ends as the longer experiment does."""
    experiment, longer = round.experiments["one"], round.experiments["longer"]
    round.copy_complete(experiment)
    end = FINISHED.format(8)
    told = Prefixes(round.folder)
    for _ in range(round.rng.randrange(1, 5)):
        (run,) = runs_below(round.folder)
        told.look()
        disturb(round, longer, ("resume", str(round.folder / run), end))
        check_not_wrong(round)
    (run,) = runs_below(round.folder)
    is_renamed = run == longer.runs[0]
    words = longer.words if is_renamed and round.rng.random() < 0.5 else ("resume", str(round.folder / run), end)
    go_on_to_the_end(round, longer, words)
    told.check()
    check_same(round.folder, longer)


def check_not_wrong(round):
    """Nothing is complete that has not come to its end, whatever is found."""
    for run in runs_below(round.folder):
        metadata = json.loads((round.folder / run / "metadata.json").read_text())
        if metadata["status"] == "completed":
            wanted = metadata["config"]["stopping"]["max_num_trials_finished"]["count"]
            found = metadata["n_completed"] + metadata["n_failed"]
            require(found >= wanted, f"{run} is complete with {found} trials of {wanted}")
            require(run.name.endswith(metadata["hash"]), f"{run} is complete under another name")


KINDS = {
    "kill tuner": tuner,
    "kill sweep": sweep,
    "kill workers": workers,
    "kill trials": trials,
    "kill resume": resume,
}
