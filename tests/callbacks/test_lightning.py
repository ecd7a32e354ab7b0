"""Epochs of Lightning, of both of its packages."""

import importlib

import pytest

from tests.callbacks.contract import CallbackContract

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")
pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning has many, and they are not ours

DataLoader, TensorDataset = torch.utils.data.DataLoader, torch.utils.data.TensorDataset

QUIET = {
    "accelerator": "cpu",
    "logger": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "log_every_n_steps": 1,
}


def model_of(lightning):
    class Digits(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(64, 10)

        def loss(self, batch):
            x, y = batch
            return torch.nn.functional.cross_entropy(self.linear(x), y)

        def training_step(self, batch):
            loss = self.loss(batch)
            self.log("train_loss", loss, on_epoch=True, on_step=False)
            return loss

        def on_train_epoch_end(self):
            self.log("last_of_all", float(self.current_epoch))

        def validation_step(self, batch):
            self.log("val/loss", self.loss(batch))

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=0.01)

    return Digits()


class LightningContract(CallbackContract):
    metric = "val/loss"
    package: str
    module: str

    def train(self, digits, n, *, validates=True, trainer=None, **options):
        lightning = importlib.import_module(self.package)
        report = importlib.import_module(self.module).TunekitCallback(**options)
        lightning.seed_everything(0, verbose=False)
        loaders = [DataLoader(TensorDataset(torch.tensor(x), torch.tensor(y)), 50) for x, y in (digits[:2], digits[2:])]
        settings = {**QUIET, "max_epochs": n, "callbacks": [report], **(trainer or {})}
        data = loaders if validates else loaders[:1]
        lightning.Trainer(**settings).fit(model_of(lightning), *data, ckpt_path=report.resume_from)


class TestLightning(LightningContract):
    package = "lightning.pytorch"
    module = "tunekit.callbacks.lightning"

    def test_all_that_is_logged_is_reported_also_at_the_end_of_the_epoch(self, trial, digits):
        self.train(digits, 1)
        (report,) = trial.reports()
        assert sorted(report) == ["epoch", "last_of_all", "train_loss", "val/loss"]

    def test_an_epoch_without_its_validation_is_not_reported(self, trial, digits):
        self.train(digits, 5, trainer={"check_val_every_n_epoch": 2})
        assert [report["epoch"] for report in trial.reports()] == [2, 4]
        assert trial.published() == [2, 4]

    def test_a_model_without_validation_is_reported_each_epoch(self, trial, digits):
        self.train(digits, 2, validates=False)
        assert [sorted(report) for report in trial.reports()] == [["epoch", "last_of_all", "train_loss"]] * 2

    def test_a_training_that_begins_anew_beside_a_checkpoint_is_refused(self, trial, digits):
        self.train(digits, 1)
        trial.resume(1)
        lightning, module = map(importlib.import_module, (self.package, self.module))
        data = DataLoader(TensorDataset(torch.tensor(digits[0]), torch.tensor(digits[1])), 50)
        trainer = lightning.Trainer(**QUIET, max_epochs=2, callbacks=[module.TunekitCallback()])
        with pytest.raises(ValueError, match=r"ckpt_path=report\.resume_from"):
            trainer.fit(model_of(lightning), data)
        assert trial.reports() == []

    def test_processes_that_train_together_report_and_publish_once(self, trial, digits):
        self.train(digits, 2, trainer={"devices": 2, "strategy": "ddp_fork"})
        assert [report["epoch"] for report in trial.reports()] == [1, 2]
        assert trial.published() == [1, 2]
        assert trial.files(2) == ["model.ckpt"]


class TestPytorchLightning(LightningContract):
    package = "pytorch_lightning"
    module = "tunekit.callbacks.pytorch_lightning"
