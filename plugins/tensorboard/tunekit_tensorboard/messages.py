"""What an experiment tells TensorBoard, as the messages that it reads.

They are built and framed with tensorboardX, but not written by its ``SummaryWriter``: that has two threads and a queue
for every run, and when a disk is full its thread dies and the next writers wait for ever.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from numbers import Real
from typing import Any

from tunekit_core import Status


@contextmanager
def _without_torch() -> Iterator[None]:
    """Keep tensorboardX from importing torch, as it does where it can: seconds and 200 MB for what is not used here."""
    if "torch" in sys.modules:
        yield
        return
    sys.modules["torch"] = None  # type: ignore[assignment]  # makes `import torch` an ImportError
    try:
        yield
    finally:
        del sys.modules["torch"]


with _without_torch():
    from tensorboardX.proto.event_pb2 import (
        Event as Event,  # the other modules of this package import it from here
        SessionLog,
    )
    from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo
    from tensorboardX.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboardX.record_writer import masked_crc32c

HPARAMS_FORMAT = 0
FAILURE, SUCCESS = "STATUS_FAILURE", "STATUS_SUCCESS"


def record(event: Event) -> bytes:
    """An event as it stands in a file: its length, a checksum of that, the message, a checksum of that."""
    data = event.SerializeToString()
    length = struct.pack("<Q", len(data))
    return b"".join([length, _checksum(length), data, _checksum(data)])


def beginning(purge_step: int, time: float) -> list[Event]:
    """The first events of a file.

    Args:
        purge_step: What files before it have at this step or later does not count.
        time: Unix seconds.
    """
    start = SessionLog(status=SessionLog.START)
    version = Event(wall_time=time, file_version="brain.Event:2")
    return [version, Event(wall_time=time, step=purge_step, session_log=start)]


def scalars(values: Mapping[str, Any], step: int, time: float) -> Event:
    """Values to plot; what is no number is left out. Those that are not finite are marked in the plots."""
    numbers = {name: number for name, value in values.items() if (number := _number(value)) is not None}
    summary = Summary(value=[Summary.Value(tag=name, simple_value=number) for name, number in numbers.items()])
    return Event(wall_time=time, step=step, summary=summary)


def hyperparameters(configuration: Mapping[str, Any], time: float) -> Event:
    """What the HPARAMS tab shows of a trial; it finds the metrics itself, the last value of each in the same run."""
    info = SessionStartInfo(start_time_secs=time)
    for name, value in configuration.items():
        if isinstance(value, bool):
            info.hparams[name].bool_value = value
        elif (number := _number(value)) is not None:
            info.hparams[name].number_value = number
        else:
            info.hparams[name].string_value = str(list(value) if isinstance(value, tuple) else value)
    data = HParamsPluginData(version=HPARAMS_FORMAT, session_start_info=info)
    return _of_hparams("_hparams_/session_start_info", data, time)


def ending(status: Status, time: float) -> Event:
    """How a trial ended, for the HPARAMS tab."""
    info = SessionEndInfo(status=FAILURE if status is Status.FAILED else SUCCESS, end_time_secs=time)
    data = HParamsPluginData(version=HPARAMS_FORMAT, session_end_info=info)
    return _of_hparams("_hparams_/session_end_info", data, time)


def _of_hparams(tag: str, data: HParamsPluginData, time: float) -> Event:
    plugin = SummaryMetadata.PluginData(plugin_name="hparams", content=data.SerializeToString())
    value = Summary.Value(tag=tag, metadata=SummaryMetadata(plugin_data=plugin))
    return Event(wall_time=time, summary=Summary(value=[value]))


def _checksum(data: bytes) -> bytes:
    return struct.pack("<I", masked_crc32c(data))


def _number(value: Any) -> float | None:
    try:
        return float(value) if isinstance(value, Real) else None
    except OverflowError:  # a whole number beyond all floats
        return None
