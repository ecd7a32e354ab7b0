"""Whether runs can be carried out, seen before anything is run or written."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from tunekit.config.specs.run_spec import RunSpec
from tunekit.runs.building import build_tuner
from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.errors import ConfigurationError
from tunekit_core.records.files import why_not_writable
from tunekit_core.records.lock import check_lock

LONGEST_SHOWN = 40
REFUSED_NAMES = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)
BELOW = "0000000/checkpoints/0000000/" + 80 * "x"  # as long as what a run writes in its folder, by itself


def check_names(specs: Sequence[RunSpec]) -> None:
    """See that the file system takes the folders of runs, before anything is looked up in them.

    Raises:
        ConfigurationError: If it takes a name of one, or its whole path, in no case.
    """
    for spec in {spec.folder: spec for spec in specs}.values():
        existing = Path()
        for option, value, parts in (
            ("results_dir", spec.results_dir, Path(spec.results_dir).absolute().parts),
            ("experiment_tag", spec.experiment_tag, [spec.experiment_tag]),
            ("method", spec.method_name, [spec.method_name]),
            ("benchmark", spec.problem_name, [spec.folder.name]),
            ("results_dir", spec.results_dir, [str(spec.folder.absolute() / BELOW)]),
        ):
            try:
                existing = _lowest_existing(existing, parts)
            except (OSError, ValueError) as error:
                raise _unusable_name(option, value, error) from error


def _unusable_name(option: str, value: str, error: OSError | ValueError) -> ConfigurationError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    length = f" of {len(value)} characters" if len(value) > LONGEST_SHOWN else ""
    return ConfigurationError(
        f"{option}={value[:LONGEST_SHOWN]!r}{'…' if length else ''}{length} gives results a folder of a name that the "
        f"file system does not take: {reason}. Choose another name, of at most a hundred letters and digits.",
        option=option,
        value=value,
    )


def _lowest_existing(folder: Path, parts: Sequence[str]) -> Path:
    """The last of some folders within each other that exists; each name is looked up in the last that does."""
    for part in parts:
        if _exists(folder / part):
            folder /= part
    return folder


def _exists(path: Path) -> bool:
    """Whether there is such a file; raises an error if there can be none of that name."""
    try:
        os.lstat(path)
    except OSError as error:
        if error.errno in REFUSED_NAMES:
            raise
        return False
    return True


def check_runs(specs: Sequence[RunSpec], benchmark: Benchmark | None = None, *, are_run: bool = True) -> None:
    """Build one run of each setting, seed aside, and see that all can be run and written.

    Args:
        specs: The runs.
        benchmark: As for :func:`tunekit.runs.building.build_tuner`.
        are_run: Whether they are to be run now: then what their backends need has to be there.

    Raises:
        TunekitError: If one cannot be built, run or written.
    """
    check_names(specs)
    for spec in specs:
        check_lock(spec.folder)
    for spec in {spec.setting: spec for spec in specs}.values():
        tuner = build_tuner(spec, benchmark=benchmark)
        if are_run:
            tuner.check()
    for folder, results_dir in {spec.folder.parent: spec.results_dir for spec in specs}.items():
        _check_writable(folder, results_dir)


def _check_writable(folder: Path, results_dir: str) -> None:
    problem = why_not_writable(folder)
    if problem:
        raise ConfigurationError(
            f"results_dir={results_dir}: results cannot be written to {folder}: {problem}. Choose another place with "
            "results_dir=FOLDER or the environment variable TUNEKIT_RESULTS.",
            option="results_dir",
            value=results_dir,
        )
