"""What a script is started with: arguments and environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tunekit_core.contracts.benchmarks import Script
from tunekit_core.records.files import as_json
from tunekit_local.trial_folder import TrialFolder

CHECKPOINT_ARGUMENT = "st_checkpoint_dir"
REPORTS, NOTICES = "TUNEKIT_REPORTS", "TUNEKIT_NOTICES"  # read by the Reporter
CONFIGURATION, CHECKPOINT = "TUNEKIT_CONFIGURATION", "TUNEKIT_CHECKPOINT_DIR"
NEGATIVE = re.compile(r"-\d+|-\d*\.\d+")  # what argparse takes for a number rather than an option; not -1e-05


def command_of(script: Script, configuration: Mapping[str, Any], folder: TrialFolder) -> list[str]:
    """The command, with a pair of arguments for every entry of the configuration, and one for the checkpoint."""
    command = list(script.command)
    if script.takes_arguments:
        for name, value in {**configuration, CHECKPOINT_ARGUMENT: str(folder.checkpoint)}.items():
            command += _argument(name, value)
    return command


def environment_of(
    inherited: Mapping[str, str], script: Script, devices: Mapping[str, str], folder: TrialFolder, notices: Path
) -> dict[str, str]:
    """The environment of a script: the user's, that of the benchmark, and where it finds and tells what."""
    return {
        **inherited,
        **devices,
        **script.environment,
        REPORTS: str(folder.reports),
        NOTICES: str(notices),
        CONFIGURATION: str(folder.configuration),
        CHECKPOINT: str(folder.checkpoint),
    }


def _argument(name: str, value: Any) -> list[str]:
    text = value if isinstance(value, str) else str(value) if isinstance(value, bool) else as_json(value)
    # A text that begins with a dash would be taken for the next option, unless it is part of this one.
    takes_for_option = text.startswith("-") and not NEGATIVE.fullmatch(text)
    return [f"--{name}={text}"] if takes_for_option else [f"--{name}", text]
