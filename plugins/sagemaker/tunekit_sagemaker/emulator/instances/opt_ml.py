"""The folder that is /opt/ml for a job, and how a command gets to see it there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tunekit_core import ConfigurationError
from tunekit_sagemaker.emulator.settings import OptMl

OPT_ML = "/opt/ml"
FOLDERS = ("input/config", "input/data", "model", "output/data", "code")
# A mount namespace with a folder as /opt/ml and a host algo-1, which programs of AWS wait for. /opt is overlaid, so
# that the machine gets no folder; all of it goes with the process. $1 is a folder for the overlay, $2 will be /opt/ml,
# $3 the file of hosts.
NAMESPACE = """
set -e
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work"
mount -t overlay none -o "lowerdir=/opt,upperdir=$1/upper,workdir=$1/work" /opt
mkdir -p /opt/ml
mount --bind "$2" /opt/ml
mount --bind "$3" /etc/hosts
shift 3
exec "$@"
"""


def require_namespaces() -> None:
    """Find out whether a job can have a real /opt/ml here.

    Raises:
        ConfigurationError: If it cannot.
    """
    problem = namespaces_refused()
    if problem:
        text = f"opt_ml='namespace' is not possible here: {problem}. Take opt_ml='relocate'."
        raise ConfigurationError(text, option="opt_ml", value="namespace")


def namespaces_refused() -> str | None:
    """Why the system gives a job no /opt/ml of its own; ``None`` if it does."""
    if shutil.which("unshare") is None or not Path("/opt").is_dir():
        return "there is no program unshare, or no folder /opt"
    script = "d=$(mktemp -d) && mount -t tmpfs none $d && mkdir $d/u $d/w && mount -t overlay none"
    script += " -o lowerdir=/opt,upperdir=$d/u,workdir=$d/w /opt; s=$?; umount $d 2>/dev/null; rmdir $d; exit $s"
    tried = subprocess.run([*_unshare(), "sh", "-c", script], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else tried.stderr.strip() or "unshare fails"


class OptMlFolder:
    """The files of one instance of a job.

    Args:
        folder: A folder of this instance alone; ``ml`` in it is /opt/ml.
        temporary: Another one, with a short name: addresses of sockets are not long.
        mode: How the command gets to see it.
        hosts: Names of all instances of the job.
        host: Name of this one.
    """

    def __init__(self, folder: Path, temporary: Path, mode: OptMl, hosts: list[str], host: str) -> None:
        self._folder = folder
        self._temporary = temporary
        self._mode = mode
        self._hosts = hosts
        self._host = host
        self.ml = folder / "ml"

    def write(self, request: Mapping[str, Any], instance_type: str) -> None:
        """Make the folders, and the files that say what was asked for."""
        for name in FOLDERS:
            (self.ml / name).mkdir(parents=True, exist_ok=True)
        for name in ("work", "home"):
            (self._folder / name).mkdir(exist_ok=True)
        group = {"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": self._hosts}
        mode = request["AlgorithmSpecification"]["TrainingInputMode"]
        self._write_json("hyperparameters", request.get("HyperParameters", {}))
        self._write_json(
            "resourceconfig",
            {
                "current_host": self._host,
                "current_instance_type": instance_type,
                "current_group_name": "homogeneousCluster",
                "hosts": self._hosts,
                "instance_groups": [group],
                "network_interface_name": "eth0",
            },
        )
        self._write_json(
            "inputdataconfig",
            {
                channel["ChannelName"]: {
                    "TrainingInputMode": channel.get("InputMode", mode),
                    "S3DistributionType": "FullyReplicated",
                    "RecordWrapperType": "None",
                }
                for channel in request.get("InputDataConfig", ())
            },
        )

    def inside(self, path: str) -> Path:
        """Where something is that a job finds at a path in /opt/ml."""
        return self.ml / os.path.relpath(path, OPT_ML)

    def command(self, request: Mapping[str, Any]) -> list[str]:
        """What is run: the entry point of the request, or ``train``, which images of AWS have."""
        algorithm = request["AlgorithmSpecification"]
        command = [*algorithm.get("ContainerEntrypoint", ["train"]), *algorithm.get("ContainerArguments", [])]
        if self._mode == "relocate":
            return [part.replace(OPT_ML, str(self.ml)) for part in command]
        overlay, hosts = self._folder / "overlay", self._folder / "hosts"
        overlay.mkdir(exist_ok=True)
        hosts.write_text("".join(f"127.0.0.1 {name}\n" for name in ("localhost", *self._hosts)))
        arguments = [str(overlay), str(self.ml), str(hosts)]
        return [*_unshare(), "sh", "-c", NAMESPACE, "sh", *arguments, *command]

    def environment(self, request: Mapping[str, Any], arn: str, endpoint: Mapping[str, str]) -> dict[str, str]:
        """Variables for the command: what AWS sets, what leads to the emulator, and what the request says."""
        return {
            # The interpreter of the emulator is found as python and python3, as in an image that has what it has.
            "PATH": f"{os.path.dirname(sys.executable)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self._folder / "home"),
            "TMPDIR": str(self._temporary),
            "LANG": "C.UTF-8",
            **endpoint,
            "TRAINING_JOB_NAME": request["TrainingJobName"],
            "TRAINING_JOB_ARN": arn,
            **({"TUNEKIT_OPT_ML": str(self.ml)} if self._mode == "relocate" else {}),
            **request.get("Environment", {}),
        }

    @property
    def work(self) -> Path:
        """Where the command is started."""
        return self._folder / "work"

    def scratch(self, name: str) -> Path:
        """A file that the job does not see."""
        return self._folder / name

    def failure(self) -> str:
        """What the job wrote about its failure."""
        try:
            return (self.ml / "output" / "failure").read_text(errors="replace").strip()
        except OSError:
            return ""

    def remove(self) -> None:
        """Delete all of it."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _write_json(self, name: str, content: Any) -> None:
        (self.ml / "input" / "config" / f"{name}.json").write_text(json.dumps(content))


def _unshare() -> list[str]:
    return ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
