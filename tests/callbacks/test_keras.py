"""Epochs of Keras."""

import importlib.util
import os

import pytest

from tests.callbacks.contract import CallbackContract

if importlib.util.find_spec("tensorflow") is None:
    os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")
pytestmark = pytest.mark.filterwarnings("ignore")  # Keras has some, and they are not ours

TunekitCallback = pytest.importorskip("tunekit.callbacks.keras").TunekitCallback


def built():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Input((64,)), keras.layers.Dense(10, "softmax")])
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class TestKeras(CallbackContract):
    metric = "val_loss"

    def train(self, digits, n, **options):
        x, y, *valid = digits
        report = TunekitCallback(**options)
        settings = {"epochs": n, "shuffle": False, "verbose": 0, "validation_data": tuple(valid)}
        built().fit(x, y, initial_epoch=report.initial_epoch, callbacks=[report], **settings)

    def test_all_that_keras_logs_is_reported(self, trial, digits):
        self.train(digits, 1)
        assert sorted(trial.reports()[0]) == ["accuracy", "epoch", "loss", "val_accuracy", "val_loss"]

    def test_fit_that_begins_anew_with_the_weights_of_a_checkpoint_is_refused(self, trial, digits):
        self.train(digits, 2)
        trial.resume(2)
        with pytest.raises(ValueError, match=r"initial_epoch=report\.initial_epoch"):
            built().fit(*digits[:2], epochs=4, verbose=0, callbacks=[TunekitCallback()])
        assert trial.reports() == []
