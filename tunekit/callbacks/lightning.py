"""Reports of Lightning, for scripts that import ``lightning.pytorch``."""

from __future__ import annotations

from lightning.pytorch.callbacks import Checkpoint

from tunekit.callbacks.lightning_hooks import ReportsEpochs

__all__ = ["TunekitCallback"]


class TunekitCallback(ReportsEpochs, Checkpoint):
    """Reports each epoch of ``lightning.pytorch.Trainer`` to whatever tunes the script, with a checkpoint of it.

    >>> report = TunekitCallback()
    >>> trainer = Trainer(max_epochs=epochs, callbacks=[report])
    >>> trainer.fit(model, data, ckpt_path=report.resume_from)

    A report has ``epoch``, from 1 on, and all that the model has logged (``self.log("val_loss", …)``). Where the model
    has a validation, epochs without one are not reported. The callback takes the place of the one that Lightning adds
    to save checkpoints; ``enable_checkpointing=False`` is refused by Lightning beside it.

    Args:
        checkpoint: Whether checkpoints are published. Without them a trial that was paused starts over.
    """
