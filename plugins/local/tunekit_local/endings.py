"""What the end of a run means, and how it is told to people."""

from __future__ import annotations

import signal
from collections.abc import Iterable

from tunekit_core import Cause, mask_secrets
from tunekit_local.run_process import Ending
from tunekit_local.supervisor import ASKED, NOT_STARTED, TIMEOUT, TOO_MUCH_MEMORY, TUNER_DIED
from tunekit_local.trial_folder import TrialFolder


def cause_of_failure(ending: Ending | None, *, may_end: bool) -> Cause | None:
    """Why a run has failed, if it has.

    ==============================================  =================================================================
    the script ended by itself, before any signal   a failure of the script unless its exit status is 0. Signals of
                                                    others count as its own, and so does running out of memory, which
                                                    would happen again wherever it is begun again
    it could not be started                         a failure of the script: it would not start the next time either
    it was ended for ``trial_timeout``              met a limit, also after it has reported its target: it did not end
    it was killed for ``memory_per_trial``          met a limit as well
    it was ended as the tuner asked or died,        what was decided, whatever its exit status, if it was to end or
    or because others asked the supervisor          has reported its target. Otherwise it was cut off with what it ran
                                                    on: by a tuner that ended or died, or a system that shuts down
    its supervisor is gone and left no word         the same: killed by somebody, or the machine went down. Nothing a
                                                    script does by mistake ends its supervisor
    ==============================================  =================================================================

    Args:
        ending: How it ended; ``None`` if its supervisor is gone.
        may_end: Whether it was to end, or has reported its target.
    """
    if ending is None or ending["cause"] in (ASKED, TUNER_DIED):
        return None if may_end else Cause.INFRASTRUCTURE
    if ending["cause"] in (TIMEOUT, TOO_MUCH_MEMORY):
        return Cause.LIMIT
    return None if ending["exit_code"] == 0 else Cause.SCRIPT


def failure_reason(ending: Ending | None, folder: TrialFolder, run: int, secrets: Iterable[str] = ()) -> str:
    """Why the last run of a trial failed, for people, with the end of what it wrote to its standard error.

    Args:
        ending: How it ended.
        folder: Of the trial.
        run: The run.
        secrets: Texts that are masked, since the reason is recorded and printed.
    """
    if ending is None:
        return "its supervisor was killed, or the machine went down, and the script with it."
    if ending["cause"] in (ASKED, TUNER_DIED):
        return "it was cut off: the tuner ended or died, or the system asked all processes to end."
    if ending["cause"] == NOT_STARTED:
        why = f"it could not be started: {ending['message']}"
    elif ending["cause"] == TIMEOUT:
        why = "it ran longer than backend.trial_timeout allows"
    elif ending["cause"] == TOO_MUCH_MEMORY:
        why = ending["message"]
    elif ending["oom_killed"]:
        why = "it was ended by SIGKILL while memory ran out on this machine"
    elif ending["exit_code"] is None and ending["message"]:
        why = ending["message"]
    elif ending["signal"] is not None:
        why = f"it was ended by {_signal_name(ending['signal'])}"
    else:
        why = f"it ended with exit status {ending['exit_code']}"
    errors = mask_secrets(folder.end_of_errors(run), secrets)
    log = folder.stderr.relative_to(folder.path.parent)  # an experiment that goes on with another end is renamed
    if ending["lost_output"]:
        why = f"{why}. {lost_output(ending)}"
    elif not errors:
        why = f"{why}. It wrote no errors"
    return f"{why}. The end of {log}:\n{errors}" if errors else f"{why}."


def without_report(ending: Ending | None, secrets: Iterable[str] = ()) -> str:
    """Why a run that ended well has failed if nothing was heard of its trial, for people; empty if something was.

    Args:
        ending: How it ended.
        secrets: Texts that are masked.
    """
    unheard = "" if ending is None else mask_secrets(ending["message"], secrets)
    lost = lost_output(ending)
    return "\n".join(filter(None, [unheard, lost]))


def lost_output(ending: Ending | None) -> str:
    """What the logs of a run lack, for people, without a full stop; empty if they lack nothing."""
    if ending is None or not ending["lost_output"]:
        return ""
    return f"Not all that it wrote could be kept ({ending['lost_output']})"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
