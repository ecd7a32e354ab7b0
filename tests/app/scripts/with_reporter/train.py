"""A script that reports by itself, and keeps a checkpoint."""

import argparse
import json
from pathlib import Path

from tunekit import Reporter


def main(args):
    saved = args.st_checkpoint_dir / "saved.json"
    begin = json.loads(saved.read_text()) if saved.exists() else 0
    report = Reporter()
    for epoch in range(begin, args.epochs):
        with report.checkpoint(epoch + 1) as folder:
            (folder / "saved.json").write_text(json.dumps(epoch + 1))
        report({"epoch": epoch + 1, "train/loss": args.lr, "valid/f1": 1 - abs(args.lr - 0.1) - 0.1 / (epoch + 1)})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("-l", dest="lr", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--out-dir", type=Path, required=True)
    parser.add_argument("--st_checkpoint_dir", type=Path, default=Path("."))
    main(parser.parse_args())
