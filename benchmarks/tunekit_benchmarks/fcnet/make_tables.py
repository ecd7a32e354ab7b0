"""Make the tables of fcnet: train networks, then build the files that are shipped.

Training appends to a working folder that git ignores. Stop it at any moment: the same command goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tunekit_benchmarks.fcnet import building, training
from tunekit_benchmarks.fcnet.datasets import DATASETS
from tunekit_benchmarks.fcnet.grid import N_ROWS
from tunekit_benchmarks.fcnet.table import DATA

WORK = Path(__file__).parents[2] / "work"


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit status."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--dataset", nargs="+", choices=list(DATASETS), default=list(DATASETS), help="default: all")
    common.add_argument("--work", type=Path, default=WORK, help="working folder of training")
    common.add_argument("--data", type=Path, default=DATA, help="folder of the tables")
    parser = argparse.ArgumentParser(prog="python -m tunekit_benchmarks.fcnet.make_tables", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", parents=[common], help="train what is not trained yet")
    train.add_argument("--limit", type=int, default=N_ROWS, help="configurations of each dataset, default: all")
    train.add_argument("--jobs", type=int, help="processes on the CPU, default: one on every core")
    train.add_argument("--device", default="cpu", help="cpu, or a device of torch: cuda trains many at once")
    commands.add_parser("status", parents=[common], help="say how much is trained, and how much is in the tables")
    commands.add_parser("build", parents=[common], help="bring the tables up to date with what is trained")
    options = parser.parse_args(arguments)

    in_table = {dataset: building.n_in_shards(options.data / dataset) for dataset in options.dataset}
    if options.command == "status":
        for dataset, count in in_table.items():
            done = training.done(options.work, dataset, count)
            print(f"{dataset}: {len(done)} of {N_ROWS} trained, {count} of them in the table")
    elif options.command == "build":
        for dataset in options.dataset:
            building.build(dataset, work=options.work, data=options.data)
    else:
        try:
            training.train(
                options.dataset,
                limit=options.limit,
                jobs=options.jobs,
                device=options.device,
                folder=options.work,
                in_table=in_table,
            )
        except KeyboardInterrupt:
            print("Stopped. The same command goes on from here.")
            return 130
        except BlockingIOError:
            print(f"Another process is training in {options.work}. Wait for it, or give another folder: --work ...")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
