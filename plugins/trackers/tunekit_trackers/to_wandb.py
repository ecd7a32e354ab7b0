"""Weights & Biases. The library is imported where it is used, since it need not be installed."""

from __future__ import annotations

import netrc
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tunekit_core import ConfigurationError
from tunekit_trackers.messages import Outcome, Point, Run

WITHOUT_KEY = ("offline", "disabled", "dryrun")  # modes
EXIT_CODE = {Outcome.FINISHED: 0, Outcome.FAILED: 1, Outcome.INTERRUPTED: 255}
MAX_TAG = 64  # characters


def check_key() -> None:
    """See that Weights & Biases will not ask for a key, which nobody could type while an experiment runs.

    Raises:
        ConfigurationError: If it would.
    """
    import wandb

    settings = wandb.setup().settings
    if settings.mode in WITHOUT_KEY or _has_key(settings):
        return
    raise ConfigurationError(
        f"The observer 'wandb' has no key for {settings.base_url}. Type: wandb login, or, to keep the run on this "
        "machine and send it later with 'wandb sync', export WANDB_MODE=offline",
        option="observers.wandb",
    )


class WandbTracker:
    """Tells Weights & Biases, which has a process of its own that keeps what cannot be sent yet.

    Args:
        project: The name of the project; ``None`` takes that of the environment variable.
    """

    def __init__(self, project: str | None) -> None:
        import wandb

        self._wandb = wandb
        self._project = project or os.environ.get("WANDB_PROJECT") or "tunekit"
        self._runs: dict[str, Any] = {}  # those that are open, by key

    def open(self, run: Run) -> None:
        begun = self._wandb.init(
            project=self._project,
            id=run.key,
            name=run.name,
            group=run.group,
            job_type="experiment" if run.parent is None else "trial",
            config=_plain(run.config),
            tags=[f"{name}={value}"[:MAX_TAG] for name, value in run.tags.items()],
            resume="allow",
            reinit="create_new",  # what the program of a user has begun itself goes on
            settings=self._wandb.Settings(
                console="off",  # standard output belongs to the experiment
                silent=True,
                x_disable_meta=True,  # it would send what was typed, secrets included
            ),
            allow_val_change=True,
        )
        begun.define_metric("*", step_metric=run.step)  # its own steps could not go back to where a record ends
        self._runs[run.key] = begun

    def plot(self, run: Run, points: Sequence[Point]) -> None:
        for point in points:
            self._runs[run.key].log({**point.values(), run.step: point.step})

    def state(self, run: Run, values: Mapping[str, Any]) -> None:
        self._runs[run.key].summary.update(_plain(values))

    def end(self, run: Run, outcome: Outcome) -> None:
        self._runs.pop(run.key).finish(exit_code=EXIT_CODE[outcome])


def _has_key(settings: Any) -> bool:
    if settings.api_key or os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    named = os.environ.get("NETRC")
    paths = [Path(named)] if named else [Path.home() / ".netrc", Path.home() / "_netrc"]
    host = urlsplit(settings.base_url).hostname or ""
    return any(_has_entry(path.expanduser(), host) for path in paths)


def _has_entry(path: Path, host: str) -> bool:
    try:
        return host in netrc.netrc(path).hosts
    except (OSError, netrc.NetrcParseError):
        return False


def _plain(values: Any) -> Any:
    """The values as dicts and lists."""
    if isinstance(values, Mapping):
        return {str(name): _plain(value) for name, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [_plain(value) for value in values]
    return values
