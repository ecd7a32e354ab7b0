"""Values as JSON, whatever they are."""

import datetime
from pathlib import Path

import numpy as np
import pytest

from tunekit_core import as_json
from tunekit_core.json_text import finite


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32(0.5), "0.5"),
        (np.longdouble(0.5), "0.5"),
        (np.int64(3), "3"),
        (np.bool_(True), "true"),
        (np.str_("a"), '"a"'),
        (np.datetime64("2024-05-01"), '"2024-05-01"'),
        (np.complex128(1j), '"1j"'),
        (np.clongdouble(1j), '"1j"'),
        (np.zeros(2), '"[0. 0.]"'),
        (datetime.date(2024, 5, 1), '"2024-05-01"'),
        (Path("a"), '"a"'),
        ({1: 2, None: 3}, '{"1": 2, "null": 3}'),
        ({("a", 1): {("b",): np.float32(0.5)}}, "{\"('a', 1)\": {\"('b',)\": 0.5}}"),
        ([{np.int64(3): 1}], '[{"3": 1}]'),
    ],
)
def test_numbers_are_numbers_and_what_json_does_not_know_is_text(value, text):
    assert as_json(value) == text


def test_what_is_not_finite_is_none_however_deep():
    value = {"a": [float("nan"), (1.5, {"b": float("-inf")})], "c": True, "d": "inf", "e": 3}
    assert finite(value) == {"a": [None, [1.5, {"b": None}]], "c": True, "d": "inf", "e": 3}
