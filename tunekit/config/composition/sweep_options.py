"""The options below ``hydra.sweeper``, each checked for what it may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import attrs
from hydra.conf import HydraConf
from omegaconf import DictConfig, OmegaConf

from tunekit.config.composition.until import Until, read_until
from tunekit.config.free_names import decoded_names, decoded_text
from tunekit.config.hydra_values import as_text
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ConfigurationError, suggestion

SWEEPER = "hydra.sweeper."
OF_AXES = ("zip", "also", "exclude", "repeats")  # which say what there is to run, and mean nothing for a single run
MISSING = "missing"  # in place of the status of a run of which there is nothing that counts
STATUSES = (ExperimentStatus.FAILED.value, ExperimentStatus.INTERRUPTED.value, MISSING)
EXAMPLES = {
    "zip": "hydra.sweeper.zip=[[seed,n_workers]]",
    "also": "hydra.sweeper.also=[{method: BO, n_workers: [1,2]}]",
    "exclude": "hydra.sweeper.exclude=[{method: BO, n_workers: 8}]",
    "repeats": "hydra.sweeper.repeats={method: {BO: 5}}",
}


@attrs.frozen
class SweepOptions:
    """What is said of a sweep as a whole.

    Attributes:
        params: Overrides of a study by key.
        zip: Lists of keys whose values vary together.
        also: Further blocks, each from key to a value or several.
        exclude: What combinations that are left out have, each from key to a value or several.
        repeats: By key and value the number of seeds.
        skip: How many runs are left out at the beginning.
        only: Statuses of those that are run.
        n_jobs: Runs at the same time.
        plan: Whether nothing is to be run.
        shard: Which part of the runs this process runs, as it is typed; ``None`` for all.
        until: What is to be told apart, by as many seeds as it takes; ``None`` where the seeds are given.
        typed: Names of the options that are on the command line, not in a file.
    """

    params: Mapping[str, Any]
    zip: Sequence[Sequence[str]]
    also: Sequence[Mapping[str, Any]]
    exclude: Sequence[Mapping[str, Any]]
    repeats: Mapping[str, Mapping[Any, int]]
    skip: int
    only: Sequence[str]
    n_jobs: int | None
    plan: bool
    shard: str | None
    until: Until | None
    typed: frozenset[str]


def sweep_options(hydra_config: DictConfig | HydraConf) -> SweepOptions:
    """Read the options of a sweep.

    Args:
        hydra_config: What is below ``hydra``.

    Raises:
        ConfigurationError: If an option has a value that it does not take.
    """
    sweeper = hydra_config.sweeper
    # What stands for something else is left as it is, as text that each run reads for itself.
    given: Any = decoded_names(OmegaConf.to_container(sweeper, resolve=False))
    names = [str(line).lstrip("+").partition("=")[0] for line in hydra_config.overrides.hydra]
    typed = frozenset(name.removeprefix(SWEEPER).partition(".")[0] for name in names if name.startswith(SWEEPER))
    return SweepOptions(
        params=_params(given["params"], is_typed="params" in typed),
        zip=_zip(given["zip"]),
        also=_mappings("also", given["also"]),
        exclude=_mappings("exclude", given["exclude"]),
        repeats=_repeats(given["repeats"]),
        skip=_skip(_plain(sweeper.skip_initial_experiments)),
        only=_only(_plain(sweeper.only)),
        n_jobs=_n_jobs(_plain(sweeper.n_jobs)),
        plan=_plan(_plain(sweeper.plan)),
        shard=None if sweeper.shard is None else as_text(_plain(sweeper.shard)),
        until=read_until(sweeper.until),
        typed=typed,
    )


def check_is_sweep(options: SweepOptions) -> None:
    """See that a command with one run does not say what several would have.

    Raises:
        ConfigurationError: If it does.
    """
    for name in OF_AXES:
        if name in options.typed and getattr(options, name):
            raise ConfigurationError(
                f"{SWEEPER}{name} says which runs a sweep has, and this is a single run. Add --multirun.",
                option=f"{SWEEPER}{name}",
            )


def refusal(name: str, value: Any, why: str) -> ConfigurationError:
    """The error of an option of the sweeper that does not fit what is swept.

    Args:
        name: Of the option.
        value: What in it does not fit.
        why: A sentence or more without its last full stop, in which names are as Hydra has them.
    """
    return ConfigurationError(decoded_text(f"{SWEEPER}{name}: {why}."), option=f"{SWEEPER}{name}", value=value)


def is_of_hydra(key: str) -> bool:
    """Whether a dotted key is one of Hydra's own, which holds for a sweep as a whole."""
    return key.replace("/", ".").partition(".")[0] == "hydra"


def _refusal(name: str, value: Any, what: str) -> ConfigurationError:
    return ConfigurationError(f"{SWEEPER}{name}={as_text(value)} {what}", option=f"{SWEEPER}{name}", value=value)


def _plain(value: Any) -> Any:
    """A value that may be from the environment, which has texts alone."""
    if isinstance(value, str):
        return int(value) if value.isdecimal() else {"true": True, "false": False}.get(value, value)
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def _params(value: Any, *, is_typed: bool) -> dict[str, Any]:
    if is_typed:
        raise _refusal("params", value, "is what the file of a study has. Type its keys by themselves, such as seed=3.")
    found = {} if value is None else value
    if not isinstance(found, dict) or not all(isinstance(key, str) and key for key in found):
        raise _refusal("params", value, "must be a mapping from keys to values, such as {method: 'RS,ASHA', seed: 3}.")
    for key in found:
        if is_of_hydra(key):
            raise _refusal("params", value, f"gives {key}, which is one for the whole sweep. Put it beside params.")
    return found


def _zip(value: Any) -> list[list[str]]:
    groups = [] if value is None else value
    if isinstance(groups, list) and groups and all(isinstance(key, str) for key in groups):
        groups = [groups]
    if not isinstance(groups, list) or not all(_is_group(group) for group in groups):
        raise _refusal("zip", value, f"must hold lists of two or more keys, such as {EXAMPLES['zip']}.")
    return [[key.lstrip("+") for key in group] for group in groups]


def _is_group(group: Any) -> bool:
    return isinstance(group, list) and len(group) > 1 and all(isinstance(key, str) for key in group)


def _mappings(name: str, value: Any) -> list[dict[str, Any]]:
    found = [] if value is None else [value] if isinstance(value, dict) else value
    if not isinstance(found, list) or not all(_is_mapping(each) for each in found):
        raise _refusal(name, value, f"must hold mappings from keys to values, such as {EXAMPLES[name]}.")
    for each in found:
        for key, values in each.items():
            if values == []:
                raise _refusal(name, value, f"gives no value for {key}. Leave the key out.")
    return [{key.lstrip("+"): values for key, values in each.items()} for each in found]


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(isinstance(key, str) for key in value)


def _repeats(value: Any) -> dict[str, dict[Any, int]]:
    found = {} if value is None else value
    if not isinstance(found, dict) or not all(_is_mapping({key: 0}) and each for key, each in found.items()):
        found = None
    if found is None or not all(
        isinstance(each, dict) and all(map(_is_count, each.values())) for each in found.values()
    ):
        raise _refusal(
            "repeats",
            value,
            "must say for values of a key how many seeds there are of each, from 1 on, such as "
            f"{EXAMPLES['repeats']}. What is not to be run at all goes into hydra.sweeper.exclude.",
        )
    return {key.lstrip("+"): each for key, each in found.items()}


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and value >= 1


def _skip(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise _refusal("skip_initial_experiments", value, "must be a whole number of runs, 0 or more.")
    return value


def _only(value: Any) -> list[str]:
    statuses = [] if value is None else [value] if isinstance(value, str) else value
    example = f"Type a list of {', '.join(STATUSES)}, such as hydra.sweeper.only=[failed,interrupted]."
    if not isinstance(statuses, list):
        raise _refusal("only", value, f"names no status of runs. {example}")
    for status in statuses:
        if status not in STATUSES:
            text = as_text(status)
            raise _refusal("only", value, f"names no status '{text}'. {suggestion(text, STATUSES)}{example}")
    return statuses


def _n_jobs(value: Any) -> int | None:
    if value is None or _is_count(value):
        return value
    raise _refusal(
        "n_jobs",
        value,
        "must be a whole number, at least 1; null takes as many as there are cores, and one where trials run in real "
        "time.",
    )


def _plan(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _refusal("plan", value, "must be true or false.")
    return value
