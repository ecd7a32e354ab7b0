"""The recipe that an experiment was made with, and what its components differ from it in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import attrs

from tunekit.config.arguments import parse
from tunekit.config.composition.compose import compose_run
from tunekit.config.options_files.files import find_file
from tunekit.config.planning import plan_runs
from tunekit.config.schema import METHOD_PARTS, check
from tunekit.config.specs.components import DISTRIBUTION, REVISION
from tunekit.config.specs.facts import chosen
from tunekit.config.specs.identity import identity_of, without_defaults
from tunekit.config.specs.run_spec import name_without_recipe
from tunekit_core.errors import TunekitError

METHOD = "method"
OF_COMPONENT = ("name", DISTRIBUTION, REVISION)


@attrs.frozen
class Recipe:
    """What a recipe chooses.

    Attributes:
        parts: Searcher and scheduler, each with the options that are no default.
        is_simple: Whether it chooses these two alone, the same for all problems.
    """

    parts: Mapping[str, Mapping[str, Any]]
    is_simple: bool


def recipe_of(metadata: Mapping[str, Any]) -> tuple[str | None, Recipe | None]:
    """The name of the method where a recipe gave it, and the recipe as far as it is installed here.

    Args:
        metadata: Its ``metadata.json``.

    Returns:
        Its name and the recipe; the whole name and ``None`` where it is not installed; twice ``None`` where the run
        has none.
    """
    name = metadata.get(METHOD)
    if not isinstance(name, str) or not name or name == name_without_recipe(metadata["config"]):
        return None, None
    pieces = name.split("+")
    for n in range(len(pieces), 0, -1):
        recipe = _recipe("+".join(pieces[:n]))
        if recipe is not None:
            return "+".join(pieces[:n]), recipe
    return name, None


def differences(
    recipe: Recipe, kind: str, identity: Mapping[str, Any], recorded: Mapping[str, Any]
) -> Iterator[tuple[str, Any]] | None:
    """The options of a component that are not as the recipe has them; ``None`` where it has another component.

    Args:
        recipe: The recipe.
        kind: The kind of the component.
        identity: Its options that are no default.
        recorded: All of its options.
    """
    own = recipe.parts[kind]
    if any(own.get(key) != identity.get(key) for key in OF_COMPONENT):
        return None
    names = dict.fromkeys(name for name in (*identity, *own) if name not in OF_COMPONENT)
    return ((name, recorded[name]) for name in names if identity.get(name) != own.get(name))


def plans_the_same(words: list[str], metadata: Mapping[str, Any]) -> bool:
    """Whether words give a run of the same method and components; data and programs may be others by now."""
    try:
        (spec,) = plan_runs([compose_run(parse(words).overrides)])
        planned, recorded = identity_of(spec.results), identity_of(metadata["config"])
    except TunekitError:
        return False
    keys = [key for key in (*planned, *recorded) if key not in ("seed", "sources", "data_hash", "format", "observers")]
    return spec.method_name == metadata[METHOD] and all(planned.get(key) == recorded.get(key) for key in keys)


@cache
def _recipe(name: str) -> Recipe | None:
    try:
        if find_file(METHOD, name) is None:
            return None
        config, without = compose_run([f"+{METHOD}={name}"]), compose_run([])
        settings = check(config)
        parts = {
            kind: without_defaults(kind, chosen(kind, str(settings.components[kind][0]), settings.components[kind][1]))
            for kind in METHOD_PARTS
        }
    except TunekitError:  # not all that it chooses is installed, or two distributions offer it
        return None
    if settings.recipes[METHOD] != name:
        return None
    others = config.keys() - {METHOD, *METHOD_PARTS}
    return Recipe(parts, not settings.fits and all(config[key] == without.get(key) for key in others))
