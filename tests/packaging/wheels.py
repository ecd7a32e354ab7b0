"""What a user gets: every wheel, built from its sdist, alone in a fresh environment outside the clone.

Not collected by a plain ``pytest``, since it takes minutes and a package index; ``nox -s wheels`` runs it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {  # by folder of the distribution: where each package folder of it lies in the wheel
    ".": {"tunekit_core": "tunekit_core", "tunekit": "tunekit", "conf": "tunekit/conf"},
    "plugins/asha": {"tunekit_asha": "tunekit_asha"},
    "plugins/bo": {"tunekit_bo": "tunekit_bo"},
    "plugins/local": {"tunekit_local": "tunekit_local"},
    "plugins/sagemaker": {"tunekit_sagemaker": "tunekit_sagemaker"},
    "plugins/simulator": {"tunekit_simulator": "tunekit_simulator"},
    "plugins/sweeper": {"hydra_plugins": "hydra_plugins"},
    "plugins/tensorboard": {"tunekit_tensorboard": "tunekit_tensorboard"},
    "plugins/trackers": {"tunekit_trackers": "tunekit_trackers"},
    "benchmarks": {"tunekit_benchmarks": "tunekit_benchmarks"},
    "docs/examples/tunekit-better-half": {"tunekit_better_half": "tunekit_better_half"},
    "docs/examples/tunekit-coordinate-search": {"tunekit_coordinate_search": "tunekit_coordinate_search"},
    "docs/examples/tunekit-plateau": {"tunekit_plateau": "tunekit_plateau"},
    "docs/examples/tunekit-regression-curves": {"tunekit_regression_curves": "tunekit_regression_curves"},
    "docs/examples/tunekit-regret": {"tunekit_regret": "tunekit_regret"},
    "docs/examples/tunekit-threads": {"tunekit_threads": "tunekit_threads"},
    "docs/examples/tunekit-webhook": {"tunekit_webhook": "tunekit_webhook"},
}
MAIN_COMMAND = ["+method=MOBSTER", "benchmark=fcnet", "--multirun", "seed=range(2)", "stopping.max_num_evaluations=200"]


def git_files(folder: Path) -> list[str]:
    """What git tracks or would track: built from anything else, a wheel could hold what a clone does not."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    return [name for name in listed.split("\0") if name and (folder / name).is_file()]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clone")
    for name in git_files(ROOT):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheels(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel of each distribution, by its folder."""
    built = {}
    for folder in PACKAGES:
        target = tmp_path_factory.mktemp("dist")
        build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), str(clone / folder)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        (built[folder],) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment with all wheels, installed by file name in one command."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    install = [folder / "bin" / "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", *wheels.values()]
    subprocess.run(install, check=True)
    return folder / "bin"


def run(program: Path, *arguments: str, cwd: Path) -> str:
    done = subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("folder", PACKAGES)
def test_the_wheel_holds_every_file_of_its_packages_unchanged(folder, clone, wheels):
    expected = {
        f"{place}/{name}": (clone / folder / package / name).read_bytes()
        for package, place in PACKAGES[folder].items()
        for name in git_files(ROOT / folder / package)
    }
    with zipfile.ZipFile(wheels[folder]) as wheel:
        held = {name: wheel.read(name) for name in wheel.namelist() if ".dist-info/" not in name}
    assert held.keys() == expected.keys()
    assert held == expected


@pytest.mark.parametrize("folder", PACKAGES)
def test_the_wheel_holds_the_licence(folder, wheels):
    with zipfile.ZipFile(wheels[folder]) as wheel:
        (licence,) = (name for name in wheel.namelist() if name.endswith(".dist-info/licenses/LICENSE"))
        assert wheel.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_the_main_command_runs_outside_the_clone(environment, tmp_path):
    run(environment / "python", "-m", "tunekit", *MAIN_COMMAND, cwd=tmp_path)
    assert len(list(tmp_path.glob("results/default/MOBSTER/*/results.csv.zip"))) == 2


def test_the_console_command_lists_every_plugin(environment, tmp_path):
    listed = run(environment / "tunekit", "plugins", cwd=tmp_path)
    for distribution in (
        "asha",
        "benchmarks",
        "bo",
        "coordinate-search",
        "local",
        "sagemaker",
        "simulator",
        "tensorboard",
        "trackers",
    ):
        assert f"tunekit-{distribution}" in listed


def test_a_plugin_of_somebody_else_runs_by_name(environment, tmp_path):
    command = ["searcher=coordinate", "scheduler=asha_promotion", "stopping.max_num_evaluations=200"]
    run(environment / "python", "-m", "tunekit", *command, cwd=tmp_path)
    (results,) = tmp_path.glob("results/default/asha_promotion+coordinate/*/metadata.json")
    assert '"tunekit-coordinate-search": "0.1.0"' in results.read_text(encoding="utf-8")


def test_torch_is_not_needed(environment, tmp_path):
    installed = run(environment / "pip", "list", "--format=freeze", cwd=tmp_path)
    assert "torch" not in installed
