"""Everything that a plugin needs is imported from the core itself, and costs nothing until it is asked for."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import tunekit_core

STUB = ast.parse(Path(tunekit_core.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
IMPORTS = [statement for statement in STUB.body if isinstance(statement, ast.ImportFrom)]
PLACES = {alias.name: f".{statement.module}" for statement in IMPORTS for alias in statement.names}


@pytest.mark.parametrize("name", tunekit_core.__all__)
def test_a_name_is_what_the_stub_says(name):
    if name == "__version__":
        assert isinstance(tunekit_core.__version__, str)
    else:
        assert getattr(tunekit_core, name) is getattr(import_module(PLACES[name], "tunekit_core"), name)


def test_the_stub_names_each_once_and_all_of_them_are_offered():
    named = [alias.name for statement in IMPORTS for alias in statement.names]
    assert sorted([*named, "__version__"]) == sorted(tunekit_core.__all__)


def test_a_type_checker_takes_every_name_as_public():
    assert [alias.name for statement in IMPORTS for alias in statement.names if alias.asname != alias.name] == []


def test_no_name_is_that_of_a_module():
    """Python sets a module as an attribute of its package when it is imported, and would hide the name."""
    folder = Path(tunekit_core.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} | {path.name for path in folder.iterdir() if path.is_dir()}
    assert modules & set(tunekit_core.__all__) == set()


@pytest.mark.parametrize(
    ("program", "absent"),
    [
        ("import tunekit_core", {"attrs", "numpy", "pluggy"}),
        ("import tunekit_core; dir(tunekit_core)", {"attrs", "numpy", "pluggy"}),
        ("from tunekit_core import hookimpl", {"attrs", "numpy"}),
        ("from tunekit_core import option", {"numpy", "pluggy"}),
    ],
)
def test_nothing_is_loaded_before_it_is_asked_for(program, absent):
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {program}; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert absent & set(done.stdout.split()) == set()


def test_a_star_brings_every_name():
    names = {}
    exec("from tunekit_core import *", names)
    assert set(tunekit_core.__all__) <= set(names)


def test_an_unknown_name_is_an_attribute_error_as_in_any_module():
    with pytest.raises(AttributeError, match=r"^module 'tunekit_core' has no attribute 'Searhcer'$"):
        tunekit_core.Searhcer  # noqa: B018 - looking it up is the test
    with pytest.raises(ImportError, match="cannot import name 'Searhcer'"):
        exec("from tunekit_core import Searhcer")
    assert not hasattr(tunekit_core, "__wrapped__")


def test_dir_lists_what_can_be_imported():
    assert dir(tunekit_core) == sorted(tunekit_core.__all__)
