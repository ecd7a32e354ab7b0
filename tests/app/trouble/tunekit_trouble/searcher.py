import os
import signal
import time

import attrs

from tunekit_core import option
from tunekit_core.builtin.random_search import RandomSearch


@attrs.frozen(kw_only=True)
class TroubleOptions:
    """When there is trouble."""

    seconds: float = option(0.0, help="Seconds that the first suggestion takes.", at_least=0)
    breaks_at: int | None = option(None, help="The seed of the run that raises an error.")
    dies_at: int | None = option(None, help="The seed of the run that kills its process.")
    breaks_when_built: bool = option(False, help="Whether it cannot be built.")


class Trouble(RandomSearch):
    """Random search that waits, breaks or dies.

    Every run adds a line with its seed to the file TROUBLE_LOG, and breaks or dies only while TROUBLE is set. Those
    from the seed HANGS_FROM on wait until somebody ends them. While SIGNALLED_AT_END is set, the whole group gets a
    SIGTERM when the worker of a run has ended it and is about to hold signals back, and while SIGNALLED_IN_DEL is, when
    a run removes an object, before it waits.
    """

    name = "trouble"
    Options = TroubleOptions

    def __init__(self, problem, streams, options):
        super().__init__(problem, streams, options)
        self._options = options
        if options.breaks_when_built:
            raise ZeroDivisionError("built by zero")

    def suggest(self, trial_id, *, resource):
        if trial_id == 0:
            self._make_trouble()
        return super().suggest(trial_id, resource=resource)

    def _make_trouble(self):
        if "TROUBLE_LOG" in os.environ:
            with open(os.environ["TROUBLE_LOG"], "a") as log:
                log.write(f"{self.streams.seed}\n")
        hangs = self.streams.seed >= int(os.environ.get("HANGS_FROM", 1_000_000))
        if "SIGNALLED_AT_END" in os.environ:
            signal.pthread_sigmask = signalled_first(signal.pthread_sigmask)
        if "SIGNALLED_IN_DEL" in os.environ:
            SignalsWhenRemoved()
        time.sleep(600 if hangs else self._options.seconds)
        if "TROUBLE" in os.environ and self.streams.seed == self._options.breaks_at:
            raise ZeroDivisionError("divided by zero")
        if "TROUBLE" in os.environ and self.streams.seed == self._options.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)


class SignalsWhenRemoved:
    def __del__(self):
        os.killpg(0, signal.SIGTERM)


def signalled_first(set_mask):
    def signalled(how, signals):
        signal.pthread_sigmask = set_mask
        os.killpg(0, signal.SIGTERM)
        return set_mask(how, signals)

    return signalled
