"""A benchmark that trains in this process: which settings of zlib compress text best."""

from __future__ import annotations

import hashlib
import os
import zlib
from pathlib import Path
from typing import Any, ClassVar

from tunekit_core import NO_OPTIONS, Benchmark, Configuration, Objective, SearchSpace, choice, randint
from tunekit_threads.threads import ReportTo

PARTS, SIZE = 9, 100_000  # of the text, and bytes of each
STRATEGIES = {"default": zlib.Z_DEFAULT_STRATEGY, "filtered": zlib.Z_FILTERED, "rle": zlib.Z_RLE}


class Zlib(Benchmark):
    """Compress the source of Python's own library as small as zlib can, part by part."""

    name: ClassVar[str] = "zlib"
    space = SearchSpace(
        {"level": randint(1, 9), "memory": randint(1, 9), "window": randint(9, 15), "strategy": choice([*STRATEGIES])}
    )
    objective = Objective("ratio", "min", resource="part")
    max_resource = PARTS
    max_wallclock_time = 60.0
    metrics = frozenset({"ratio", "part"})

    def __init__(self, options: Any = NO_OPTIONS) -> None:
        super().__init__(options)
        files = sorted(Path(os.__file__).parent.glob("*.py"))
        self._text = b"".join(file.read_bytes() for file in files)[: PARTS * SIZE]
        self.data_hash = hashlib.sha256(self._text).hexdigest()

    def train(self, configuration: Configuration, report: ReportTo) -> None:
        """Compress, and report after each part what is left of the text: that part, and the rest as it is."""
        level, memory, window = (configuration[name] for name in ("level", "memory", "window"))
        compress = zlib.compressobj(level, zlib.DEFLATED, window, memory, STRATEGIES[configuration["strategy"]])
        written = 0
        for part in range(1, PARTS + 1):
            written += len(compress.compress(self._text[(part - 1) * SIZE : part * SIZE]))
            written += len(compress.flush(zlib.Z_SYNC_FLUSH))
            report({"part": part, "ratio": (written + len(self._text) - part * SIZE) / len(self._text)})
