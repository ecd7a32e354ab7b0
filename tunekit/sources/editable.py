"""Projects that are installed where they are worked on (``pip install -e``): what is in them is local."""

from __future__ import annotations

import ast
import glob
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import attrs

from tunekit.sources.content import Identity, identity, kept, read

FINDER = "__editable___*_finder.py"  # what setuptools writes unless all modules of a project lie below one folder
MAPPING = "MAPPING"  # the variable in it


@attrs.frozen
class Editable:
    """Where modules are found beside the folder of a program.

    Attributes:
        folders: On the path, in order.
        modules: Where modules and packages lie that are on no path, without a suffix, by their dotted names.
    """

    folders: Sequence[str]
    modules: Mapping[str, str]

    def after(self, folders: Iterable[str]) -> Editable:
        """The same after other folders."""
        return attrs.evolve(self, folders=[*folders, *self.folders])


def editable_projects(programs: Iterable[str], here: str, search: str | None) -> Editable:
    """What the environments of programs add for their Python: in files that end in ``.pth``, and by finders.

    Args:
        programs: As they stand in a command: Pythons, and console scripts, which lie beside one.
        here: The folder that the command runs in.
        search: Where programs are looked for that are typed without a folder, as in ``PATH``.
    """
    folders: list[str] = []
    modules: dict[str, str] = {}
    for environment in dict.fromkeys(filter(None, (_environment(program, here, search) for program in programs))):
        packages = f"{glob.escape(environment)}/lib/python*/site-packages"
        for file in sorted(glob.glob(f"{packages}/*.pth")):
            folders += _folders_in(file)
        for file in sorted(glob.glob(f"{packages}/{FINDER}")):
            found = identity(file)
            modules = {**(kept(_modules_in, file, found) if found is not None else {}), **modules}
    return Editable(folders, modules)


def _environment(program: str, here: str, search: str | None) -> str | None:
    path = os.path.join(here, program) if os.path.dirname(program) else shutil.which(program, path=search)
    return None if path is None else os.path.dirname(os.path.dirname(os.path.abspath(path)))


def _folders_in(file: str) -> Iterator[str]:
    try:
        with open(file, encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                if not line.startswith(("#", "import ", "import\t")):
                    folder = os.path.abspath(os.path.join(os.path.dirname(file), line.strip()))
                    if line.strip() and os.path.isdir(folder):
                        yield folder
    except OSError:
        return


@lru_cache(maxsize=2**10)
def _modules_in(file: str, identity_of_file: Identity) -> dict[str, str]:
    """What a finder maps; nothing if it is written otherwise."""
    try:
        statements = ast.parse(read(file) or b"").body
        values = [
            each.value for each in statements if isinstance(each, ast.Assign | ast.AnnAssign) and _is_mapping(each)
        ]
        found = ast.literal_eval(values[0]) if values and values[0] is not None else {}
    except (SyntaxError, ValueError):
        return {}
    are_texts = isinstance(found, dict) and all(isinstance(each, str) for each in (*found, *found.values()))
    return found if are_texts else {}


def _is_mapping(statement: ast.Assign | ast.AnnAssign) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return any(isinstance(target, ast.Name) and target.id == MAPPING for target in targets)
