"""Evaluations of the Trainer of Hugging Face."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.callbacks.contract import CallbackContract

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("accelerate")
pytestmark = pytest.mark.filterwarnings("ignore")  # Transformers has many, and they are not ours

TunekitCallback = pytest.importorskip("tunekit.callbacks.transformers").TunekitCallback


class Digits(torch.utils.data.Dataset):
    """Each pixel is a word."""

    def __init__(self, x, y):
        self.x, self.y = torch.tensor(x * 15).long(), torch.tensor(y)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, index):
        return {"input_ids": self.x[index], "labels": self.y[index]}


ROOT = Path(__file__).parents[2]
SMALL = {"vocab_size": 16, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}


def trainer_of(digits, epochs, report, more):
    transformers.set_seed(0)
    config = transformers.BertConfig(**SMALL, num_labels=10)
    options = {
        "output_dir": "out",
        "num_train_epochs": epochs,
        "per_device_train_batch_size": 50,
        "eval_strategy": "epoch",
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": True,
        "dataloader_pin_memory": False,
        **more,
    }
    return transformers.Trainer(
        transformers.BertForSequenceClassification(config),
        transformers.TrainingArguments(**options),
        train_dataset=Digits(*digits[:2]),
        eval_dataset=Digits(*digits[2:]),
        callbacks=[report],
    )


class TestTransformers(CallbackContract):
    metric = "eval_loss"

    def train(self, digits, n, more=(), **options):
        report = TunekitCallback(**options)
        trainer = trainer_of(digits, n, report, dict(more))
        trainer.train(resume_from_checkpoint=report.resume_from)
        return trainer

    def test_what_the_trainer_is_told_to_save_by_itself_is_published_too(self, trial, digits):
        saves = {"save_strategy": "epoch", "load_best_model_at_end": True, "save_total_limit": 1}
        trainer = self.train(digits, 3, saves)
        assert trial.published() == [1, 2, 3]
        assert trial.files(3) == ["checkpoint-12"]
        assert trainer.args.output_dir == "out"
        assert os.path.isdir(trainer.state.best_model_checkpoint)

    def test_what_it_saves_for_tunekit_alone_is_nowhere_else(self, trial, digits):
        trainer = self.train(digits, 1)
        assert trainer.args.output_dir == "out"
        assert not os.path.exists("out/checkpoint-4")
        assert "trainer_state.json" in os.listdir(trial.folder / "checkpoints" / "1" / "checkpoint-4")

    def test_steps_are_reported_where_evaluations_are_counted_in_them(self, trial, digits):
        self.train(digits, 3, {"eval_strategy": "steps", "eval_steps": 4})
        assert [report["step"] for report in trial.reports()] == [4, 8, 12]
        assert trial.published() == [4, 8, 12]

    @pytest.mark.parametrize("checkpoint", [True, False])
    def test_evaluations_on_several_sets_of_data_are_one_report(self, trial, digits, checkpoint):
        report = TunekitCallback(checkpoint=checkpoint)
        trainer = trainer_of(digits, 2, report, {})
        trainer.eval_dataset = {"near": Digits(*digits[2:]), "far": Digits(*digits[:2])}
        trainer.train(resume_from_checkpoint=report.resume_from)
        assert [report["epoch"] for report in trial.reports()] == [1, 2]
        assert {"eval_near_loss", "eval_far_loss"} <= set(trial.reports()[0])
        assert trial.published() == ([1, 2] if checkpoint else [])

    def test_evaluations_before_and_after_the_training_are_not_reported(self, trial, digits):
        report = TunekitCallback()
        trainer = trainer_of(digits, 1, report, {})
        trainer.args.eval_on_start = True
        trainer.evaluate()
        trainer.train(resume_from_checkpoint=report.resume_from)
        trainer.evaluate()
        assert [report["epoch"] for report in trial.reports()] == [1]

    @pytest.mark.parametrize(
        ("more", "words"),
        [
            ({"eval_strategy": "no"}, r"eval_strategy='no' .* Type TrainingArguments\(eval_strategy='epoch'"),
            (
                {"save_strategy": "best", "metric_for_best_model": "loss"},
                r"save_strategy='best' .* TunekitCallback\(checkpoint=False",
            ),
            ({"save_only_model": True}, r"save_only_model=True .* TunekitCallback\(checkpoint=False"),
        ],
        ids=["no evaluation", "the best alone", "the model alone"],
    )
    def test_what_would_never_be_reported_or_saved_is_refused_before_it_trains(self, trial, digits, more, words):
        with pytest.raises(ValueError, match=words):
            self.train(digits, 1, more)

    def test_a_training_that_begins_anew_beside_a_checkpoint_is_refused(self, trial, digits):
        self.train(digits, 1)
        trial.resume(1)
        with pytest.raises(ValueError, match=r"trainer\.train\(resume_from_checkpoint=report\.resume_from\)"):
            trainer_of(digits, 2, TunekitCallback(), {}).train()

    def test_the_best_alone_may_be_saved_where_nothing_is_published(self, trial, digits):
        self.train(digits, 2, {"save_strategy": "best", "metric_for_best_model": "loss"}, checkpoint=False)
        assert len(trial.reports()) == 2

    def test_a_callback_that_keeps_the_trainer_from_saving_is_told(self, trial, digits):
        class Forbids(transformers.TrainerCallback):
            def on_evaluate(self, args, state, control, **kwargs):
                control.should_save = False

        report = TunekitCallback()
        trainer = trainer_of(digits, 2, report, {})
        trainer.add_callback(Forbids())
        with pytest.raises(RuntimeError, match="another callback keeps the trainer from saving"):
            trainer.train()


TOGETHER = """
from sklearn.datasets import load_digits
from tests.callbacks.test_transformers import trainer_of
from tunekit.callbacks.transformers import TunekitCallback

x, y = load_digits(return_X_y=True)
x = x / 16
report = TunekitCallback()
trainer = trainer_of((x[:200], y[:200], x[200:300], y[200:300]), 2, report, {})
trainer.train(resume_from_checkpoint=report.resume_from)
"""


def test_processes_that_train_together_report_and_publish_once(trial):
    (trial.folder / "together.py").write_text(TOGETHER)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone", "together.py"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    assert [report["epoch"] for report in trial.reports()] == [1, 2]
    assert trial.published() == [1, 2]
    saved = os.listdir(trial.folder / "checkpoints" / "2" / "checkpoint-4")
    assert {"rng_state_0.pth", "rng_state_1.pth", "trainer_state.json"} <= set(saved)
