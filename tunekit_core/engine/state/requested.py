"""What people have asked of an experiment that runs, as far as it lasts: that nothing new begins, and what to try."""

from __future__ import annotations

from collections import deque

from tunekit_core.engine.event_fields import configuration_of
from tunekit_core.engine.events import Steered
from tunekit_core.engine.steering import Kind
from tunekit_core.space import Configuration


class Requested:
    """Follows what was asked and done.

    Attributes:
        is_held: Whether somebody asked that nothing new is run.
        proposed: Configurations that somebody asked to try and that have not begun, in the order of asking.
        nonces: Those of all requests that were done.
    """

    def __init__(self) -> None:
        self.is_held = False
        self.proposed: deque[Configuration] = deque()
        self.nonces: set[str] = set()

    def do(self, event: Steered) -> None:
        """A request is done. A stop and another end change nothing here: whoever takes the steps acts on them."""
        self.nonces.add(event.nonce)
        if event.kind is Kind.TRY:
            self.proposed.append(configuration_of(event.given["configuration"]))
        elif event.kind in (Kind.PAUSE, Kind.CONTINUE):
            self.is_held = event.kind is Kind.PAUSE

    def begin(self) -> None:
        """A process begins: whoever has an experiment go on wants it to."""
        self.is_held = False

    def start(self, configuration: Configuration) -> None:
        """A trial starts: perhaps the one that was asked for first, which is then not pending any more."""
        if self.proposed and configuration == self.proposed[0]:
            self.proposed.popleft()
