"""Flags of absl."""

from absl import app, flags

FLAGS = flags.FLAGS
flags.DEFINE_float("learning_rate", 1e-3, "Learning rate.", lower_bound=0.0)
flags.DEFINE_integer("batch_size", 128, "Batch size.")
flags.DEFINE_enum("optimizer", "sgd", ["sgd", "momentum"], "Which optimizer.")
flags.DEFINE_bool("use_ema", False, "Whether to average the weights.")
flags.DEFINE_integer("num_epochs", 2, "Epochs.")
flags.DEFINE_string("data_dir", "/tmp/data", "Where the data is.")


def main(argv):
    del argv
    for epoch in range(1, FLAGS.num_epochs + 1):
        test_accuracy = 1 / (1 + FLAGS.learning_rate) - FLAGS.use_ema / FLAGS.batch_size / epoch
        print(f"Epoch {epoch} in {0.1:0.2f} sec")
        print(f"Test set accuracy {test_accuracy}")


if __name__ == "__main__":
    app.run(main)
