"""Acquisitions added up."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from tunekit_bo.acquisition.search import Acquisition


@attrs.frozen
class Sum:
    """Acquisitions added up: the logarithm of the product of what they are the logarithms of."""

    terms: Sequence[Acquisition]

    def __call__(self, X: np.ndarray) -> np.ndarray:
        return np.sum([term(X) for term in self.terms], axis=0)

    def with_gradient(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, slopes = zip(*(term.with_gradient(X) for term in self.terms), strict=True)
        return np.sum(values, axis=0), np.sum(slopes, axis=0)
