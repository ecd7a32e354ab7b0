"""The top level of the configuration: which keys there are, and whether what was composed fits them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, Literal

import attrs

from tunekit.config.fits import FITS, Fit, check_fits
from tunekit.secrets import AS_IT_IS, IN_RESULTS, refuse_secret
from tunekit_core.errors import ConfigurationError, suggestion
from tunekit_core.plugins.kinds import kind_meant
from tunekit_core.plugins.known import where_to_find
from tunekit_core.plugins.options import check_option

KEYS = {
    "method": "recipe that chooses searcher, scheduler and their options",
    "experiment": "recipe of a whole study",
    "benchmark": "what is tuned; null takes the one that is meant for a first try",
    "searcher": "what proposes configurations",
    "scheduler": "what decides on running trials",
    "backend": "where trials run; null takes the installed one that can run the benchmark",
    "stopping": "what ends the experiment; no_success too, and the benchmark's time limit where no other is certain",
    "composers": "columns added to the results",
    "observers": "what watches the experiment",
    "seed": "seed of this experiment; methods are paired by equal seeds",
    "random_seed": "master seed, added to seed; null draws one and prints it",
    "n_workers": "trials at the same time; null takes the benchmark's number",
    "scale_max_wallclock_time": "with fewer workers than the benchmark's, take so many times its time limit",
    "constraint": "reported metric that must be at most 0; other reports do not count",
    "fixed": "hyperparameters that are not searched, with their values",
    "points_to_evaluate": "configurations to begin with; null takes the benchmark's",
    "wait_for_running": "at the end, let running trials run to their end",
    "experiment_tag": "folder below results_dir",
    "results_dir": "where results go",
    "verbosity": "what is told on the way: 0 nothing, 1 what matters, 2 each report too, where runs are no simulations",
    "tags": "anything to be found again in metadata.json",
}
RECIPES = ("method", "experiment")  # not in the defaults list of the primary config
COMPONENTS = ("searcher", "scheduler", "backend", "benchmark")
OPEN = ("backend", "benchmark")  # components that need not be named
METHOD_PARTS = ("searcher", "scheduler")  # components that a method is made of
CHOSEN_ON = "chosen_on"  # beside the name of a method: the problems that its numbers were chosen on
UNTAGGED = "default"  # the experiment_tag unless one is given
MADE_OF = "made_of"  # beside the name of a method: the components that its recipe chooses
SEVERAL = {"stopping": "stopping", "composers": "composer", "observers": "observer"}  # and the kind of component
FREE = ("fixed", "tags")
VALUES: dict[str, Any] = {
    "seed": int,
    "random_seed": int | None,
    "n_workers": int | None,
    "scale_max_wallclock_time": bool,
    "constraint": str | None,
    "points_to_evaluate": list[Mapping[str, Any]] | None,
    "wait_for_running": bool,
    "experiment_tag": str,
    "results_dir": str,
    "verbosity": Literal[0, 1, 2],
}
QUIET, NORMAL, EVERY_REPORT = 0, 1, 2  # values of verbosity
FOLDER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
NUMBER_OF_SEEDS = 2**32
SEEDS = re.compile(r"(\d+)\s*(?:-|:|\.\.+|…)\s*(\d+)")  # as others write 0 to 9


@attrs.frozen
class Settings:
    """What the user asked for, checked as far as it can be without building anything.

    Attributes:
        values: By key of :data:`VALUES`.
        components: For each of :data:`COMPONENTS`, its name, ``None`` if it was left open, and the options given.
        several: For each of :data:`SEVERAL`, by name of component what was given: options, or a single value.
        recipes: Names of ``method`` and ``experiment``, or ``None``.
        made_of: For each of :data:`METHOD_PARTS` the component that the recipe of the method chooses, as far as that is
            known.
        chosen_on: Patterns of the problems, as ``fcnet-*``, that the numbers of the method were chosen on.
        fits: What the method takes for which problem, the first whose condition holds; the last has none, and is what
            the recipe itself chooses. Empty for a method that takes the same for all.
        fixed: Hyperparameters that are not searched.
        tags: Whatever the user wants to find again.
    """

    values: Mapping[str, Any]
    components: Mapping[str, tuple[str | None, Mapping[str, Any]]]
    several: Mapping[str, Mapping[str, Any]]
    recipes: Mapping[str, str | None]
    made_of: Mapping[str, str]
    chosen_on: tuple[str, ...]
    fits: tuple[Fit, ...]
    fixed: Mapping[str, Any]
    tags: Mapping[str, Any]


def check(config: Mapping[str, Any]) -> Settings:
    """Check a composed configuration, in plain dicts.

    Raises:
        ConfigurationError: If a key is unknown or its value has the wrong form.
    """
    for key in config:
        if key not in KEYS:
            raise ConfigurationError(unknown_key(key), option=key, value=config[key])
    for key in (*VALUES, *RECIPES):
        refuse_secret(key, config.get(key), AS_IT_IS)
    refuse_secret("fixed", config.get("fixed"), IN_RESULTS)
    return Settings(
        values={key: check_value(key, config.get(key)) for key in VALUES},
        components={key: _component(key, config.get(key)) for key in COMPONENTS},
        several={key: _mapping(key, config.get(key), example="={}") for key in SEVERAL},
        recipes={key: _recipe(key, config.get(key)) for key in RECIPES},
        made_of=_made_of(config.get("method")),
        chosen_on=_chosen_on(config.get("method")),
        fits=check_fits(config.get("method")),
        fixed=_mapping("fixed", config.get("fixed"), example=".hp_batch_size=32"),
        tags=_mapping("tags", config.get("tags"), example=".project=speech"),
    )


def unknown_key(key: str) -> str:
    """The message for a key that the top level does not have."""
    close = suggestion(key, KEYS) or suggestion(kind_meant(key) or "", KEYS)
    return (
        f"There is no option '{key}'. {close}The top level has: {', '.join(KEYS)}. "
        "A free value of your own goes below tags, such as tags.project=speech."
    )


def check_value(key: str, value: Any) -> Any:
    """A value of the top level as it is used.

    Args:
        key: One of :data:`VALUES`.
        value: What was given.

    Raises:
        ConfigurationError: If it is none that the key takes.
    """
    checked = _of_type(key, value)
    if key in ("seed", "random_seed") and checked is not None and not 0 <= checked < NUMBER_OF_SEEDS:
        raise ConfigurationError(f"{key}={value} must be from 0 to {NUMBER_OF_SEEDS - 1}.", option=key, value=value)
    if key == "experiment_tag":
        _check_folder_name(key, checked)
    return checked


def _of_type(key: str, value: Any) -> Any:
    try:
        return check_option(key, value, VALUES[key])
    except ConfigurationError as error:
        several = SEEDS.fullmatch(value) if key == "seed" and isinstance(value, str) else None
        if several is not None:
            text = f"For several seeds type --multirun 'seed=range({several[1]},{int(several[2]) + 1})'."
        elif key == "n_workers" and isinstance(value, str):
            text = f"It is the number of {KEYS[key]}; this machine has {os.cpu_count()} cores."
        else:
            raise
        raise ConfigurationError(f"{error} {text}", option=key, value=value) from error


def _component(key: str, value: Any) -> tuple[str | None, Mapping[str, Any]]:
    if key in OPEN and (value is None or (isinstance(value, Mapping) and value.get("name") is None)):
        return None, {name: option for name, option in (value or {}).items() if name != "name"}
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        raise ConfigurationError(
            f"{key}={value!r} chooses nothing: it must be a mapping with a name. Type {key}=NAME with one of the "
            "names that `python -m tunekit plugins` lists.",
            option=key,
            value=value,
        )
    return value["name"], {name: option for name, option in value.items() if name != "name"}


def _recipe(key: str, value: Any) -> str | None:
    if value is None:
        return None
    others = {FITS, MADE_OF, CHOSEN_ON} if key == "method" else set()
    keys = set(value) - others if isinstance(value, Mapping) else set()
    if not isinstance(value, Mapping) or keys != {"name"} or not isinstance(value["name"], str):
        raise ConfigurationError(
            f"{key}={value!r}: no {key} of that name is installed.{where_to_find(key, str(value))} "
            f"Type `python -m tunekit --help` for what there is; a file of your own has '{key}: {{name: …}}' in it.",
            option=key,
            value=value,
        )
    _check_folder_name(key, value["name"])
    return value["name"]


def _made_of(method: Any) -> Mapping[str, str]:
    made_of = method.get(MADE_OF) if isinstance(method, Mapping) else None
    names = _mapping(f"method.{MADE_OF}", made_of, example=".searcher=bo")
    return {kind: str(name) for kind, name in names.items() if kind in METHOD_PARTS and name is not None}


def _chosen_on(method: Any) -> tuple[str, ...]:
    patterns = method.get(CHOSEN_ON) if isinstance(method, Mapping) else None
    if patterns is None:
        return ()
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
        raise ConfigurationError(
            f"method.{CHOSEN_ON}={patterns!r} must be a list of patterns of problems, such as [fcnet-*]",
            option=f"method.{CHOSEN_ON}",
            value=patterns,
        )
    return tuple(patterns)


def _mapping(key: str, value: Any, *, example: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise ConfigurationError(
            f"{key}={value!r} must be a mapping from names, such as {key}{example}.", option=key, value=value
        )
    return value


def _check_folder_name(key: str, value: str) -> None:
    if not FOLDER_NAME.fullmatch(value):
        raise ConfigurationError(
            f"{key}={value!r} names a folder: use letters, digits and _ . + - only, and begin with a letter or digit.",
            option=key,
            value=value,
        )
