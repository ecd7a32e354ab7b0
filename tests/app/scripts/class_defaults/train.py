"""Defaults that are names: of constants, class attributes, fields, and of what only a run can know."""

import argparse
import multiprocessing
import os

from config import Config, ModelConfig

MOMENTUM = 0.9
DEFAULTS = {"label_smoothing": 0.1, "clip": None}
model_config = ModelConfig(width=32)

parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
parser.add_argument("--lr", type=float, default=Config.lr)
parser.add_argument("--batch_size", type=int, default=Config.batch_size)
parser.add_argument("--weight_decay", type=float, default=Config.weight_decay)
parser.add_argument("--momentum", type=float, default=MOMENTUM)
parser.add_argument("--width", type=int, default=model_config.width)
parser.add_argument("--drop_rate", type=float, default=ModelConfig.drop_rate)
parser.add_argument("--label_smoothing", type=float, default=DEFAULTS["label_smoothing"])
parser.add_argument("--clip", type=float, default=DEFAULTS["clip"])
parser.add_argument("--epochs", type=int, default=int(os.environ.get("EPOCHS", 2)))
parser.add_argument("--data_dir", default=Config.data_dir)
parser.add_argument("--num_workers", type=int, default=multiprocessing.cpu_count())
args = parser.parse_args()

for epoch in range(1, args.epochs + 1):
    val_acc = 1 / (1 + args.lr + args.weight_decay / args.momentum / args.batch_size) - 0.1 / epoch
    print("Epoch %d/%d - val_acc: %.4f" % (epoch, args.epochs, val_acc))
