"""``--cfg job``: the configuration that a command would run, and nothing is run."""

from __future__ import annotations

from tunekit.cli.startup import report_broken_plugins
from tunekit.config.composition.compose import Composition
from tunekit.config.composition.environment import with_written
from tunekit.config.schema import METHOD_PARTS, QUIET, Settings, check
from tunekit.config.shown import as_yaml, shown_config
from tunekit.config.specs.facts import facts_of
from tunekit.config.specs.fitting import fitted
from tunekit.config.specs.recipe import naming_recipe, told
from tunekit.console import print_stderr, write_stdout
from tunekit_core.errors import TunekitError
from tunekit_core.secret_names import masked


def show_config(composition: Composition, package: str, *, resolve: bool) -> int:
    """Print the first of the configurations as YAML.

    Saved as ``FOLDER/experiment/NAME.yaml`` it is a recipe: ``experiment=NAME --config-dir FOLDER`` runs the same. What
    a method takes that it usually does not is told on the standard error, as where something is run.

    Args:
        composition: What was composed.
        package: Dotted name of the part to print; empty for all.
        resolve: Whether values of environment variables are shown as what they are.

    Returns:
        The exit status.

    Raises:
        ConfigurationError, UnknownComponentError: If a key, component or option does not exist or fit.
    """
    configs = composition.configs
    settings, choice, line = _fitted(check(configs[0]))
    parts = {kind: settings.components[kind][0] for kind in METHOD_PARTS}
    with naming_recipe(settings.recipes["method"], parts, choice):
        config = shown_config(settings)
    if not resolve:
        config["tags"] = masked("tags", config["tags"])
        config = with_written(config, composition.written[0])
    text = as_yaml(config, package)
    report_broken_plugins()
    if line and settings.values["verbosity"] != QUIET:
        print_stderr(line)
    if not package:
        several = f"# The first of {len(configs)} runs; --plan lists them all.\n" if len(configs) > 1 else ""
        text = f"# @package _global_\n{several}{text}"
    write_stdout(text)
    return 0


def _fitted(settings: Settings) -> tuple[Settings, str | None, str]:
    """The settings with what the method takes as far as that can be known, what it took and why, and a line of it."""
    if not settings.fits:
        return settings, None, ""
    method = str(settings.recipes["method"])
    try:
        settings, choice = fitted(settings, facts_of(settings))
    except TunekitError:  # as where an option is missing; what does not fit is refused where it is shown
        unknown = (
            f"{method} may take something else: that is known once the benchmark can be opened. Type --plan in place "
            "of --cfg job to see why it cannot."
        )
        return settings, None, unknown
    return settings, choice, told(method, choice) if choice else ""
