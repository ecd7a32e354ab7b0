"""What people ask of an experiment that runs: to pause, to stop, to get another end, to try a configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Protocol

import attrs

from tunekit_core.contracts.stopping import StoppingCriterion


class Kind(Enum):
    """What is asked of an experiment."""

    PAUSE = "pause"
    CONTINUE = "continue"
    STOP = "stop"
    EXTEND = "extend"
    TRY = "try"


@attrs.frozen
class Request:
    """Something that is asked of an experiment, once.

    Attributes:
        nonce: What no other request has.
        kind: What is asked.
        given: What belongs to it, in values of JSON: the ``configuration`` to try, the options of ``stopping``.
    """

    nonce: str
    kind: Kind
    given: Mapping[str, Any]


class Steering(Protocol):
    """Where requests come from. Only the thread of the tuner calls it.

    Attributes:
        seconds_between_looks: For so long the tuner may wait, on the clock of the backend, before it looks again.
    """

    seconds_between_looks: float

    def requests(self) -> Sequence[Request]:
        """Those that have come since the last call, in their order. It is called very often."""
        ...

    def criteria(self, request: Request) -> Sequence[StoppingCriterion]:
        """What ends the experiment from now on.

        Args:
            request: One to extend it.

        Raises:
            ConfigurationError: If that is no end that it can get.
        """
        ...

    def answer(self, request: Request, refusal: str) -> None:
        """What has become of a request.

        Args:
            request: Which.
            refusal: Why it was refused; empty if it was carried out, and is recorded.
        """
        ...
