"""PASHA: ASHA whose maximum resource grows for as long as the order of the best trials has not settled."""

from tunekit_asha.pasha.composer import PashaColumns
from tunekit_asha.pasha.scheduler import Pasha

__all__ = ["Pasha", "PashaColumns"]
