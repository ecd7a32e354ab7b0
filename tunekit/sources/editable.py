"""Folders of projects that are installed where they are worked on (``pip install -e``): what is in them is local."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterable, Iterator

OURS = os.path.abspath(os.path.join(__file__, "../../.."))  # a clone of it is no program's


def editable_folders(programs: Iterable[str], here: str, search: str | None) -> Iterator[str]:
    """The folders that the environments of programs add to the path of their Python, in files that end in ``.pth``.

    Args:
        programs: As they stand in a command: Pythons, and console scripts, which lie beside one.
        here: The folder that the command runs in.
        search: Where programs are looked for that are typed without a folder, as in ``PATH``.
    """
    environments = dict.fromkeys(filter(None, (_environment(program, here, search) for program in programs)))
    for environment in environments:
        for file in sorted(glob.glob(f"{glob.escape(environment)}/lib/python*/site-packages/*.pth")):
            yield from _folders_in(file)


def _environment(program: str, here: str, search: str | None) -> str | None:
    path = os.path.join(here, program) if os.path.dirname(program) else shutil.which(program, path=search)
    return None if path is None else os.path.dirname(os.path.dirname(os.path.abspath(path)))


def _folders_in(file: str) -> Iterator[str]:
    try:
        with open(file, encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                if not line.startswith(("#", "import ", "import\t")):
                    folder = os.path.abspath(os.path.join(os.path.dirname(file), line.strip()))
                    if line.strip() and folder != OURS and os.path.isdir(folder):
                        yield folder
    except OSError:
        return
