"""What the files of the distributions must agree on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tunekit.cli.verbs.plot import DEFAULT_FOLDER

ROOT = Path(__file__).parents[2]
PLACES = ("", "benchmarks/", "plugins/*/", "docs/examples/*/")
FOLDERS = sorted(file.parent for place in PLACES for file in ROOT.glob(f"{place}pyproject.toml"))
FIRST_PARTY = [folder for folder in FOLDERS if "examples" not in folder.parts]


def name_of(folder: Path) -> str:
    return folder.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_every_distribution_has_the_licence_and_a_readme(folder):
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert (folder / "README.md").stat().st_size > 0


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_every_folder_of_a_package_is_in_the_wheel(folder):
    named = re.findall(r"^packages = \[(.*?)\]", (folder / "pyproject.toml").read_text(encoding="utf-8"), re.S | re.M)
    listed = {name for text in named for name in re.findall(r'"([^"]+)"', text)}
    tops = {name.partition(".")[0] for name in listed}
    found = {
        ".".join(file.parent.relative_to(folder).parts)
        for top in tops
        for file in (folder / top).rglob("__init__.py")
        if ".venv" not in file.parts
    }
    assert found - listed == set()


def test_all_distributions_of_tunekit_have_one_version_and_ask_for_it():
    texts = [(folder / "pyproject.toml").read_text(encoding="utf-8") for folder in FIRST_PARTY]
    versions = {version for text in texts for version in re.findall(r'^version = "(.*)"$', text, re.MULTILINE)}
    asked_for = {version for text in texts for version in re.findall(r'"tunekit-[a-z]+==([^"]*)"', text)}
    assert len(versions) == 1
    assert asked_for == versions


@pytest.mark.parametrize("package", ["tunekit", "tunekit_core"])
def test_the_packages_know_their_version(package):
    (version,) = re.findall(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert f'\n__version__ = "{version}"\n' in (ROOT / package / "__init__.py").read_text(encoding="utf-8")


def test_the_requirements_install_every_distribution_of_tunekit():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "-c constraints.txt"
    named = sorted(line.partition("[")[0] for line in lines[1:])
    assert named == sorted(f"-e {name_of(folder)}" for folder in FIRST_PARTY)


def test_the_requirements_bring_what_the_blocks_of_the_pages_need():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert "-e .[functions]" in lines  # tune() of the tutorial


def test_git_ignores_what_commands_of_the_pages_write_into_the_clone():
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {f"/{folder}/" for folder in (DEFAULT_FOLDER, "results")} <= set(ignored)
