"""Files of experiments are damaged in every way, when these are complete, were interrupted, or run.

Whatever is read back is right or one clear error; the sweep has its answer; what held results is set aside, not lost;
and what was not damaged stays as it is.
"""

import json
import os
import re
import shlex
import shutil
import signal
import stat

from tests.campaign.checks import check_same, require, table
from tests.campaign.experiments import without_traceback
from tests.campaign.kills import check_answer, wait_for_moment
from tests.campaign.processes import wait_until_none

NAMES = (
    *("metadata.json", "results.csv.zip", "events.jsonl", "config.json", "spec.json", "reports.jsonl", "exit.json"),
    *("process.jsonl", ".lock", "index.csv", "function.pickle"),
)
OF_A_RUN = ("metadata.json", "results.csv.zip", "events.jsonl")  # what holds results, or says what they are
OTHER = (b"{}", b"[]", b"null", b'{"format": 99}', b"\n", b"x,y\n1,2\n", b"PK\x03\x04", b"\xff\xfe\x00", b"\0" * 70_000)


def cut(path, rng):
    data = path.read_bytes()
    path.write_bytes(data[: rng.randrange(len(data) + 1)])


def empty(path, rng):
    path.write_bytes(b"")


def flip(path, rng):
    data = bytearray(path.read_bytes())
    for _ in range(min(len(data), rng.choice((1, 1, 3, 20)))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def replace(path, rng):
    path.write_bytes(rng.choice(OTHER))


def append(path, rng):
    path.write_bytes(path.read_bytes() + rng.choice(OTHER))


def make_folder(path, rng):
    path.unlink()
    path.mkdir()
    if rng.random() < 0.5:
        (path / "something").write_text("in it")


def make_link(path, rng):
    path.unlink()
    path.symlink_to(rng.choice(("/nowhere/at/all", path.name, "/dev/null", "/dev/full", ".")))


def make_pipe(path, rng):
    path.unlink()
    os.mkfifo(path)


def remove(path, rng):
    path.unlink()


WAYS = (cut, empty, flip, flip, replace, append, make_folder, make_link, make_pipe, remove)


def choose(round):
    """A file of one of the experiments, of a kind that was drawn, or ``None`` if there is none yet."""
    found = files(round, f"results/**/{round.rng.choice(NAMES)}")
    if not found:
        found = files(round, f"results/*/*/*/{round.rng.choice(OF_A_RUN)}")
    return round.rng.choice(found) if found else None


def files(round, pattern):
    """Regular files alone: a pipe in the place of one would be waited for."""
    found = sorted(round.folder.glob(pattern))
    return [path for path in found if path.is_file() and not path.is_symlink()]


def damage(round, path):
    """Damage a file; what is in it now, if it still is a file."""
    way = round.rng.choice(WAYS)
    way(path, round.rng)
    round.note(f"{way.__name__} {path.relative_to(round.folder)}")
    is_file = os.path.lexists(path) and stat.S_ISREG(os.lstat(path).st_mode)
    return path.read_bytes() if is_file else None


def complete(round):
    """One or several files of complete experiments."""
    experiment = round.experiments[round.rng.choice(("one", "asha", "function", "sweep", "sweep", "scripts"))]
    round.note(f"{experiment.name}, complete")
    round.copy_complete(experiment)
    damage_and_see(round, experiment)


def interrupted(round):
    """Files of an experiment that was killed."""
    experiment = round.experiments[round.rng.choice(("one", "asha", "function", "scripts"))]
    round.note(f"{experiment.name}, killed")
    command = round.start(experiment.words)
    wait_for_moment(round, experiment, command)
    command.send(signal.SIGKILL)
    command.finish()
    wait_until_none(round.folder)
    damage_and_see(round, experiment)


def running(round):
    """Files of an experiment that runs: it ends with a status and a line, and then comes to its end."""
    experiment = round.experiments[round.rng.choice(("one", "asha", "function", "scripts"))]
    round.note(f"{experiment.name}, running")
    command = round.start(experiment.words)
    wait_for_moment(round, experiment, command)
    path = choose(round)
    try:
        if path is not None:
            damage(round, path)
    except OSError as error:  # it was renamed or removed in that moment
        round.note(str(error))
    finished = command.finish()
    without_traceback(finished)
    require(finished.status in (0, 1, 2), f"status {finished.status}: {finished.told[-2000:]}")
    wait_until_none(round.folder)
    go_on(round, experiment, damaged=[path])  # it may have come to its end without reading what was damaged


def damage_and_see(round, experiment):
    """Damage up to two files, read what is there, and type the command again."""
    untouched = {path: path.read_bytes() for path in _results_of(round)}
    complete = {each.parent for each in round.folder.glob("results/*/*/*/metadata.json") if is_complete(each)}
    damaged, damaged_when_complete = [], []
    for _ in range(round.rng.choice((1, 1, 2))):
        path = choose(round)
        if path is None:
            continue
        now = damage(round, path)
        if path.parent in complete:
            damaged_when_complete.append(path)
        hurt = path.parent if path.name in OF_A_RUN else None
        untouched = {each: data for each, data in untouched.items() if each.parent != hurt}
        if now is not None and path.name in ("results.csv.zip", "events.jsonl", "reports.jsonl"):
            damaged = [each for each in damaged if each[0] != path] + [(path, now)]
    for run in experiment.runs:
        if (round.folder / run).exists():
            check_read(round, round.folder / run, experiment, run)
    go_on(round, experiment, damaged=damaged_when_complete)
    for path, now in damaged:
        check_kept(round, path, now)
    for path, data in untouched.items():
        require(path.read_bytes() == data, f"{path} was not damaged, and is not as it was")


def is_complete(metadata):
    return json.loads(metadata.read_text())["status"] == "completed"


def _results_of(round):
    return sorted(round.folder.glob("results/*/*/*/results.csv.zip"))


def check_read(round, folder, experiment, run):
    """What is read of it is a beginning of what the undisturbed one has, or one line of an error."""
    metric = "metric_valid_loss" if experiment.is_simulated else "loss"
    resource = "hp_epoch" if experiment.is_simulated else "epoch"
    finished = round.run((str(round.place.program / "read.py"), str(folder), metric, resource))
    if finished.status == 1:
        require(len(finished.err.strip().splitlines()) == 1, f"an error of several lines: {finished.err}")
        return
    require(finished.status == 0, f"reading ends with status {finished.status}: {finished.told[-2000:]}")
    status, *lines = finished.out.splitlines()
    header, *rows = table((experiment.undisturbed / run / "results.csv.zip").read_bytes())
    columns = [header.index(name) for name in ("trial_id", metric, resource)]
    wanted = [[float(row[i]) for i in columns] for row in rows]
    found = [[*map(float, line.split())] for line in lines]
    require(found == wanted[: len(found)], f"what is read of {folder} is wrong: {status}")
    if status.startswith("completed"):
        require(len(found) == len(wanted), f"{folder} is read as complete with {len(found)} rows of {len(wanted)}")


def go_on(round, experiment, *, damaged=()):
    """Type the command again, and what it says is to be typed, until it comes to its end."""
    words, tried = experiment.words, []
    for _ in range(4):
        finished = round.run(words)
        if finished.status == 0 and words == experiment.words:
            check_same(round.folder, experiment, damaged=damaged)
            check_answer(round, experiment)
            return
        require(finished.status in (0, 1, 2), f"status {finished.status}: {finished.told[-2000:]}")
        tried.append(finished.told[-1500:])
        if finished.status == 0:
            words = experiment.words
            continue
        advice = re.findall(r"python -m tunekit (resume \S+ --up-to-damage)", finished.told)
        anew = re.findall(r"experiment_tag=[\w.-]+", finished.told)
        if advice:
            words = (*shlex.split(advice[0]),)
            round.note("--up-to-damage")
        elif anew:
            round.note("anew")
            check_anew(round, experiment, anew[0].rstrip("."))
            return
        else:
            words = experiment.words  # a second time
            remove_locks_that_are_none(round)
    require(False, f"it does not come to its end: {tried}")


def remove_locks_that_are_none(round):
    """What stands in the place of a lock and is no file is removed by hand, once an error has named it."""
    for lock in round.folder.glob("results/*/*/*/.lock"):
        if lock.is_dir() and not lock.is_symlink():
            shutil.rmtree(lock)
        elif not lock.is_file():
            lock.unlink()


def check_anew(round, experiment, tag):
    """Begun anew beside it, as its last line says, it comes to its end."""
    if experiment.is_function:
        finished = round.run((experiment.words[0], *experiment.words[1:], tag))
    else:
        finished = round.run((*experiment.words, tag))
    require(finished.status == 0, f"anew: status {finished.status}: {finished.told[-2000:]}")


def check_kept(round, path, now):
    """The bytes of a damaged file that held results are somewhere, whole or in two parts.

    A last line of a record without its end tells nothing, and is removed.
    """
    if path.name == "events.jsonl":
        now = now[: now.rfind(b"\n") + 1]
    if not now.strip(b"\0\n"):
        return
    files = [each for each in round.folder.glob("results/**/*") if each.is_file() and not each.is_symlink()]
    contents = [each.read_bytes() for each in files if each.name.startswith(path.name)]
    if any(each.startswith(now) for each in contents):
        return
    if any(now.endswith(each) and _begins(contents, now[: -len(each)]) for each in contents if each):
        return
    require(False, f"what was in {path} ({len(now)} bytes, {now[:60]!r}) is nowhere")


def _begins(contents, first):
    return any(each.startswith(first) for each in contents)


KINDS = {"damage complete": complete, "damage interrupted": interrupted, "damage running": running}
