"""What is said of a shard: which runs it has, and at its end what other parts of the sweep lack."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence

from tunekit.config.planning import Plan
from tunekit.config.schema import QUIET
from tunekit.config.shard import OPTION, Shard, divide
from tunekit.config.specs.run_spec import RunSpec
from tunekit.console import plural, print_stderr
from tunekit.runs.run import status_of
from tunekit_core.contracts.status import ExperimentStatus

SHOWN = 5  # shards that are named


def runs_of_shard(plan: Plan) -> Sequence[RunSpec]:
    """The runs that are to be run here; without a shard, all. Prints how many they are."""
    if plan.shard is None:
        return plan.specs
    specs = plan.shard.own(plan.specs)
    if any(spec.verbosity != QUIET for spec in plan.specs):
        print_stderr(f"Shard {plan.shard} has {len(specs)} of {plural(len(plan.specs), 'run')}.")
    return specs


def what_others_miss(plan: Plan, command: str) -> str:
    """What keeps the runs of a sweep from being compared at the end of a shard, and what to type.

    Args:
        plan: What is asked for.
        command: What was typed, to be typed again.

    Returns:
        Sentences; empty without a shard, and where all other shards are complete.
    """
    if plan.shard is None:
        return ""
    of = plan.shard.of
    numbers = divide(plan.specs, of)
    others = [spec for spec in plan.specs if numbers[spec.folder] != plan.shard.number]
    left = Counter(numbers[spec.folder] for spec in others if status_of(spec) is not ExperimentStatus.COMPLETED)
    if not left:
        return ""
    missing = [f"{Shard(number, of)} ({plural(left[number], 'run')})" for number in sorted(left)]
    named = ", ".join(missing[:SHOWN])
    more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    words = [word for word in shlex.split(command) if not word.lstrip("+").startswith(f"{OPTION}=")]
    folders = sorted({str(spec.tag_folder) for spec in plan.specs})
    return (
        f"Shard {plan.shard} has come to its end. Not complete yet: {named}{more}. Type the same command for each of "
        f"them, with {OPTION}={Shard(min(left), of)} first. Once all are complete, any of these commands compares "
        f"them, and so does: {shlex.join(words)}\n"
        f"What there is so far: {shlex.join(['python', '-m', 'tunekit', 'report', *folders])}"
    )
