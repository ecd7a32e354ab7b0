"""What a trial of ``height`` runs: the smallest script that can be tuned. It reports, and ends after the last step."""

import argparse
import time

from tunekit import Reporter  # where tunekit is not installed: its file tunekit/reporter.py, copied beside the script


def main() -> None:
    """Report the formula after every step."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--height", type=int, required=True)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--sleep_time", type=float, default=0.1)
    arguments, _ = parser.parse_known_args()  # the tuner may pass more, such as a folder for checkpoints
    report = Reporter()
    for step in range(arguments.steps):
        time.sleep(arguments.sleep_time)
        mean_loss = 1 / (0.1 + arguments.width * step / 100) + 0.1 * arguments.height
        report(epoch=step + 1, mean_loss=mean_loss)  # the resource counts from 1: what is finished, not what is next


if __name__ == "__main__":
    main()
