"""SageMaker on this machine: a server for all services in one, and jobs that are its processes."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies_environment

from tunekit_core import ConfigurationError
from tunekit_sagemaker.emulator.account import Account
from tunekit_sagemaker.emulator.api.application import Front
from tunekit_sagemaker.emulator.api.calls import Call
from tunekit_sagemaker.emulator.api.control_plane import ControlPlane
from tunekit_sagemaker.emulator.faults import Faults, JobFaultKind
from tunekit_sagemaker.emulator.instances.clients import Clients
from tunekit_sagemaker.emulator.instances.opt_ml import require_namespaces
from tunekit_sagemaker.emulator.instances.runner import Runner, Surroundings
from tunekit_sagemaker.emulator.job import Job
from tunekit_sagemaker.emulator.server import make_server, moto_application
from tunekit_sagemaker.emulator.settings import Delays, OptMl, Settings

if TYPE_CHECKING:
    from types import TracebackType

    from werkzeug.serving import BaseWSGIServer

REGION = "us-east-1"  # where a bucket needs no location
ROLE = "AmazonSageMaker-ExecutionRole-emulator"
SECONDS_BETWEEN_LOOKS = 0.05  # of the server, whether it is to end
_in_use = threading.Lock()  # moto's state belongs to the process


class Emulator:
    """SageMaker, S3, CloudWatch and what else moto has, at one address of this machine.

    A context manager: jobs run as processes of this user while it is open, and all of them end with it, also if this
    process is killed. There can be one at a time in a process.

    Args:
        folder: Where jobs have their files, which stay; without one they are in a temporary folder.
        port: Of the address; 0 takes a free one.
        opt_ml: ``"relocate"`` or ``"namespace"``: how a job gets to see ``/opt/ml``, see ``Settings``.
        delays: How long things take.
        quotas: Instances of a type that may be in use at the same time.
        default_quota: The same for types that ``quotas`` does not name.
        on_change: Called with a job whenever its secondary status has changed, in a thread of the emulator.

    Attributes:
        settings: All of it that can be changed while it runs.
    """

    def __init__(
        self,
        *,
        folder: str | Path | None = None,
        port: int = 0,
        opt_ml: OptMl = "relocate",
        delays: Delays | None = None,
        quotas: Mapping[str, int] | None = None,
        default_quota: int = 20,
        on_change: Callable[[Job], None] = lambda job: None,
    ) -> None:
        self.settings = Settings(
            delays=delays or Delays(), quotas=dict(quotas or {}), default_quota=default_quota, opt_ml=opt_ml
        )
        self._folder = None if folder is None else Path(folder)
        self._port = port
        self._on_change = on_change
        self._account = Account(self.settings)
        self._faults = Faults()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._runners: list[Runner] = []
        self._clean = contextlib.ExitStack()

    def __enter__(self) -> Emulator:
        """Start it.

        Raises:
            ConfigurationError: If what it needs is not installed, its port is taken, or jobs can't have a real /opt/ml.
        """
        moto = moto_application()
        if self.settings.opt_ml == "namespace":
            require_namespaces()
        if not _in_use.acquire(blocking=False):
            raise ConfigurationError("There is an emulator in this process already, and can be one: close that first.")
        with contextlib.ExitStack() as clean:
            clean.callback(_in_use.release)
            self._temporary = self._make_temporary(clean)
            self._jobs_folder = self._make_folder()
            control_plane = ControlPlane(self._account, self.settings, self._start_job, self._on_change)
            self._front = Front(moto, control_plane, self._faults, self._closing)
            self._server = self._serve(clean)
            self._clients = Clients(self.url, self._front.access_key, self._front.own_agent)
            clean.callback(self._clients.close)
            clean.callback(self._end_jobs)
            self._reset(moto)
            self._make_role()
            self._clean = clean.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End all jobs, and leave nothing."""
        self._closing.set()
        self._clean.close()

    @property
    def url(self) -> str:
        """Address for all services."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the environment with which boto3, the SDK and the AWS CLI use the emulator."""
        return {**self._endpoint(), "AWS_DEFAULT_REGION": REGION, **_past_proxies()}

    @property
    def role(self) -> str:
        """A role for jobs, found like that of a notebook."""
        return f"arn:aws:iam::123456789012:role/service-role/{ROLE}"

    @property
    def calls(self) -> list[Call]:
        """All API calls so far, but those of the emulator itself."""
        return list(self._front.calls)

    @property
    def jobs(self) -> list[Job]:
        """All jobs, in the order in which they were created."""
        return self._account.all_jobs()

    @property
    def log_delay(self) -> float:
        """Seconds from a line that a job writes to the event in its log."""
        return self.settings.log_delay

    @log_delay.setter
    def log_delay(self, seconds: float) -> None:
        self.settings.log_delay = seconds

    @property
    def cut_events_at(self) -> int:
        """Characters of the longest event; a longer line becomes several."""
        return self.settings.cut_events_at

    @cut_events_at.setter
    def cut_events_at(self, length: int) -> None:
        self.settings.cut_events_at = length

    def add_fault(self, operation: str, code: str, times: int = 1, after: int = 0) -> None:
        """Have calls fail, see ``Faults.add_fault``."""
        self._faults.add_fault(operation, code, times, after)

    def add_job_fault(self, pattern: str, kind: JobFaultKind, times: int = 1, after: float = 0.0) -> None:
        """Have jobs fail for reasons that are not theirs, see ``Faults.add_job_fault``."""
        self._faults.add_job_fault(pattern, kind, times, after)

    def _make_temporary(self, clean: contextlib.ExitStack) -> Path:
        folder = tempfile.mkdtemp(prefix="tunekit-sagemaker-")
        clean.callback(shutil.rmtree, folder, ignore_errors=True)
        return Path(folder).resolve()

    def _make_folder(self) -> Path:
        if self._folder is None:
            return self._temporary
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder.resolve()

    def _serve(self, clean: contextlib.ExitStack) -> BaseWSGIServer:
        server = make_server(self._port, self._front)
        clean.callback(server.server_close)
        thread = threading.Thread(
            target=server.serve_forever, args=(SECONDS_BETWEEN_LOOKS,), name="emulator", daemon=True
        )
        thread.start()
        clean.callback(thread.join)
        clean.callback(server.shutdown)
        return server

    def _reset(self, moto: Any) -> None:
        """Forget what another emulator in this process has left in moto."""
        from werkzeug.test import Client

        Client(moto).post("/moto-api/reset").close()

    def _make_role(self) -> None:
        self._clients.get("iam", REGION).create_role(
            Path="/service-role/", RoleName=ROLE, AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}'
        )

    def _start_job(self, job: Job) -> None:
        surroundings = Surroundings(
            folder=self._jobs_folder,
            temporary=self._temporary,
            keeps_files=self._folder is not None,
            clients=self._clients,
            settings=self.settings,
            faults=self._faults,
            endpoint=lambda region: {**self._endpoint(), "AWS_REGION": region},
            closing=self._closing,
        )
        runner = Runner(job, surroundings)
        with self._lock:
            self._runners = [one for one in self._runners if one.is_alive()]
            self._runners.append(runner)
            runner.start()  # within the lock: one that has not begun is not alive

    def _end_jobs(self) -> None:
        self._closing.set()
        for job in self.jobs:
            with job.changed:
                job.changed.notify_all()
        with self._lock:
            runners = list(self._runners)
        for runner in runners:
            runner.join()

    def _endpoint(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self._front.access_key,
            "AWS_SECRET_ACCESS_KEY": "emulator",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def _past_proxies() -> dict[str, str]:
    """Where this process uses a proxy: variables by which the emulator is reached without it."""
    if not getproxies_environment():
        return {}
    return {name: ",".join(filter(None, [os.environ.get(name), "127.0.0.1"])) for name in ("NO_PROXY", "no_proxy")}
