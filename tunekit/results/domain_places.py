"""Where the values of a hyperparameter lie on an axis of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunekit_core.space import Domain

UNORDERED = "choice"  # the domain whose values have no order


def places(domain: Domain, values: Sequence[Any]) -> NDArray[np.float64]:
    """Places of n values from 0, the first or smallest value of the domain, to 1, the last or largest.

    They follow the scale of the domain: logarithmic where that is. Categories, and the values of a finite domain that
    are spaced evenly in its scale, are evenly apart.

    Returns:
        An (n,) array; 0 where the domain has a single value.
    """
    if domain.size is None:
        return np.asarray(domain.encode(values)[:, 0])
    if domain.size == 1:
        return np.zeros(len(values))
    if domain.name == "lograndint":
        lower, upper = (float(domain.arguments()[bound]) for bound in ("lower", "upper"))
        return np.asarray(np.log(np.array(values, float) / lower) / np.log(upper / lower))
    return np.array([domain.index_of(value) for value in values], float) / (domain.size - 1)
