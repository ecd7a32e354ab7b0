"""One rule of what is installed, for the modules of programs and of functions alike."""

import importlib
import json
import os
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tunekit.functions.canonical import digest_of_function, parts_of_function
from tunekit.sources import sources_of
from tunekit.sources.installed import holds_installed, is_installed, is_installed_program
from tunekit_core import Script

SITE = "env/lib/python3.11/site-packages"


def write(files, folder):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


@pytest.mark.parametrize(
    "file",
    [
        json.__file__,
        pytest.__file__,
        os.path.join(sysconfig.get_path("purelib"), "any.py"),
        "/usr/lib/python3.11/json/__init__.py",
        "/usr/lib64/python3.12/site-packages/a.py",
        "/usr/lib/python3/dist-packages/a.py",
        "/usr/local/lib/python3.11/dist-packages/a/b.py",
        "/home/me/.local/lib/python3.10/site-packages/a.py",
        "/home/me/Library/Python/3.11/lib/python/site-packages/a.py",
        "/home/me/project/.venv/lib/python3.11/site-packages/a.py",
        "/home/me/project/.venv/lib64/python3.13t/site-packages/a.py",
        "/opt/pypy/lib/pypy3.10/site-packages/a.py",
        "/home/me/site-packages/project/.venv/lib/python3.11/site-packages/a.py",
        "/usr/lib/python3.11/site-packages/a-1.0-py3.11.egg/a/b.py",
        "/usr/lib/python3.11/site-packages/a-1.0-py3.11.egg",
    ],
)
def test_what_lies_in_an_installation_of_python_is_installed(file):
    assert is_installed(file)


@pytest.mark.parametrize(
    "file",
    [
        "/home/me/project/a.py",
        "/home/me/project/lib/a.py",
        "/home/me/project/lib/python/a.py",
        "/home/me/project/python3.11/a.py",
        "/home/me/project/venv.py",
        "/home/me/site-packages/a.py",
        "/home/me/site-packages/project/a.py",
        "/home/me/dist-packages/project/a.py",
        "/home/me/lib/python3.11.backup/a.py",
        "/home/me/lib/python3-project/a.py",
        "/home/me/lib/python/site-packages.old/a.py",
        "/home/me/libraries/a.zip/a.py",
        "/home/me/a-1.0-py3.11.egg/a.py",
    ],
)
def test_what_lies_elsewhere_is_not(file):
    assert not is_installed(file)


def test_a_link_decides_by_where_it_leads(tmp_path):
    write({f"{SITE}/a/b.py": "", "project/c.py": "", "other/a/b.py": "", f"{SITE}/cached.py": ""}, tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "project")
    assert not is_installed(str(tmp_path / "link/c.py"))
    (tmp_path / SITE / "worked_on").symlink_to(tmp_path / "project")
    assert not is_installed(str(tmp_path / SITE / "worked_on/c.py"))
    (tmp_path / "to_installed").symlink_to(tmp_path / SITE)
    assert is_installed(str(tmp_path / "to_installed/a/b.py"))
    (tmp_path / SITE / "one.py").symlink_to(tmp_path / "other/a/b.py")  # as installers link to what they keep
    assert is_installed(str(tmp_path / SITE / "one.py"))
    (tmp_path / "small/lib/python3.11").mkdir(parents=True)
    (tmp_path / "small/lib/python3.11/site-packages").symlink_to(tmp_path / "other")  # as where home is small
    assert is_installed(str(tmp_path / "small/lib/python3.11/site-packages/a/b.py"))


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("/usr/lib/python3.11", True),
        ("/usr/lib/python3/dist-packages", True),
        ("/home/me/.venv/lib/python3.11/site-packages", True),
        ("/home/me/.venv/lib/python3.11/site-packages/plugin", False),
        ("/home/me/site-packages", False),
        ("/home/me", False),
    ],
)
def test_folders_in_which_python_finds_what_is_installed(folder, expected):
    assert holds_installed(folder) is expected


def test_programs_of_the_system_and_of_environments_are_installed(tmp_path):
    write({"env/bin/torchrun": "", "env/lib/python3.11/x": "", "own/bin/run": "", "own/lib/python/x": ""}, tmp_path)
    assert is_installed_program(str(tmp_path / "env/bin/torchrun"))
    assert is_installed_program(str(tmp_path / "anywhere/python3.11"))
    assert is_installed_program("/usr/bin/env")
    assert not is_installed_program(str(tmp_path / "own/bin/run"))


PROJECTS = {
    "a project": ("project", {"train.py": "import a", "a.py": ""}, {"a.py"}),
    "one in a folder called site-packages": ("site-packages/project", {"train.py": "import a", "a.py": ""}, {"a.py"}),
    "one with its environment inside": (
        ".",
        {"train.py": "import a, b", "a.py": "", f".venv{SITE[3:]}/b.py": ""},
        {"a.py"},
    ),
    "a namespace that is partly installed": (
        ".",
        {"train.py": "import space.a, space.b", "space/a.py": "", f".venv{SITE[3:]}/space/b.py": ""},
        {"space/a.py"},
    ),
}


@pytest.mark.parametrize(("folder", "files", "expected"), PROJECTS.values(), ids=PROJECTS)
@pytest.mark.parametrize("is_linked", [False, True])
def test_programs_and_functions_count_the_same_modules(folder, files, expected, is_linked, tmp_path, monkeypatch):
    write(files, tmp_path / "real" / folder)
    project = tmp_path / "real" / folder
    if is_linked:
        (tmp_path / "link").symlink_to(project)
        project = tmp_path / "link"
    packages = project / f".venv{SITE[3:]}"
    script = Script(("python", "train.py"), project, {"PYTHONPATH": str(packages)})
    assert set(sources_of(script).digests) == {"train.py", *expected}
    assert files_of_function(files["train.py"], monkeypatch, project, packages) == expected


def files_of_function(imports, monkeypatch, *folders):
    """Names of the files that count of a function which imports modules from folders, when it is called."""
    for folder in reversed(folders):
        monkeypatch.syspath_prepend(folder)
    namespace = {"__name__": "__main__"}
    exec(f"def f(x):\n    {imports}\n    return x", namespace)
    found = {file.name for file in parts_of_function(namespace["f"], "f").files.files}
    assert digest_of_function(namespace["f"])
    importlib.invalidate_caches()
    return found


def test_tunekit_itself_is_no_part_of_a_program_or_a_function_even_in_its_clone(monkeypatch):
    clone = Path(__file__).parents[2]
    script = Script(("python", "-c", "import tunekit, tunekit_core.space"), clone)
    assert sources_of(script).digests == {}
    assert files_of_function("import tunekit, tunekit_core.space", monkeypatch, clone) == set()


def test_a_module_of_that_name_that_is_the_users_own_is_counted(tmp_path):
    write({"train.py": "import tunekit", "tunekit.py": ""}, tmp_path)
    assert set(sources_of(Script(("python", "train.py"), tmp_path)).digests) == {"train.py", "tunekit.py"}


def test_an_archive_on_the_path_is_counted_as_a_whole(tmp_path, monkeypatch):
    write({"train.py": "import packed"}, tmp_path)
    digests = []
    for content in ("x = 1", "x = 2"):
        with zipfile.ZipFile(tmp_path / "libraries.zip", "w") as archive:
            archive.writestr("packed/__init__.py", content)
            archive.writestr("packed/inner.py", "")
        script = Script(("python", "train.py"), tmp_path, {"PYTHONPATH": "libraries.zip"})
        assert set(sources_of(script).digests) == {"train.py", "libraries.zip"}
        digests.append(sources_of(script).digests["libraries.zip"])
    assert digests[0] != digests[1]
    assert files_of_function("import packed.inner", monkeypatch, tmp_path / "libraries.zip") == {"libraries.zip"}


FINDER = """from __future__ import annotations
import sys

MAPPING: dict[str, str] = {}
NAMESPACES: dict[str, list[str]] = {'space': []}


class _EditableFinder:
    pass
"""


def test_a_project_that_is_installed_with_a_finder_is_counted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mapping = {"package": "work/src/core", "module": "work/module", "space.inner": "work/inner", "gone": "work/gone"}
    absolute = {name: str(tmp_path / path) for name, path in mapping.items()}
    write(
        {
            f"{SITE}/__editable___project_1_0_finder.py": FINDER.replace("= {}", f"= {absolute!r}"),
            f"{SITE}/__editable___broken_1_0_finder.py": "MAPPING = {1: f()}\nMAPPING = ",
            f"{SITE}/__editable___other_1_0_finder.py": "MAPPING = [1]",
            "env/bin/python": "",
            "train.py": "import package.a, module, gone\nfrom space.inner import b",
            "work/src/core/__init__.py": "",
            "work/src/core/a.py": "from . import c",
            "work/src/core/c.py": "",
            "work/module.py": "",
            "work/inner/__init__.py": "",
            "work/inner/b.py": "",
            "work/inner/unused.py": "",
        },
        tmp_path,
    )
    assert set(sources_of(Script(("env/bin/python", "train.py"))).digests) == {
        "train.py",
        "work/src/core/__init__.py",
        "work/src/core/a.py",
        "work/src/core/c.py",
        "work/module.py",
        "work/inner/__init__.py",
        "work/inner/b.py",
    }


def test_a_module_of_the_program_wins_over_one_of_a_finder(tmp_path):
    finder = FINDER.replace("= {}", f"= {{'package': {str(tmp_path / 'work/package')!r}}}")
    write({f"{SITE}/__editable___p_finder.py": finder, "env/bin/python": "", "work/package.py": ""}, tmp_path)
    write({"train.py": "import package", "package.py": ""}, tmp_path)
    assert set(sources_of(Script(("env/bin/python", "train.py"), tmp_path)).digests) == {"train.py", "package.py"}
