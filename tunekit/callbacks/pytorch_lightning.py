"""Reports of Lightning, for scripts that import ``pytorch_lightning``, whose classes are others."""

from __future__ import annotations

from pytorch_lightning.callbacks import Checkpoint

from tunekit.callbacks.lightning_hooks import ReportsEpochs

__all__ = ["TunekitCallback"]


class TunekitCallback(ReportsEpochs, Checkpoint):
    """As :class:`tunekit.callbacks.lightning.TunekitCallback`, for ``pytorch_lightning.Trainer``.

    Args:
        checkpoint: Whether checkpoints are published. Without them a trial that was paused starts over.
    """
