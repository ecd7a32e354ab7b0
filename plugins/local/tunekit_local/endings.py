"""What the end of a run means, and how it is told to people."""

from __future__ import annotations

import signal

from tunekit_local.supervised_run import Ending
from tunekit_local.supervisor import ASKED, ENDED, NOT_STARTED, TIMEOUT, TUNER_DIED
from tunekit_local.trial_folder import TrialFolder


def was_cut_off(ending: Ending) -> bool:
    """Whether a run was ended because the tuner ended or died, and not by itself or for its time limit."""
    return ending["cause"] in (ASKED, TUNER_DIED)


def has_failed(ending: Ending | None) -> bool:
    """Whether a run that nobody asked to end has failed; ``None`` is one whose supervisor was killed."""
    return ending is None or ending["cause"] != ENDED or ending["exit_code"] != 0


def failure_reason(ending: Ending | None, folder: TrialFolder) -> str:
    """Why a run failed, for people, with the end of what it wrote to its standard error."""
    if ending is None:
        why = "its supervisor was killed, and the script with it"
    elif ending["cause"] == NOT_STARTED:
        why = f"it could not be started: {ending['message']}"
    elif ending["cause"] == TIMEOUT:
        why = "it ran longer than backend.trial_timeout allows"
    elif ending["oom_killed"]:
        why = "the system killed it, since memory ran out"
    elif ending["signal"] is not None:
        why = f"it was ended by {_signal_name(ending['signal'])}"
    else:
        why = f"it ended with exit status {ending['exit_code']}"
    errors = folder.end_of_errors()
    return f"{why}. The end of {folder.stderr}:\n{errors}" if errors else f"{why}. It wrote no errors."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
