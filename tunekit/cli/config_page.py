"""``--cfg job``: the configuration that a command would run, and nothing is run."""

from __future__ import annotations

from tunekit.cli.startup import report_broken_plugins
from tunekit.config.composition.compose import Composition
from tunekit.config.composition.environment import with_written
from tunekit.config.schema import check
from tunekit.config.shown import as_yaml, shown_config
from tunekit.console import write_stdout
from tunekit_core.secret_names import masked


def show_config(composition: Composition, package: str, *, resolve: bool) -> int:
    """Print the first of the configurations as YAML.

    Saved as ``FOLDER/experiment/NAME.yaml`` it is a recipe: ``experiment=NAME --config-dir FOLDER`` runs the same.

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
    config = shown_config(check(configs[0]))
    if not resolve:
        config["tags"] = masked("tags", config["tags"])
        config = with_written(config, composition.written[0])
    text = as_yaml(config, package)
    report_broken_plugins()
    if not package:
        several = f"# The first of {len(configs)} runs; --plan lists them all.\n" if len(configs) > 1 else ""
        text = f"# @package _global_\n{several}{text}"
    write_stdout(text)
    return 0
