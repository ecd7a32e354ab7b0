"""Makes ``checkpoint/`` from a version of it, whole or not at all, and becomes the command of the trial.

``begin_from.py VERSION CHECKPOINT COMMAND …`` runs as the trial, under its supervisor and within its time limit, so
that a checkpoint of many gigabytes does not hold up the tuner. It needs only the standard library. Cut off at any
moment it leaves the old ``checkpoint/``, the new one, or none, and only the new one is written down as taken.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import sys

TAKEN = "taken.json"  # beside the versions


def fingerprint(folder: str) -> str:
    """What tells a folder from one that was written to since: names, sizes and times of its files."""
    found = []
    for parent, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(parent, name)
            status = os.lstat(path)
            found.append([os.path.relpath(path, folder), status.st_size, status.st_mtime_ns])
    return hashlib.sha256(json.dumps(sorted(found)).encode()).hexdigest()


def check_is_file(path: str) -> None:
    """See that there is nothing to read without an end, as from a device, or to wait for, as for a pipe.

    Raises:
        OSError: If it is no regular file.
    """
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise OSError(f"{path} is no regular file, and checkpoints consist of these")


def make_checkpoint(version: str, checkpoint: str) -> None:
    """Put a copy of a version in place of ``checkpoint/``.

    Raises:
        OSError: If it cannot be copied, such as for want of room.
    """
    home, name = os.path.split(checkpoint)
    part, old = (os.path.join(home, f".{name}.{state}") for state in ("part", "old"))
    for left in (part, old):
        shutil.rmtree(left, ignore_errors=True)
    if os.path.islink(version):
        raise OSError(f"{version} is a link")
    shutil.copytree(version, part, symlinks=True, copy_function=_copy)
    if os.path.lexists(checkpoint):
        os.rename(checkpoint, old)
    os.rename(part, checkpoint)
    versions, resource = os.path.split(version)
    taken = {"resource": int(resource), "fingerprint": fingerprint(checkpoint)}
    temporary = os.path.join(versions, f".{TAKEN}")
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(taken, file)
    os.replace(temporary, os.path.join(versions, TAKEN))
    shutil.rmtree(old, ignore_errors=True)


def _copy(source: str, target: str) -> None:
    check_is_file(source)
    shutil.copy2(source, target)


def main(version: str, checkpoint: str, *command: str) -> None:
    """Make the checkpoint and run the command in place of this process."""
    try:
        make_checkpoint(version, checkpoint)
    except (OSError, RecursionError) as error:  # folders in folders, by the thousand
        sys.exit(f"The checkpoint {version} cannot be copied: {error}")
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"The command {command[0]!r} cannot be run: {error.strerror}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
