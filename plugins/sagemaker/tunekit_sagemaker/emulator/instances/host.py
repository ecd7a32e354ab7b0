"""One instance of a job: its files, its process and its log."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tunekit_sagemaker.emulator.instances import supervisor
from tunekit_sagemaker.emulator.instances.clients import Clients
from tunekit_sagemaker.emulator.instances.log_stream import LogStream
from tunekit_sagemaker.emulator.instances.opt_ml import OptMlFolder
from tunekit_sagemaker.emulator.instances.storage import CheckpointSync, TransferFailed, fetch, put_archive
from tunekit_sagemaker.emulator.job import Job
from tunekit_sagemaker.emulator.settings import Settings

CHECKPOINTS = "/opt/ml/checkpoints"  # where a request does not say otherwise
_numbers = itertools.count()


class Host:
    """An instance. Its process is started by ``start``, after ``prepare``.

    Args:
        job: Whose it is.
        number: From 1 to the number of instances.
        folder: Where instances have their folders.
        temporary: Where they have their temporary ones.
        clients: For S3 and CloudWatch.
        settings: How the emulator behaves.
        endpoint: Variables that lead to the emulator.
        closing: Set when the emulator ends.

    Attributes:
        exit_code: Of the process; ``None`` until it has ended.
    """

    def __init__(
        self,
        job: Job,
        number: int,
        folder: Path,
        temporary: Path,
        clients: Clients,
        settings: Settings,
        endpoint: Mapping[str, str],
        closing: threading.Event,
    ) -> None:
        self._job = job
        self._name = f"algo-{number}"
        hosts = [f"algo-{one + 1}" for one in range(job.instance_count)]
        one_of_all = next(_numbers)
        own, short = folder / f"{job.name}-{one_of_all}", temporary / f"tmp-{one_of_all}"
        for each in (own, short):
            each.mkdir(parents=True)
        self.opt_ml = OptMlFolder(own, short, settings.opt_ml, hosts, self._name)
        self._clients = clients
        self._settings = settings
        self._endpoint = endpoint
        self._closing = closing
        self._process: subprocess.Popen[bytes] | None = None
        config = job.request.get("CheckpointConfig")
        self._sync: CheckpointSync | None = None
        if config is not None:
            local = self.opt_ml.inside(config.get("LocalPath", CHECKPOINTS))
            self._sync = CheckpointSync(clients.get("s3", job.region), config["S3Uri"], local)
        self.exit_code: int | None = None

    def prepare(self) -> None:
        """Write its files, and fetch channels and checkpoints.

        Raises:
            TransferFailed: If they cannot be fetched, or a channel is empty.
        """
        request, s3 = self._job.request, self._clients.get("s3", self._job.region)
        self.opt_ml.write(request, self._job.instance_type)
        for channel in request.get("InputDataConfig", ()):
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
            folder = self.opt_ml.inside(f"/opt/ml/input/data/{channel['ChannelName']}")
            folder.mkdir()
            if not fetch(s3, uri, folder):
                raise TransferFailed(f"Please ensure that there is at least one object under {uri}")
        if self._sync is not None:
            self._sync.fetch()

    def start(self) -> None:
        """Start the process."""
        request = self._job.request
        out, into = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", supervisor.__file__, *self.opt_ml.command(request)],
                stdin=subprocess.PIPE,
                stdout=into,
                stderr=into,
                cwd=self.opt_ml.work,
                env=self.opt_ml.environment(request, self._job.arn, self._endpoint),
                start_new_session=True,  # so that Ctrl-C on a terminal reaches the emulator alone
            )
        finally:
            os.close(into)
        stream = f"{self._job.name}/{self._name}-{int(time.time() * 1000)}"
        LogStream(self._job, stream, out, self._clients, self._settings, self._closing, self._ended).start()

    def terminate(self) -> None:
        """Send SIGTERM to the process, and to none that it started: they are those of a container."""
        self._ask(supervisor.TERMINATE)

    def kill(self) -> None:
        """Kill everything in it."""
        self._ask(supervisor.KILL)

    def sync(self) -> None:
        """Bring the checkpoints in S3 up to date.

        Raises:
            TransferFailed: If they cannot be written.
        """
        if self._sync is not None:
            self._sync.push()

    def put_results(self, s3: Any, uri: str, *, with_model: bool) -> None:
        """Upload what it has written.

        Raises:
            TransferFailed: If that is not possible.
        """
        ml = self.opt_ml.ml
        if with_model:
            put_archive(s3, f"{uri}/model.tar.gz", ml / "model", self.opt_ml.scratch("model.tar.gz"))
        put_archive(s3, f"{uri}/output.tar.gz", ml / "output", self.opt_ml.scratch("output.tar.gz"))

    @property
    def is_running(self) -> bool:
        """Whether its process was started and has not ended."""
        return self._process is not None and self.exit_code is None

    def _ask(self, what: bytes) -> None:
        if self._process is not None and self._process.stdin is not None and self.exit_code is None:
            with contextlib.suppress(BrokenPipeError, ValueError):  # it has ended since
                self._process.stdin.write(what)
                self._process.stdin.flush()

    def _ended(self) -> None:
        """Nothing can write to its log any more, so the supervisor has ended or is about to."""
        if self._process is not None and self._process.stdin is not None:
            code = self._process.wait()
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            with self._job.changed:
                self.exit_code = code
                self._job.changed.notify_all()
