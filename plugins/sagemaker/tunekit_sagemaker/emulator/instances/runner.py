"""The life of a job: from its start to its end, with what goes wrong on the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from tunekit_sagemaker.emulator.faults import Faults, JobFault
from tunekit_sagemaker.emulator.instances.clients import Clients
from tunekit_sagemaker.emulator.instances.host import Host
from tunekit_sagemaker.emulator.instances.storage import TransferFailed
from tunekit_sagemaker.emulator.job import Job
from tunekit_sagemaker.emulator.settings import Settings

REASONS = {
    "CapacityError": "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different "
    "ML instance type.",
    "InternalServerError": "InternalServerError: We encountered an internal error. Please try again.",
}


@attrs.frozen(kw_only=True)
class Surroundings:
    """What all jobs share.

    Attributes:
        folder: Where instances have their folders.
        temporary: Where they have their temporary folders, which never stay.
        keeps_files: Whether the others stay when a job has ended.
        clients: For S3 and CloudWatch.
        settings: How the emulator behaves.
        faults: What goes wrong on demand.
        endpoint: For a region the variables that lead to the emulator.
        closing: Set when the emulator ends.
    """

    folder: Path
    temporary: Path
    keeps_files: bool
    clients: Clients
    settings: Settings
    faults: Faults
    endpoint: Callable[[str], Mapping[str, str]]
    closing: threading.Event


class Closing(Exception):
    """The emulator ends: the job is left as it is."""


class Runner(threading.Thread):
    """Runs a job. What the emulator has to end is ended by the time that the thread has."""

    def __init__(self, job: Job, surroundings: Surroundings) -> None:
        super().__init__(name=f"job {job.name}", daemon=True)
        self._job = job
        self._all = surroundings
        self._retries = job.request.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0)
        self._hosts: list[Host] = []

    def run(self) -> None:
        """Start it as often as it takes, until it has ended."""
        self._job.on_change(self._job)
        try:
            while not self._attempt():
                pass
        except Closing:
            self._leave_instances()
        except Exception as error:  # a mistake of the emulator: the job must not seem to run for ever
            self._leave_instances()
            self._job.end("Failed", "Failed", f"InternalServerError: the emulator failed: {error!r}")
            raise

    def _attempt(self) -> bool:
        """One start; true if the job has ended with it."""
        self._sleep(0.0 if self._job.reuses_warm_pool else self._all.settings.delays.starting)
        fault = self._all.faults.of_start(self._job.name)
        if self._job.stop_cause is not None:
            return self._end_as_asked()
        if fault is not None:
            return self._failed_for(fault)
        self._job.begin_segment()
        self._job.move("Downloading", "Downloading input data")
        try:
            self._take_instances()
        except TransferFailed as error:
            return self._failed(f"ClientError: Data download failed:{error}")
        self._sleep(self._all.settings.delays.downloading)
        if self._job.stop_cause is not None:
            self._leave_instances()
            return self._end_as_asked()
        self._job.move("Training", "Training image download completed. Training in progress.")
        for host in self._hosts:
            host.start()
        try:
            lost = self._train()
        except TransferFailed as error:
            return self._failed(f"ClientError: Checkpoint upload failed:{error}")
        return self._interrupted(lost) if lost is not None else self._finish()

    def _take_instances(self) -> None:
        for number in range(self._job.instance_count):
            self._hosts.append(self._host(number + 1))
            self._hosts[-1].prepare()

    def _host(self, number: int) -> Host:
        everything = self._all
        endpoint = everything.endpoint(self._job.region)
        settings, closing = everything.settings, everything.closing
        folders = everything.folder, everything.temporary
        return Host(self._job, number, *folders, everything.clients, settings, endpoint, closing)

    def _train(self) -> JobFault | None:
        """Until all processes have ended; the fault for which they were ended, if it was one."""
        job, delays = self._job, self._all.settings.delays
        began = time.time()
        out_of_time = began + job.max_runtime - job.seconds_on_instances(began)
        fault = self._all.faults.of_training(job.name, is_spot=job.is_spot)
        strikes = None if fault is None else began + fault.after
        next_sync, kill_at = began + delays.checkpoint_sync, None
        happened: JobFault | None = None
        while any(host.exit_code is None for host in self._hosts):
            seen, now = self._seen(), time.time()
            self._require_open()
            if now >= next_sync:
                self._sync()
                next_sync = time.time() + delays.checkpoint_sync
            if now >= out_of_time:
                job.ask_to_stop("MaxRuntimeExceeded")
            if job.wait_until is not None and now >= job.wait_until:
                job.ask_to_stop("MaxWaitTimeExceeded")
            if strikes is not None and now >= strikes and job.stop_cause is None:
                happened, strikes = fault, None
            failed = any(host.exit_code for host in self._hosts)
            if kill_at is None and (happened is not None or job.stop_cause is not None or failed):
                kill_at = now + delays.grace
                for host in self._hosts:
                    host.terminate()
            if kill_at is not None and now >= kill_at:
                for host in self._hosts:
                    host.kill()
            moments = [next_sync, out_of_time, job.wait_until, strikes, kill_at]
            self._wait_until(min(moment for moment in moments if moment is not None and moment > now), seen)
        self._sync()
        return happened

    def _seen(self) -> tuple[list[int | None], str | None, bool]:
        """What ``_train`` acts on."""
        return [host.exit_code for host in self._hosts], self._job.stop_cause, self._all.closing.is_set()

    def _wait_until(self, moment: float, seen: object) -> None:
        """Until then, or until there is something else to act on than what was seen."""
        with self._job.changed:
            self._job.changed.wait_for(lambda: self._seen() != seen, max(0.0, moment - time.time()))

    def _sync(self) -> None:
        for host in self._hosts:
            host.sync()

    def _interrupted(self, fault: JobFault) -> bool:
        """The instances are gone: others, or the end."""
        self._leave_instances()
        if fault.kind != "SpotInterruption":
            return self._failed_for(fault.kind)
        self._job.end_segment(time.time())
        self._job.move("Interrupted", "The managed spot training instances were interrupted")
        self._sleep(self._all.settings.delays.interrupted)
        if self._job.stop_cause is not None:
            return self._end_as_asked()
        self._job.move("Starting", "Preparing the instances for training")
        return False

    def _failed_for(self, kind: str) -> bool:
        """A failure that is AWS's: another type of instances or another attempt, where those were asked for."""
        job = self._job
        job.end_segment(time.time())
        preferences = job.request["ResourceConfig"].get("InstancePreferences", [])
        types = [one["InstanceType"] for one in preferences]
        if kind == "CapacityError" and types and types[-1] != job.instance_type:
            following = preferences[types.index(job.instance_type) + 1]
            job.instance_type = following["InstanceType"]
            job.instance_count = following.get("InstanceCount", job.instance_count)
            return False
        if kind == "InternalServerError" and self._retries > 0:
            self._retries -= 1
            job.move("Restarting", "Retrying after an internal error")
            job.move("Starting", "Preparing the instances for training")
            return False
        return self._failed(REASONS[kind])

    def _finish(self) -> bool:
        """All processes have ended: upload what they made."""
        job = self._job
        codes = [host.exit_code for host in self._hosts if host.exit_code]
        failure = next((host.opt_ml.failure() for host in self._hosts if host.exit_code and host.opt_ml.failure()), "")
        failed = job.stop_cause is None and bool(codes)
        job.move("Uploading", "Uploading generated training model")
        self._all.closing.wait(self._all.settings.delays.uploading)  # also of a job that is to stop
        self._require_open()
        try:
            self._upload(with_model=not failed)
        except TransferFailed as error:
            return self._failed(f"ClientError: Artifact upload failed:{error}")
        if failed:
            return self._failed(f"AlgorithmError: {failure[:900]}, exit code: {codes[0]}")
        self._leave_instances()
        if job.stop_cause is not None:
            return self._end_as_asked()
        job.end("Completed", "Completed")
        return True

    def _upload(self, *, with_model: bool) -> None:
        """Of several instances the first says what is the result."""
        job, s3 = self._job, self._all.clients.get("s3", self._job.region)
        output = job.request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        self._hosts[0].put_results(s3, f"{output}/{job.name}/output", with_model=with_model)

    def _failed(self, reason: str) -> bool:
        self._leave_instances()
        self._job.end("Failed", "Failed", reason)
        return True

    def _end_as_asked(self) -> bool:
        self._job.end("Stopped", self._job.stop_cause or "Stopped")
        return True

    def _leave_instances(self) -> None:
        """Kill what runs, and delete its files."""
        for host in self._hosts:
            host.kill()
        with self._job.changed:
            self._job.changed.wait_for(lambda: not any(host.is_running for host in self._hosts), 30.0)
        for host in self._hosts:
            if not self._all.keeps_files:
                host.opt_ml.remove()
        self._hosts = []

    def _sleep(self, seconds: float) -> None:
        """For so long, or until the job is to stop."""
        job, until = self._job, self._job.wait_until
        with job.changed:
            job.changed.wait_for(lambda: job.stop_cause is not None or self._all.closing.is_set(), seconds)
        self._require_open()
        if until is not None and time.time() >= until:
            job.ask_to_stop("MaxWaitTimeExceeded")

    def _require_open(self) -> None:
        if self._all.closing.is_set():
            raise Closing
