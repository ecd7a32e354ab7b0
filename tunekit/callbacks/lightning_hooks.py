"""What both packages of Lightning call at the end of an epoch."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from tunekit.callbacks.checkpoints import Reports, to_resume_from

FILE = "model.ckpt"


class ReportsEpochs:
    """The hooks of a callback that is a ``Checkpoint``: ``on_*``.

    Lightning calls ``on_train_epoch_end`` of other callbacks before that of the model, which may log there.
    """

    def __init__(self, checkpoint: bool = True) -> None:
        self._reports = Reports("epoch", checkpoint)
        self._has_validated = False

    @property
    def resume_from(self) -> str | None:
        """Path of the checkpoint that the trial goes on from, for ``ckpt_path`` of ``fit``; None if it begins."""
        return to_resume_from(FILE)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Refuse to begin anew beside a checkpoint.

        Raises:
            ValueError: If ``fit`` was not given ``ckpt_path``.
        """
        if self.resume_from is not None and trainer.current_epoch == 0:
            raise ValueError(
                "fit() begins anew, and the trial has a checkpoint. Type trainer.fit(…, ckpt_path=report.resume_from)."
            )

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        self._has_validated = not trainer.sanity_checking

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        if trainer.enable_validation and not self._has_validated:
            return
        self._has_validated = False
        epoch, metrics = trainer.current_epoch + 1, dict(trainer.callback_metrics)
        self._reports.reach(epoch)
        if self._reports.publish:
            self._save(trainer, epoch)
        if trainer.is_global_zero:
            self._reports.send(epoch, metrics)

    def _save(self, trainer: Any, epoch: int) -> None:
        """All processes save together, into the folder of the first."""
        with self._reports.checkpoint(epoch) if trainer.is_global_zero else nullcontext() as folder:
            path = None if folder is None else str(folder / FILE)
            trainer.save_checkpoint(trainer.strategy.broadcast(path))
