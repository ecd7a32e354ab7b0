"""Connections to AWS, kept so that an interruption does no harm.

urllib3 keeps them in a ``queue.LifoQueue``, whose lock is taken by code in Python. An interruption after that, and
before the block that releases it, leaves it taken: who is interrupted waits for it forever, and at exit again.
"""

from __future__ import annotations

import queue
from collections import deque
from typing import Any


class PoolQueue:
    """What a pool of connections keeps them in: the newest first, without a lock, and without waiting.

    Args:
        maxsize: Connections at most; a few more where threads give them back at the same time.
    """

    def __init__(self, maxsize: int) -> None:
        self._maxsize = maxsize
        self._kept: deque[Any] = deque()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take the newest.

        Raises:
            queue.Empty: If there is none.
        """
        try:
            return self._kept.pop()
        except IndexError:
            raise queue.Empty from None

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Keep one.

        Raises:
            queue.Full: If as many are there as may be.
        """
        if len(self._kept) >= self._maxsize:
            raise queue.Full
        self._kept.append(item)

    def qsize(self) -> int:
        """How many there are."""
        return len(self._kept)


def survive_interruptions() -> None:
    """From now on, in this process: have all pools of botocore that are made keep their connections so."""
    from botocore.awsrequest import AWSHTTPConnectionPool, AWSHTTPSConnectionPool

    AWSHTTPConnectionPool.QueueCls = PoolQueue
    AWSHTTPSConnectionPool.QueueCls = PoolQueue
