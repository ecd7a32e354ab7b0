"""Verbs: ``init`` for a script; ``ls``, ``watch``, ``report``, ``show``, ``export``, ``rm`` for experiments."""

from __future__ import annotations

from collections.abc import Sequence


def run_verb(verb: str, arguments: Sequence[str]) -> int:
    """Do what a verb says.

    Args:
        verb: ``init``, ``ls``, ``watch``, ``report``, ``show``, ``export`` or ``rm``.
        arguments: What follows it.

    Returns:
        The exit status.

    Raises:
        TunekitError: If it cannot be done.
    """
    if verb == "init":
        from tunekit.cli.verbs.init import write_file_of_script as run
    elif verb == "ls":
        from tunekit.cli.verbs.ls import list_experiments as run
    elif verb == "report":
        from tunekit.cli.verbs.report import report_study as run
    elif verb == "watch":
        from tunekit.cli.verbs.watch import watch_experiments as run
    elif verb == "show":
        from tunekit.cli.verbs.show import show_experiment as run
    elif verb == "export":
        from tunekit.cli.verbs.export import export_configuration as run
    else:
        from tunekit.cli.verbs.rm import remove_experiments as run
    return run(arguments)
