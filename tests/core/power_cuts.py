"""Records what a program does to a folder, and rebuilds what a power cut at any moment may leave of it.

Nothing is promised of a file but what was synced, and of a folder neither: an entry that was made, renamed or removed
may be there or not until the folder is synced, whatever became of others, and so may each piece of a file.
"""

import builtins
import os
import stat
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest

from tunekit_core.records.appended_file import AppendedFile

FOLDER = b"(a folder)"


@attrs.frozen
class Entries:
    """Entries that changed together: by path what stands there, or ``None``."""

    changes: dict


@attrs.frozen
class Data:
    """Bytes that were written to a file, after so many that stay; what was behind those is gone."""

    file: int
    at: int
    content: bytes


@attrs.frozen
class Sync:
    """A file is synced, or a folder, which is named by its path."""

    what: object


class Disk:
    """Sees what becomes of a folder.

    Attributes:
        steps: What happened.
        appended: Before each line that is appended to a file, the number of steps so far, and the time.
    """

    def __init__(self, root, clock):
        self.root = root
        self.clock = clock
        self.steps = []
        self.appended = []
        self._known = {}  # by path: number of the file, and content
        self._numbers = {}  # by inode
        self._n_files = 0
        self._folders = set()
        self.look()
        self.at_first = len(self.steps)  # what was there before is safe

    @contextmanager
    def recording(self):
        """What happens meanwhile is recorded."""
        with pytest.MonkeyPatch.context() as patch:
            for owner, name in [
                (builtins, "open"),
                (os, "replace"),
                (Path, "mkdir"),
                (Path, "unlink"),
                (Path, "write_text"),
                (AppendedFile, "append"),
            ]:
                patch.setattr(owner, name, self._watched(getattr(owner, name)))
            patch.setattr(os, "fsync", self._fsync)
            append = AppendedFile.append

            def noted(file, data):
                self.appended.append((len(self.steps), self.clock()))
                append(file, data)

            patch.setattr(AppendedFile, "append", noted)
            yield
        self.look()

    def look(self):
        """Note what has changed since the last look, made of it by whatever call."""
        found = {}
        for path in [self.root, *sorted(self.root.rglob("*"))]:
            status = os.lstat(path)
            is_folder = stat.S_ISDIR(status.st_mode)
            found[path] = status.st_ino, FOLDER if is_folder else path.read_bytes()
        inodes = {inode for inode, _ in found.values()}
        self._numbers = {inode: number for inode, number in self._numbers.items() if inode in inodes}
        now = {}
        for path, (inode, content) in found.items():
            if inode not in self._numbers:
                self._n_files += 1
                self._numbers[inode] = self._n_files
            now[path] = self._numbers[inode], content
        self._note(now)
        self._known = now

    def _note(self, now):
        before = {number: content for number, content in self._known.values()}
        for number, content in now.values():
            old = before.get(number, b"")
            if content == FOLDER:
                self._folders.add(number)
            elif content != old:
                at = _n_equal(old, content)
                self.steps.append(Data(number, at, content[at:]))
        changed = {path: number for path, (number, _) in now.items() if self._known.get(path, (None,))[0] != number}
        gone = [path for path in self._known if path not in now]
        for path, number in changed.items():
            source = [each for each in gone if self._known[each][0] == number]
            gone = [each for each in gone if each not in source]
            self.steps.append(Entries({path: number, **dict.fromkeys(source)}))
        self.steps.extend(Entries({path: None}) for path in gone)

    def _watched(self, call):
        def watched(*arguments, **more):
            self.look()
            try:
                return call(*arguments, **more)
            finally:
                self.look()

        return watched

    def _fsync(self, file):
        self.look()
        status = os.fstat(file)
        number = self._numbers[status.st_ino]
        paths = {path for path, (each, content) in self._known.items() if each == number and content == FOLDER}
        self.steps.append(Sync(paths.pop() if paths else number))

    def states(self, n_steps, rng):
        """What may be found after a power cut when so many steps were made: name and content by path."""
        steps = self.steps[:n_steps]
        is_safe = [self._is_safe(position, steps) for position in range(n_steps)]

        def some(step):
            return rng.random() < 0.5

        yield "lost", self._built(steps, is_safe, lambda step: False)
        yield "kept", self._built(steps, is_safe, lambda step: True)
        yield "entries alone", self._built(steps, is_safe, lambda step: isinstance(step, Entries))
        yield "zeros", self._built(steps, is_safe, lambda step: isinstance(step, Entries), zeros=True)
        yield "data alone", self._built(steps, is_safe, lambda step: isinstance(step, Data))
        for _ in range(4):
            yield "some", self._built(steps, is_safe, some)

    def _is_safe(self, position, steps):
        step, synced = steps[position], {each.what for each in steps[position:] if isinstance(each, Sync)}
        if position < self.at_first or isinstance(step, Sync):
            return True
        if isinstance(step, Data):
            return step.file in synced
        return all(path.parent in synced for path in step.changes)

    def _built(self, steps, is_safe, keeps, *, zeros=False):
        entries, contents = {}, {}
        cut = set()  # files of which a piece is missing: nothing that follows it can be there at its place
        for step, safe in zip(steps, is_safe, strict=True):
            if isinstance(step, Sync):
                continue
            is_kept = safe or keeps(step)
            if isinstance(step, Entries) and is_kept:
                entries |= step.changes
            elif isinstance(step, Data) and step.file not in cut:
                if is_kept or zeros:
                    content = step.content if is_kept else b"\0" * len(step.content)
                    contents[step.file] = contents.get(step.file, b"")[: step.at] + content
                else:
                    cut.add(step.file)
        there = {}
        for path, number in sorted(entries.items()):
            if number is not None and (path == self.root or path.parent in there):
                there[path] = FOLDER if number in self._folders else contents.get(number, b"")
        return {path: content for path, content in there.items() if path != self.root}


def _n_equal(first, second):
    """So many bytes at the beginning are the same."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(first), len(second)))


def rebuild(state, root, target):
    """Make a folder of what was found in another."""
    target.mkdir()
    for path, content in state.items():
        place = target / path.relative_to(root)
        if content == FOLDER:
            place.mkdir()
        else:
            place.write_bytes(content)
