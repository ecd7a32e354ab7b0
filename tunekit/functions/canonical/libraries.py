"""What holds addresses or random identifiers where it is copied: arrays, tensors, functions that libraries make.

None of the libraries is imported here.
"""

from __future__ import annotations

import sys
from typing import Any

from tunekit.functions.canonical.form import Form, Undescribable, known_value
from tunekit.functions.canonical.names import class_name, is_a

_HELD_APART = "OT"  # kinds whose elements are objects, or texts of any length, that lie elsewhere


def form_of_library_object(value: object) -> Form | None:
    """Describe an array, a tensor, a function of Numba or a validator of Pydantic; None for everything else."""
    try:
        return _form(value)
    except Undescribable:
        raise
    except Exception as error:  # whatever a library raises
        raise Undescribable(f"{type(error).__name__}: {error}") from error


def _form(value: Any) -> Form | None:
    numpy = sys.modules.get("numpy")
    if numpy and type(value) is numpy.ndarray:
        return _form_of_ndarray("array", value, numpy, has_identity=True)
    if numpy and is_a(value, numpy.generic) and type(value).__module__ == "numpy":
        return _form_of_ndarray("scalar", numpy.asarray(value), numpy, has_identity=False)
    if numpy and is_a(value, numpy.ufunc):
        return _form_of_ufunc(value)
    torch = sys.modules.get("torch")
    if torch and type(value) is torch.Tensor:
        return _form_of_tensor(value, torch)
    if torch and (is_a(value, torch.UntypedStorage) or is_a(value, torch.storage.TypedStorage)):
        raise Undescribable("what PyTorch writes of it holds an address")
    numba = sys.modules.get("numba.core.dispatcher")
    if numba and is_a(value, numba.Dispatcher):
        parts = [("compiles a function", value.py_func), ("has options", value.targetoptions)]
        return Form("compiled function", class_name(type(value)), parts)
    pydantic = sys.modules.get("pydantic._internal._decorators")
    if pydantic and is_a(value, pydantic.Decorator):  # such as a validator; it also knows the address of its class
        return Form("decorated", value.cls_var_name, [("has a function", value.func), ("has options", value.info)])
    return None


def _form_of_ndarray(kind: str, array: Any, numpy: Any, *, has_identity: bool) -> Form:
    facts = (str(array.dtype), array.shape)
    if array.dtype.names:  # between its fields may lie bytes that were never set
        fields = [(("has the field `{}`", name), array[name]) for name in array.dtype.names]
        return Form(kind, facts, fields, has_identity)
    if array.dtype.hasobject or array.dtype.kind in _HELD_APART:
        items = ((("holds the item {}", i), item) for i, item in enumerate(array.ravel().tolist()))
        return Form(kind, facts, items, has_identity)
    if array.dtype.char in "gG":  # long doubles, which are stored in more bytes than they have
        return Form(kind, (*facts, tuple(map(repr, array.ravel()))), (), has_identity)
    content = memoryview(numpy.ascontiguousarray(array).reshape(-1).view(numpy.uint8))
    return Form(kind, facts, (), has_identity, content)


def _form_of_ufunc(ufunc: Any) -> Form:
    if ufunc.__name__.endswith(" (vectorized)"):  # numpy.frompyfunc does not give back what it was given
        raise Undescribable("the function inside it cannot be seen")
    return known_value("ufunc", (ufunc.__name__, ufunc.nin, ufunc.nout, tuple(ufunc.types)))


def _form_of_tensor(tensor: Any, torch: Any) -> Form | None:
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.device.type == "meta":
        return None
    facts = (str(tensor.dtype), tuple(tensor.shape), tensor.device.type, tensor.requires_grad)
    plain = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous().reshape(-1).view(torch.uint8)
    return Form("tensor", facts, content=memoryview(plain.numpy()))
