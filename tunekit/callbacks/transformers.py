"""Reports of Hugging Face Transformers."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch.distributed
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from tunekit.callbacks.checkpoints import Reports, to_resume_from

__all__ = ["TunekitCallback"]


class TunekitCallback(TrainerCallback):
    """Reports each evaluation of ``transformers.Trainer`` to whatever tunes the script, with a checkpoint of it.

    >>> report = TunekitCallback()
    >>> trainer = Trainer(model, TrainingArguments(eval_strategy="epoch", …), …, callbacks=[report])
    >>> trainer.train(resume_from_checkpoint=report.resume_from)

    A report has the metrics of the evaluation (``eval_loss``, …) and, with ``eval_strategy="epoch"``, the number of the
    ``epoch``; with ``eval_strategy="steps"`` the number of the ``step``. A checkpoint is what the trainer saves. Where
    it saves nothing at an evaluation (``save_strategy="no"``), it is told to, into the folder that is published alone.
    Evaluations before and after the training are not reported.

    Args:
        checkpoint: Whether checkpoints are published. Without them a trial that was paused starts over.
    """

    def __init__(self, checkpoint: bool = True) -> None:
        self._checkpoint = checkpoint
        self._reports: Reports | None = None  # while a training runs
        self._evaluated: _Evaluated | None = None

    @property
    def resume_from(self) -> str | None:
        """Path of the checkpoint that the trial goes on from, for ``resume_from_checkpoint``; None if it begins."""
        return to_resume_from(f"{PREFIX_CHECKPOINT_DIR}-*")

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Refuse what would never be reported or saved.

        Raises:
            ValueError: If nothing is evaluated, a checkpoint is asked for and only the best or only models are saved,
                or the training begins anew beside a checkpoint.
        """
        if args.eval_strategy == "no":
            raise ValueError(
                "eval_strategy='no' leaves nothing to report. Type TrainingArguments(eval_strategy='epoch', …)."
            )
        if args.save_strategy == "best" and self._checkpoint:
            raise ValueError(
                "save_strategy='best' leaves most evaluations without a checkpoint to go on from. Type "
                "TrainingArguments(save_strategy='epoch', …), or TunekitCallback(checkpoint=False)."
            )
        if args.save_only_model and self._checkpoint:
            raise ValueError(
                "save_only_model=True leaves out what a trial needs to go on. Leave it out, or type "
                "TunekitCallback(checkpoint=False)."
            )
        if self.resume_from is not None and state.global_step == 0:
            raise ValueError(
                "train() begins anew, and the trial has a checkpoint. Type "
                "trainer.train(resume_from_checkpoint=report.resume_from)."
            )
        self._reports = Reports("epoch" if args.eval_strategy == "epoch" else "step", self._checkpoint)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._settle(state)
        self._reports = None

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._settle(state)

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float],
        **kwargs: Any,
    ) -> None:
        if self._reports is None or state.global_step == 0:
            return
        if self._evaluated is not None:  # on another of several sets of data
            self._evaluated.metrics.update(metrics)
            return
        number = round(state.epoch or 0) if args.eval_strategy == "epoch" else state.global_step
        self._reports.reach(number)
        publishing, folder = ExitStack(), None
        if self._reports.publish and state.is_world_process_zero:
            folder = publishing.enter_context(self._reports.checkpoint(number))
        self._evaluated = _Evaluated(number, dict(metrics), publishing, folder)
        if self._reports.publish and not control.should_save:
            self._evaluated.output_dir = args.output_dir
            args.output_dir = _of_the_first_process(folder)
            control.should_save = True

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        evaluated = self._evaluated
        if evaluated is None:
            return
        if torch.distributed.is_initialized():
            torch.distributed.barrier()  # each process saves a file of its own
        if evaluated.output_dir is not None:
            args.output_dir = evaluated.output_dir
        elif evaluated.folder is not None:
            name = f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}"
            shutil.copytree(Path(args.output_dir, name), evaluated.folder / name)
        self._finish(state)

    def _finish(self, state: TrainerState) -> None:
        """Publish the checkpoint of the evaluation, if there is one, and report."""
        evaluated, self._evaluated = self._evaluated, None
        if evaluated is not None and self._reports is not None:
            evaluated.publishing.close()
            if state.is_world_process_zero:
                self._reports.send(evaluated.number, evaluated.metrics)

    def _settle(self, state: TrainerState) -> None:
        """Report an evaluation that waits for no checkpoint."""
        if self._evaluated is not None and self._reports is not None and self._reports.publish:
            raise RuntimeError(
                "An evaluation was not followed by a checkpoint: another callback keeps the trainer from saving. Leave "
                "that callback out, or type TunekitCallback(checkpoint=False)."
            )
        self._finish(state)


@dataclass
class _Evaluated:
    """An evaluation that is reported as soon as its checkpoint is published.

    Attributes:
        number: How far the training had come.
        metrics: What was measured.
        publishing: Publishes the folder when it is closed.
        folder: What is to be published; None in processes that publish nothing.
        output_dir: That of the trainer, which saves to the folder for now; None if it saves where it always does.
    """

    number: int
    metrics: dict[str, float]
    publishing: ExitStack
    folder: Path | None
    output_dir: str | None = None


def _of_the_first_process(folder: Path | None) -> str:
    """The folder, in all processes that train together: each of them saves a part."""
    paths = [str(folder)]
    if torch.distributed.is_initialized():
        torch.distributed.broadcast_object_list(paths)
    return paths[0]
