"""Which GPUs this machine has, and which of them ``CUDA_VISIBLE_DEVICES`` leaves.

GPUs are numbered as nvidia-smi numbers them, by PCI bus. Where all that is said of a GPU is a MIG id, that id stands
for it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence

import attrs

QUERY = ("--query-gpu=index,uuid", "--format=csv,noheader")
LINE = re.compile(r"\s*([0-9]+)\s*,\s*(\S+)\s*")


@attrs.frozen
class Gpu:
    """A GPU of this machine.

    Attributes:
        index: Its number in nvidia-smi.
        uuid: Such as ``GPU-8932f937-d72c-4106-c12f-20bd9faed9f6``.
    """

    index: int
    uuid: str


def find_gpus(environment: Mapping[str, str], *, timeout: float = 10.0) -> tuple[Gpu, ...]:
    """The GPUs that nvidia-smi lists, by index; none if it is missing, fails or hangs.

    Args:
        environment: Where its ``PATH`` comes from, and what it runs in.
        timeout: Seconds after which it counts as hanging.
    """
    program = shutil.which("nvidia-smi", path=environment.get("PATH", os.defpath))
    if program is None:
        return ()
    try:
        process = subprocess.Popen(
            [program, *QUERY],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environment),
            encoding="utf-8",
            errors="replace",
        )
    except OSError:
        return ()
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        assert process.stdout is not None
        process.stdout.close()
        # Not waited for here, as subprocess.run would: with a broken driver it hangs in the kernel, where no signal
        # reaches it.
        threading.Thread(target=process.wait, daemon=True).start()
        return ()
    if process.returncode != 0:
        return ()
    lines = (LINE.fullmatch(line) for line in output.splitlines())
    return tuple(sorted((Gpu(int(line[1]), line[2]) for line in lines if line), key=lambda gpu: gpu.index))


def visible_gpus(gpus: Sequence[Gpu], visible: str | None) -> tuple[str, ...]:
    """What ``CUDA_VISIBLE_DEVICES`` leaves of the GPUs, as CUDA reads it, in the order of their indices.

    The first invalid entry ends the list: an index or UUID that does not exist, an abbreviated UUID that fits
    several GPUs, an entry of another kind than the first. With a device that is listed twice, CUDA sees none.
    Unlike CUDA without ``CUDA_DEVICE_ORDER=PCI_BUS_ID``, which counts the fastest GPU first, an index is always
    that of nvidia-smi: the order by speed cannot be known without loading CUDA.

    Args:
        gpus: All that there are. Without any, nothing is visible.
        visible: The value; ``None`` leaves all.

    Returns:
        Indices as text; MIG ids as they are, in the order given, unchecked.
    """
    if visible is None or not gpus:
        return tuple(str(gpu.index) for gpu in gpus)
    entries = [entry.strip() for entry in visible.split(",")]
    kind = entries[0][:4]
    left: list[str] = []
    for entry in entries:
        if kind == "MIG-":
            fitting = [entry] if entry.startswith(kind) else []
        elif kind == "GPU-":
            fitting = [str(gpu.index) for gpu in gpus if entry.startswith(kind) and gpu.uuid.startswith(entry)]
        else:
            fitting = [str(gpu.index) for gpu in gpus if re.fullmatch("[0-9]+", entry) and gpu.index == int(entry)]
        if len(fitting) != 1:
            break
        left += fitting
    if len(set(left)) < len(left):
        return ()
    return tuple(left if kind == "MIG-" else sorted(left, key=int))
