"""The one rule of what is installed, and therefore not the user's own: known by its version, not by its content."""

from __future__ import annotations

import os
import re
import site
import sysconfig
from functools import lru_cache

import tunekit_core

INTERPRETER = re.compile(r"(python|pypy)\d*(\.\d+)*[dmtw]?(-dbg)?")

_SYSTEM = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")
_LIBRARY = re.compile(r"(python|pypy)\d+(\.\d+)*t?")  # of an installation of Python, below its lib
# A folder called site-packages elsewhere may be anybody's.
_INSTALLATION = re.compile(
    rf"/lib(64)?/(?P<library>{_LIBRARY.pattern}(?=/|$)|python(?=/(site|dist)-packages(/|$)))(/(site|dist)-packages(?=/|$))?"
)
# Its version is recorded, and a clone of it is edited all the time.
_OWN = {
    os.path.dirname(os.path.dirname(os.path.realpath(__file__))),  # tunekit, without an import that would go upwards
    os.path.dirname(os.path.realpath(str(tunekit_core.__file__))),
}
_OF_THIS_PYTHON = [
    *map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib")),
    *site.getsitepackages(),
    site.getusersitepackages(),
]
_FOLDERS = _OWN.union(map(os.path.realpath, _OF_THIS_PYTHON))


@lru_cache(maxsize=2**14)
def is_installed(path: str) -> bool:
    """Whether a module or a folder belongs to Python or lies where packages are installed, by pip or by the system.

    A link decides by where it leads: to a project that is worked on, from among the packages, or to packages that lie
    elsewhere, from where they are looked for.

    Args:
        path: Absolute.
    """
    found = _INSTALLATION.search(path)
    if found is not None and not _is_linked_folder(path, found.end()):
        return True
    real = os.path.realpath(path)
    return _INSTALLATION.search(real) is not None or any(
        real == folder or real.startswith(f"{folder}/") for folder in _FOLDERS
    )


def is_own(folder: str) -> bool:
    """Whether a folder is that of a package of tunekit itself."""
    return os.path.realpath(folder) in _OWN


def holds_installed(folder: str) -> bool:
    """Whether a folder is itself one in which Python finds what is installed."""
    found = _INSTALLATION.search(folder)
    return (found is not None and found.end() == len(folder)) or os.path.realpath(folder) in _FOLDERS - _OWN


def is_installed_program(path: str) -> bool:
    """Whether a program is one of the system or of an installation of Python.

    Interpreters are: what they are does not belong to the program. A program of the user's may lie in any folder but
    those of the system and those beside Python's own ``lib/python3.11``, as environments have them.
    """
    folder, name = os.path.split(os.path.abspath(path))
    if INTERPRETER.fullmatch(name) or folder in _SYSTEM:
        return True
    if os.path.basename(folder) != "bin":
        return False
    try:
        beside = os.listdir(os.path.join(os.path.dirname(folder), "lib"))
    except OSError:
        return False
    return any(_LIBRARY.fullmatch(each) for each in beside)


def _is_linked_folder(path: str, end: int) -> bool:
    """Whether what lies directly in a folder of packages, which ends at a place in the path, is a link to a folder."""
    entry = path[: (path + "/").index("/", min(end + 1, len(path)))]
    return len(entry) > end and os.path.islink(entry) and os.path.isdir(entry)
