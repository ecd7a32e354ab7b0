"""The disk is full, has no inodes left, or files may not grow: nothing is lost, and with room it goes on to the end."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.campaign.checks import check_equal, check_whole, require
from tests.campaign.experiments import runs_below
from tests.campaign.kills import go_on_to_the_end
from tests.campaign.processes import wait_until_none
from tunekit_core import load_experiment

PAGE = 4096
# In a namespace of mounts of its own, which ends with it: the command on a small disk, then the same with room.
ON_A_SMALL_DISK = """
mount -t tmpfs -o "$1" campaign results || exit 99
shift
"$@"
first=$?
mount -o remount,size=64m,nr_inodes=20000 results || exit 98
"$@"
echo "statuses $first $?"
cp -a results/. kept
"""


class Skipped(Exception):
    """It cannot be tried here; the text says why."""


def check_end(finished):
    require(finished.status in (0, 1, 2), f"without room: status {finished.status}: {finished.told[-2000:]}")


def small_files(round):
    """No file can grow beyond a size (RLIMIT_FSIZE): what could not be written is an error of one line."""
    experiment = round.experiments[round.rng.choice(("one", "asha", "sweep", "function"))]
    largest = max(path.stat().st_size for path in experiment.undisturbed.glob("results/**/*") if path.is_file())
    size = int(largest * round.rng.random() ** 2)
    round.note(f"{experiment.name}, at most {size} of {largest} bytes")
    finished = round.run(experiment.words, largest=size)
    check_end(finished)
    wait_until_none(round.folder)
    go_on_to_the_end(round, experiment, experiment.words)
    check_came_to_its_end(round.folder, experiment)


def small_disk(round):
    """A disk of a few pages, or of a few inodes: the same command with room again comes to its end."""
    if (reason := why_not()) is not None:
        raise Skipped(reason)
    experiment = round.experiments[round.rng.choice(("one", "asha", "sweep", "function"))]
    paths = [*experiment.undisturbed.glob("results/**/*")]
    if round.rng.random() < 0.5:
        n_pages = sum(path.stat().st_size // PAGE + 1 for path in paths)
        options = f"size={PAGE * round.rng.randrange(1, n_pages + 2)},nr_inodes=20000"
    else:
        options = f"size=64m,nr_inodes={round.rng.randrange(2, len(paths) + 3)}"
    round.note(f"{experiment.name}, {options}")
    for name in ("results", "kept"):
        (round.folder / name).mkdir()
    around = ("unshare", "--mount", "--propagation", "private", "sh", "-c", ON_A_SMALL_DISK, "sh", options)
    finished = round.run(experiment.words, around=around)
    statuses = finished.out.rpartition("statuses ")[2].split()
    require(finished.status == 0 and len(statuses) == 2, f"status {finished.status}: {finished.told[-2000:]}")
    first, second = map(int, statuses)
    require(first in (0, 1, 2), f"without room: status {first}: {finished.told[-2000:]}")
    require(second == 0, f"with room again: status {second}: {finished.told[-3000:]}")
    wait_until_none(round.folder)
    shutil.rmtree(round.folder / "results")
    (round.folder / "kept").rename(round.folder / "results")
    check_came_to_its_end(round.folder, experiment)


def check_came_to_its_end(folder, experiment):
    """Trials whose own files could not be written have failed; all else is as it should be."""
    runs = runs_below(folder)
    require(runs == experiment.runs, f"runs are {[*map(str, runs)]}")
    for run in runs:
        check_whole(folder / run)
        if experiment.is_exact and load_experiment(folder / run).metadata["n_failed"] == 0:
            check_equal(folder / run, experiment.undisturbed / run, is_simulated=experiment.is_simulated)


@cache
def why_not():
    """Why no file system can be mounted here; ``None`` if one can."""
    if os.geteuid() != 0:
        return "only root may mount a file system"
    if shutil.which("unshare") is None:
        return "there is no unshare"
    words = ["unshare", "--mount", "--propagation", "private", "mount", "-t", "tmpfs", "campaign", str(Path("/mnt"))]
    tried = subprocess.run(words, capture_output=True, text=True)
    return None if tried.returncode == 0 else f"nothing can be mounted: {tried.stderr.strip()}"


KINDS = {"files that cannot grow": small_files, "full disk": small_disk}
