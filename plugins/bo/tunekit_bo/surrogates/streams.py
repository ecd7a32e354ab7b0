"""Random numbers of one searcher."""

from __future__ import annotations

import attrs
import numpy as np

from tunekit_core import Streams


@attrs.frozen
class NamedStreams:
    """Streams of random numbers that belong to one searcher: their names begin with its own.

    Attributes:
        streams: The random numbers of the experiment.
        owner: Name of the searcher.
    """

    streams: Streams
    owner: str

    def generator(self, purpose: str, index: int) -> np.random.Generator:
        """A generator for one purpose, such as ``"candidates"``, and one trial or count of observations."""
        return self.streams.generator(f"{self.owner}/{purpose}", index)
