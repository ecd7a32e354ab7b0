"""What the end of a run means, and how to tell people."""

from __future__ import annotations

import signal

from tunekit_local.process import Ending
from tunekit_local.trial_folder import TrialFolder


def was_cut_off(ending: Ending) -> bool:
    """Whether a run was ended by the death of the tuner, or by its orderly end, rather than for its own sake."""
    return ending["cause"] in ("asked", "tuner died")


def has_failed(ending: Ending | None) -> bool:
    """Whether a run that nobody asked to end has failed; ``None`` is one whose supervisor was killed."""
    return ending is None or ending["cause"] != "ended" or ending["exit_code"] != 0


def describe(ending: Ending | None, folder: TrialFolder) -> str:
    """Why a run failed, with the end of its errors."""
    if ending is None:
        why = "its supervisor was killed, and it with it"
    elif ending["cause"] == "not started":
        why = f"it could not be started: {ending['message']}"
    elif ending["cause"] == "timeout":
        why = "it ran longer than backend.trial_timeout allows"
    elif ending["oom_killed"]:
        why = "the system killed it, since memory ran out"
    elif ending["signal"] is not None:
        why = f"it was ended by {_name(ending['signal'])}"
    else:
        why = f"it ended with exit status {ending['exit_code']}"
    words = folder.last_words()
    return f"{why}. The end of {folder.stderr}:\n{words}" if words else f"{why}. It wrote no errors."


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
