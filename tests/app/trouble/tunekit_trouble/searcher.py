import os
import signal
import time

from tunekit_core.builtin.random_search import RandomSearch


class Trouble(RandomSearch):
    """Random search that waits, breaks or dies.

    Every run adds a line with its seed to the file TROUBLE_LOG, and breaks or dies only while TROUBLE is set.
    """

    name = "trouble"

    def __init__(
        self,
        problem,
        streams,
        *,
        seconds: float = 0.0,
        breaks_at: int | None = None,
        dies_at: int | None = None,
        breaks_when_built: bool = False,
    ):
        super().__init__(problem, streams)
        self._seconds = seconds
        self._breaks_at = breaks_at
        self._dies_at = dies_at
        if breaks_when_built:
            raise ZeroDivisionError("built by zero")

    def suggest(self, trial_id, *, resource):
        if trial_id == 0:
            self._make_trouble()
        return super().suggest(trial_id, resource=resource)

    def _make_trouble(self):
        if "TROUBLE_LOG" in os.environ:
            with open(os.environ["TROUBLE_LOG"], "a") as log:
                log.write(f"{self.streams.seed}\n")
        time.sleep(self._seconds)
        if "TROUBLE" in os.environ and self.streams.seed == self._breaks_at:
            raise ZeroDivisionError("divided by zero")
        if "TROUBLE" in os.environ and self.streams.seed == self._dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
