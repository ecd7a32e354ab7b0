"""Constants as bytes: equal ones give equal bytes in every process, and others give others."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any


def encoded(value: object) -> bytes | None:
    """The bytes of a constant, or None for what is no constant: what can change, or is of a class that someone wrote.

    Constants are what Python itself shares as it likes: whether two of them are one object says nothing. What the
    bytes begin with tells where they end, so that those of several can follow each other.
    """
    encode = _ENCODERS.get(type(value))
    return encode(value) if encode else None


def _tagged(tag: bytes, content: bytes) -> bytes:
    return b"%s%d:%s" % (tag, len(content), content)


def _integer(value: int) -> bytes:
    return _tagged(b"i", hex(value).encode())  # Python writes no more than some thousands of decimal digits


def _float(value: float) -> bytes:
    return _tagged(b"f", struct.pack(">d", value))  # tells 0.0 from -0.0


def _complex(value: complex) -> bytes:
    return _tagged(b"c", struct.pack(">dd", value.real, value.imag))


def _text(value: str) -> bytes:
    return _tagged(b"s", value.encode("utf-8", "surrogatepass"))


def _joined(tag: bytes, values: Iterable[object]) -> bytes | None:
    parts = []
    for value in values:
        part = encoded(value)
        if part is None:
            return None
        parts.append(part)
    if tag == b"u":
        parts.sort()  # sets are in the order of hashes, which differ from process to process
    return _tagged(tag, b"".join(parts))


_ENCODERS: dict[type, Callable[[Any], bytes | None]] = {
    type(None): lambda value: b"N",
    type(...): lambda value: b"E",
    type(NotImplemented): lambda value: b"M",
    bool: lambda value: b"T" if value else b"F",
    int: _integer,
    float: _float,
    complex: _complex,
    str: _text,
    bytes: lambda value: _tagged(b"b", value),
    range: lambda value: _joined(b"r", (value.start, value.stop, value.step)),
    slice: lambda value: _joined(b"l", (value.start, value.stop, value.step)),
    tuple: lambda value: _joined(b"t", value),
    frozenset: lambda value: _joined(b"u", value),
}
