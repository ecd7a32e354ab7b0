"""Measures tunekit against the bars of its design and against others, and prints tables.

what:
  loop      the tuning loop and the application, ASHA on fcnet (the default)
  local     what the tuner costs while scripts run as processes of this machine, and how soon it decides
  search    seconds per suggestion of the model-based searchers, and whole runs with them
  quality   how good what methods find is, over tasks and seeds; peers beside ours
  validity  how often the statistics of a report are right, by simulation
  studies   how long it takes to collect 10,000 experiments, and how much memory

`python benchmarks/performance WHAT --help` explains the options of each. The peers and the tasks of others need what
requirements.txt in this folder names; tasks whose data are not beside the project are left out.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

MEASUREMENTS = ("loop", "local", "search", "quality", "validity", "studies")


def main(arguments: list[str]) -> None:
    """Measure what was asked for."""
    if arguments and arguments[0] in MEASUREMENTS:
        what, *rest = arguments
    elif arguments and not arguments[0].startswith("-"):
        raise SystemExit(f"{arguments[0]}: nothing by that name is measured. Known are: {', '.join(MEASUREMENTS)}.")
    elif arguments[:1] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return
    else:
        what, rest = MEASUREMENTS[0], arguments
    measurement = import_module(f"{what}.measure")
    parser = argparse.ArgumentParser(
        prog=f"python benchmarks/performance {what}",
        description=measurement.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    measurement.add_arguments(parser)
    measurement.main(parser.parse_args(rest))


if __name__ == "__main__":
    main(sys.argv[1:])
