"""A socket on which scripts and supervisors say that there is something to read.

A notice names a path. It may be lost, so a process that waits for one also looks at the files from time to time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import socket
from pathlib import Path

from tunekit_local.sockets import bind, remove

LONGEST_NOTICE = 4096
MOST = 1000  # that are read at a time
MANY = 8  # Linux queues ten datagrams unless told otherwise, and senders do not wait: more may have been lost


class Notices:
    """The socket of one experiment. A process that goes on with the experiment has the same address if it can.

    Args:
        folder: Of the experiment. The socket is not in it, since addresses may have no more than some 100 bytes.

    Attributes:
        address: Path of the socket.
    """

    def __init__(self, folder: Path) -> None:
        name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.address = bind(self._socket, name)
        self._socket.setblocking(False)
        self._poll = select.poll()  # select.select takes no descriptor above 1023
        self._poll.register(self._socket, select.POLLIN)

    def wait(self, seconds: float) -> tuple[set[str], bool]:
        """Wait for a notice, at most so long.

        Returns:
            What the notices name, and whether some may have been lost.
        """
        paths: set[str] = set()
        n_notices = 0
        self._poll.poll(1000 * max(seconds, 0.0))
        while n_notices < MOST:  # a script may send them faster than they are read
            try:
                notice = self._socket.recv(LONGEST_NOTICE)
            except BlockingIOError:
                break
            paths.add(os.fsdecode(notice))
            n_notices += 1
        return paths, n_notices >= MANY

    def close(self) -> None:
        """Remove the socket. Notices that are sent later are lost."""
        self._socket.close()
        with contextlib.suppress(FileNotFoundError):  # the temporary folder was cleaned
            remove(self.address)
