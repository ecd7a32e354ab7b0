"""The command ``python -m tunekit``: verbs, the help page, or a run that Hydra composes.

Everything heavy is imported when it is needed: the help page does not wait for Hydra.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

from tunekit.cli.exit_status import REFUSED, SOME_FAILED
from tunekit.cli.interruption import command, how_to_go_on, write_last_line
from tunekit.cli.standard_streams import is_of_standard_output, open_what_is_closed
from tunekit.cli.startup import print_startup_notes, report_broken_plugins
from tunekit.cli.verbs import VERBS, run_verb
from tunekit.config.arguments import CommandLine, parse
from tunekit.console import print_stderr, warnings_for_people, write_stdout
from tunekit.runs.interruption import exit_status
from tunekit.secrets import without_secrets
from tunekit_core.errors import TunekitError
from tunekit_core.plugins.commands import COMMAND_NAME, Command
from tunekit_core.plugins.names import BUILT_IN
from tunekit_core.plugins.registry import registry


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the name of the program; taken from ``sys.argv`` unless given.

    Returns:
        Exit status: 0, 1 if a run failed or standard output takes no more, 2 if something was refused, 130 after
        Ctrl-C, 143 after SIGTERM and 129 after SIGHUP.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    open_what_is_closed()
    without_secrets(given)  # from now on errors are printed without them
    try:
        with warnings_for_people():
            return _respond(given)
    except TunekitError as error:
        return _refuse(str(error), debug)
    except OSError as error:
        if not is_of_standard_output(error):
            raise
        return SOME_FAILED
    except KeyboardInterrupt:
        write_last_line(how_to_go_on(given))
        return exit_status()


def _respond(given: list[str]) -> int:
    if given[:1] == ["plugins"]:
        from tunekit.cli.plugins_page import show_plugins

        return show_plugins(given[1:])
    if given[:1] == ["resume"]:
        if {"--help", "-h"} & set(given):
            from tunekit.cli.resume_help import show_resume_help

            return show_resume_help()
        return _resume([argument for argument in given[1:] if argument != "--debug"], given)
    if given[:1] == ["work"]:
        from tunekit.cli.work import work

        return work([argument for argument in given[1:] if argument != "--debug"], given)
    if given and given[0] in VERBS:
        return run_verb(given[0], given[1:])
    of_plugin = _command_of_plugin(given)
    if of_plugin is not None:
        return of_plugin.run(given[1:])
    line = parse(given)
    if "--version" in line.own:
        from importlib.metadata import version

        write_stdout(f"{BUILT_IN} {version(BUILT_IN)}\n")
        return 0
    if "--help" in line.own:
        from tunekit.cli.help_page import show_help

        show_help()
        return 0
    print_startup_notes()
    return _run(line, given) if line.shown is None else _show(line, line.shown)


def _command_of_plugin(given: list[str]) -> Command | None:
    """The command of a plugin that is typed; plugins are not asked where the first word is an override or a flag."""
    name = given[0].rpartition("/")[2] if given else ""
    return registry().commands().get(given[0]) if COMMAND_NAME.fullmatch(name) else None


def _resume(arguments: list[str], given: Sequence[str]) -> int:
    from tunekit.cli.run import run_plan
    from tunekit.config.planning import Plan
    from tunekit.runs.resuming import experiment_to_resume

    print_startup_notes()
    spec = experiment_to_resume(arguments)
    report_broken_plugins()
    again = command(["resume", str(spec.folder)])
    return run_plan(Plan([spec]), command=again, debug="--debug" in given, is_resumed=True)


def _show(line: CommandLine, package: str) -> int:
    from tunekit.cli.config_page import show_config
    from tunekit.config.composition.compose import compose

    return show_config(compose(line), package, resolve="--resolve" in line.own)


def _run(line: CommandLine, given: Sequence[str]) -> int:
    from tunekit.cli.run import run_plan
    from tunekit.config.planning import plan_command

    plan = plan_command(line)
    report_broken_plugins()
    again, debug = command(given), "--debug" in line.own
    if plan.launcher is not None and plan.specs:
        from tunekit.cli.launch import launch_plan

        return launch_plan(plan, plan.launcher, command=again, debug=debug)
    if plan.until is not None and plan.specs:
        from tunekit.cli.run_until import run_until

        return run_until(plan, plan.until, command=again, debug=debug)
    return run_plan(plan, command=again, debug=debug) if plan.specs else 0


def _refuse(message: str, debug: bool) -> int:
    if debug:
        print_stderr(traceback.format_exc())
    print_stderr(message, style="red")
    return REFUSED
