"""Stands in for training: one report an epoch, with a checkpoint of each, and whatever ``--mishap`` says.

The loss depends on the configuration and the epoch alone.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tunekit import Reporter

parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float, default=0.5)
parser.add_argument("--epochs", type=int, default=9)
parser.add_argument("--seconds", type=float, default=0.05)
parser.add_argument("--mishap", default="")
parser.add_argument("--publishes", action="store_true")
parser.add_argument("--saves_first", action="store_true")  # before the report, which may be answered by a pause
parser.add_argument("--ends_after", type=Path)  # a file: until it is there, the last epoch is not begun
parser.add_argument("--st_checkpoint_dir", type=Path)
arguments, _ = parser.parse_known_args()

checkpoint = arguments.st_checkpoint_dir / "epoch.json"


def save(epoch):
    """Keep the checkpoint in the folder itself."""
    temporary = checkpoint.with_suffix(".part")
    temporary.write_text(json.dumps(epoch))
    temporary.replace(checkpoint)


done = json.loads(checkpoint.read_text()) if checkpoint.exists() else 0
report = Reporter()
if arguments.mishap == "ignores_sigterm":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if arguments.mishap == "fork":
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
if arguments.mishap == "prints_much":
    for _ in range(200_000):
        print("x" * 100)
if arguments.mishap == "silent":
    sys.exit(0)
if arguments.mishap == "hang":
    time.sleep(600)
limit = time.monotonic() + 120
for epoch in range(done + 1, arguments.epochs + 1):
    time.sleep(arguments.seconds)
    while epoch == arguments.epochs and arguments.ends_after and not arguments.ends_after.exists():
        assert time.monotonic() < limit  # a test that has failed leaves nothing behind
        time.sleep(0.01)
    if arguments.mishap == "error" and epoch == 3:
        raise RuntimeError("the learning rate was too high")
    if arguments.mishap == "error_once" and epoch == 3 and not arguments.st_checkpoint_dir.joinpath("failed").exists():
        arguments.st_checkpoint_dir.joinpath("failed").touch()
        raise RuntimeError("the machine was too hot")
    if arguments.mishap == "killed" and epoch == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if arguments.mishap == "nan" and epoch == 3:
        report(epoch=epoch, score=float("nan"))
    elif arguments.mishap == "rubbish" and epoch == 3:
        with open(os.environ["TUNEKIT_REPORTS"], "ab") as file:
            file.write(b"\xff\x00 no report\n")
    else:
        if arguments.publishes:
            with report.checkpoint(epoch) as folder:
                (folder / "epoch.json").write_text(json.dumps(epoch))
        if arguments.saves_first:
            save(epoch)
        report(epoch=epoch, score=arguments.x + 1 / epoch)
    if not (arguments.publishes or arguments.saves_first):
        save(epoch)
