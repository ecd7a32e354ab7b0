"""Reports of Keras."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from tunekit.callbacks.checkpoints import Reports, to_resume_from

__all__ = ["TunekitCallback"]
WEIGHTS = "model.weights.h5"
EPOCH = "epoch"


class TunekitCallback(keras.callbacks.Callback):
    """Reports each epoch of ``model.fit`` to whatever tunes the script, and publishes a checkpoint of it.

    >>> report = TunekitCallback()
    >>> model.fit(x, y, validation_data=data, epochs=epochs, initial_epoch=report.initial_epoch, callbacks=[report])

    A report has ``epoch``, from 1 on, and what Keras logs (``loss``, ``val_loss``, …). A checkpoint holds the weights
    and the state of the optimizer, which are loaded when ``fit`` begins.

    Args:
        checkpoint: Whether checkpoints are published. Without them a trial that was paused starts over.
    """

    def __init__(self, checkpoint: bool = True) -> None:
        super().__init__()
        self._reports = Reports("epoch", checkpoint)

    @property
    def resume_from(self) -> str | None:
        """Path of the weights that the trial goes on from, which ``fit`` loads by itself; None if it begins."""
        return to_resume_from(WEIGHTS)

    @property
    def initial_epoch(self) -> int:
        """How many epochs the checkpoint has behind it that the trial goes on from, for ``fit``; 0 if it begins."""
        path = to_resume_from(EPOCH)
        return 0 if path is None else int(Path(path).read_text())

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        if self.resume_from is None:
            return
        if self.model.optimizer is not None and not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        self.model.load_weights(self.resume_from)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Refuse to train the epochs that the checkpoint has behind it once more.

        Raises:
            ValueError: If ``fit`` was not given ``initial_epoch``.
        """
        if epoch < self.initial_epoch:
            raise ValueError(
                f"fit() begins with epoch {epoch + 1}, and the checkpoint that the trial goes on from has "
                f"{self.initial_epoch} behind it. Type model.fit(…, initial_epoch=report.initial_epoch, "
                "callbacks=[report])."
            )

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        def save(folder: Path) -> None:
            self.model.save_weights(folder / WEIGHTS)
            (folder / EPOCH).write_text(str(epoch + 1))

        self._reports.after_saving(epoch + 1, logs or {}, save)
