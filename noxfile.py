"""Everything that is checked before a change goes in. Type ``nox``, or ``nox -s tests`` for one of the sessions.

The sessions run in the environment that nox is called from (``pip install -r requirements-dev.txt``): making one for
each would download the same packages six times. Only ``wheels`` makes its own, since that is its point.
"""

import os
import sys
from pathlib import Path

import nox

os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]  # its programs come first
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "tests", "site", "wheels"]


@nox.session
def lint(session: nox.Session) -> None:
    """Style, formatting, and which package may import which."""
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Types: strict in the core, typed signatures elsewhere."""
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Writes what is generated from the code: reference pages, the figure of imports. A plain ``nox`` checks them."""
    session.run("python", "docs/generate.py", "--write")
    session.run("python", "docs/draw_imports.py", "--write")


@nox.session
def pictures(session: nox.Session) -> None:
    """Makes the pictures of README and gallery by their commands, in minutes; not part of a plain ``nox``."""
    session.run("python", "docs/draw_pictures.py", *session.posargs)
    if not session.posargs:
        session.run("python", "docs/draw_report_page.py")


@nox.session
def site(session: nox.Session) -> None:
    """Builds the documentation site into site/, where no link may be dead, and checks what was built."""
    if sys.version_info < (3, 11):
        session.skip("The programs that build the site need Python 3.11.")
    session.run("mkdocs", "build", "--strict", env={"NO_MKDOCS_2_WARNING": "1"})
    session.run("pytest", "tests/docs/built_site.py", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """All tests but those of the wheels; arguments go to pytest, as in ``nox -s tests -- -k asha``."""
    session.run("pytest", *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """The pages of reports in Debian's Chromium, which a plain ``nox`` tries too, but skips where there is none."""
    session.run("pytest", "-n", "0", "tests/app/pages", *session.posargs, env={"TUNEKIT_TESTS_NEED_BROWSER": "1"})


@nox.session
def fold(session: nox.Session) -> None:
    """Folds the records of 1,000 generated experiments as far as any event, in minutes; not part of a plain ``nox``."""
    session.run("pytest", "-n", "0", "tests/fold/thousand.py", *session.posargs)  # one process, for its figures


@nox.session
def sagemaker_faults(session: nox.Session) -> None:
    """Experiments with the emulator of SageMaker under a hundred seeds of random faults, and fifty trials at once."""
    session.run("pytest", "plugins/sagemaker/tests/fault_sweep.py", *session.posargs)
    session.run("pytest", "-n", "0", "plugins/sagemaker/tests/call_rates.py", *session.posargs)


@nox.session
def sagemaker_account(session: nox.Session) -> None:
    """What only AWS can show, in a real account, for about 0.10 dollars: nothing else runs it."""
    session.run("pytest", "-n", "0", "-m", "real_account", "plugins/sagemaker/tests/real_account.py", *session.posargs)


@nox.session(venv_backend="venv")
@nox.parametrize("sdk", [nox.param("sagemaker>=3", id="3"), nox.param("sagemaker<3", id="2")])
def sagemaker_sdk(session: nox.Session, sdk: str) -> None:
    """What the SDK of SageMaker hands over: with its version 3, in an environment of 1 GB, and with version 2."""
    ours = [".", "plugins/sweeper", "plugins/asha", "plugins/sagemaker[emulator]", "benchmarks"]
    editable = [argument for each in ours for argument in ("-e", each)]
    session.install(
        "--quiet", *editable, "pytest", "psutil", sdk
    )  # without our constraints, which the SDK has others of
    arguments = ("-o", "addopts=--import-mode=importlib", "plugins/sagemaker/tests/sdk/with_sdk.py", *session.posargs)
    session.run("pytest", *arguments)


@nox.session(venv_backend="venv")
def trackers(session: nox.Session) -> None:
    """What MLflow, Weights & Biases and trackio themselves take, in an environment with them of 1 GB; offline."""
    ours = [".", "plugins/sweeper", "plugins/asha", "plugins/simulator", "plugins/trackers[mlflow,trackio,wandb]"]
    editable = [argument for each in [*ours, "benchmarks"] for argument in ("-e", each)]
    session.install("--quiet", *editable, "pytest", "psutil")
    session.run("pytest", "-o", "addopts=--import-mode=importlib", "plugins/trackers", *session.posargs)


@nox.session(venv_backend="venv")
def optuna(session: nox.Session) -> None:
    """The importance of hyperparameters against that of Optuna 5, in an environment with it."""
    session.install("--quiet", ".", "plugins/sweeper", "pytest", "pandas", "scipy", "optuna==5.0.0")
    session.run("pytest", "-o", "addopts=--import-mode=importlib", "tests/app/figures/with_optuna.py", *session.posargs)


@nox.session(venv_backend="venv")
def frameworks(session: nox.Session) -> None:
    """Callbacks of training frameworks, and the scripts of their page, in an environment with them of 2 GB."""
    ours = [".[functions]", "plugins/sweeper", "plugins/asha", "plugins/local", "plugins/simulator", "plugins/bo"]
    editable = [argument for each in [*ours, "benchmarks"] for argument in ("-e", each)]
    theirs = ["accelerate", "keras", "lightgbm", "lightning", "pytorch-lightning", "scikit-learn", "transformers"]
    session.install("--quiet", "torch==2.13.0", "xgboost-cpu", *theirs, *editable, "pytest", "psutil")
    page = "tests/docs/test_pages.py::test_the_commands_and_the_code_of_a_page_run[docs/how-to/use-a-framework.md]"
    tests = ("-o", "addopts=--import-mode=importlib", "tests/callbacks", page)
    session.run("pytest", *tests, *session.posargs)


@nox.session
def papers(session: nox.Session) -> None:
    """The studies that come with tunekit against what is stated of them, in ten minutes; no part of a plain ``nox``."""
    session.run("pytest", "-n", "0", "tests/papers/paper_figures.py", *session.posargs)


@nox.session
def campaign(session: nox.Session) -> None:
    """Kills, damage, full disks and several writers for an hour, as in ``nox -s campaign -- --minutes 5 --seed 1``."""
    session.run("python", "-m", "tests.campaign", *session.posargs)


@nox.session
def wheels(session: nox.Session) -> None:
    """Builds every wheel from its sdist, and tries them in a fresh environment outside the clone."""
    session.run("pytest", "-n", "0", "tests/packaging/wheels.py", *session.posargs)  # built once, for all tests


@nox.session
def performance(session: nox.Session) -> None:
    """Measures tunekit itself and prints a table; not part of a plain ``nox``."""
    session.run("python", "benchmarks/performance", *session.posargs)
