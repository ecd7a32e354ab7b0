"""Stands in for training: one report an epoch, with a checkpoint of each; the score depends on x and epoch alone."""

import argparse
import json
import os
import signal
import time
from pathlib import Path

from tunekit import Reporter

parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float, default=0.5)
parser.add_argument("--epochs", type=int, default=9)
parser.add_argument("--seconds", type=float, default=0.05)
parser.add_argument("--fails_at", type=int, default=0)
parser.add_argument("--kills_all_at", type=int, default=0)
parser.add_argument("--publishes", action="store_true")
parser.add_argument("--ends_after", type=Path)  # a file: until it is there, the last epoch is not begun
arguments, _ = parser.parse_known_args()

checkpoint = Path(os.environ["TUNEKIT_CHECKPOINT_DIR"], "epoch.json")
done = json.loads(checkpoint.read_text()) if checkpoint.exists() else 0
report, limit = Reporter(), time.monotonic() + 120
for epoch in range(done + 1, arguments.epochs + 1):
    time.sleep(arguments.seconds)
    while epoch == arguments.epochs and arguments.ends_after and not arguments.ends_after.exists():
        assert time.monotonic() < limit  # a test that has failed leaves nothing behind
        time.sleep(0.01)
    if epoch == arguments.fails_at:
        raise RuntimeError("the learning rate was too high")
    if epoch == arguments.kills_all_at:  # as the system does that is out of memory; reports are printed by then
        time.sleep(1)
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    if arguments.publishes:
        with report.checkpoint(epoch) as folder:
            (folder / "epoch.json").write_text(json.dumps(epoch))
    else:
        part = checkpoint.with_suffix(".part")
        part.write_text(json.dumps(epoch))
        os.replace(part, checkpoint)
    report(epoch=epoch, score=(arguments.x - 0.3) ** 2 + 1 / epoch)
