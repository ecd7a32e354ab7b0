"""The emulator as a command: prints what to type in other shells, and a line whenever a job changes."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tunekit_core import TunekitError
from tunekit_sagemaker.emulator.emulator import Emulator

if TYPE_CHECKING:
    from types import FrameType

    from tunekit_sagemaker.emulator.job import Job

PORT = 5566  # fixed, so that it can be named in a script
REFUSED = 2  # exit status


def main(arguments: Sequence[str]) -> int:
    """Run the emulator until Ctrl-C.

    Args:
        arguments: What was typed after the name of the command.

    Returns:
        Exit status: 0 after Ctrl-C, 2 if it cannot be started, 128 more than the signal after another one.
    """
    parsed = _parser().parse_args(arguments)
    with _signals() as received:
        try:
            with Emulator(
                folder=parsed.folder, port=parsed.port, quotas=dict(parsed.quota), on_change=_tell
            ) as emulator:
                print(_how_to_use(emulator), flush=True)
                received.wait()
                print("All jobs end.", flush=True)
        except TunekitError as error:
            print(error, file=sys.stderr)
            return REFUSED
    return 0 if received.number in (None, signal.SIGINT) else 128 + received.number


class _Received:
    """The first signal that asked for the end; those that follow change nothing, since the end is quick."""

    def __init__(self) -> None:
        self.number: int | None = None
        self._event = threading.Event()

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.number = self.number or number
        self._event.set()

    def wait(self) -> None:
        self._event.wait()


@contextlib.contextmanager
def _signals() -> Iterator[_Received]:
    received = _Received()
    before = {number: signal.signal(number, received) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tunekit sagemaker-emulator",
        description="SageMaker on this machine, to try it without an account: jobs run as processes with your rights.",
    )
    parser.add_argument("--port", type=int, default=PORT, help="port on this machine, 0 for a free one (%(default)s)")
    parser.add_argument(
        "--quota",
        action="append",
        default=[],
        type=_quota,
        metavar="TYPE=NUMBER",
        help="instances of a type that may be in use at the same time, such as ml.m5.large=2; others: 20",
    )
    parser.add_argument("--folder", help="where jobs have their files, which stay (a temporary folder, which does not)")
    return parser


def _quota(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    try:
        return name, int(number)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} has to be TYPE=NUMBER, such as ml.m5.large=2") from None


def _how_to_use(emulator: Emulator) -> str:
    exports = "\n".join(f"export {name}={value}" for name, value in emulator.environment.items())
    return (
        f"SageMaker, S3 and CloudWatch on this machine. In the shell that is to use them, type:\n\n{exports}\n\n"
        f"Jobs run as processes with your rights, under the role {emulator.role}.\n"
        "Nothing stays when this ends: type Ctrl-C.\n"
    )


def _tell(job: Job) -> None:
    """One line for a job that has changed."""
    details = [f"{job.instance_count} x {job.instance_type}"]
    if job.segments and job.segments[-1][1] is not None:
        details.append(f"{job.seconds_on_instances(job.segments[-1][1]):.1f} s on instances")
    if job.failure_reason:
        details.append(" ".join(job.failure_reason.split()))
    print(f"{time.strftime('%H:%M:%S')}  {job.name}  {job.secondary_status}  ({', '.join(details)})", flush=True)
