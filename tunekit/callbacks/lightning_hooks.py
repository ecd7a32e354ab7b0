"""What both packages of Lightning call at the end of an epoch."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from tunekit.callbacks import checkpoints
from tunekit.reporter import Reporter

FILE = "model.ckpt"


class ReportsEpochs:
    """The hooks of a callback that is a ``Checkpoint``: ``setup`` and ``on_*``.

    Lightning calls ``on_train_epoch_end`` of other callbacks before that of the model, which may log there.
    """

    def __init__(self, checkpoint: bool = True) -> None:
        self._checkpoint = checkpoint
        self._has_validated = False

    @property
    def resume_from(self) -> str | None:
        """Path of the checkpoint that the trial goes on from, for ``ckpt_path`` of ``fit``; None if it begins."""
        return checkpoints.to_resume_from(FILE)

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        self._report = Reporter()  # only now: processes that Lightning starts have other files open

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        self._has_validated = not trainer.sanity_checking

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        if trainer.enable_validation and not self._has_validated:
            return
        self._has_validated = False
        epoch = trainer.current_epoch + 1
        metrics = {**trainer.callback_metrics, "epoch": epoch}
        if self._checkpoint and checkpoints.are_kept():
            self._publish(trainer, epoch)
        if trainer.is_global_zero:
            self._report(metrics)

    def _publish(self, trainer: Any, epoch: int) -> None:
        """All processes save together, into the folder of the first."""
        with self._report.checkpoint(epoch) if trainer.is_global_zero else nullcontext() as folder:
            path = None if folder is None else str(folder / FILE)
            trainer.save_checkpoint(trainer.strategy.broadcast(path))
