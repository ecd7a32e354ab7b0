"""Run as a program: collects the experiments of a folder and prints a line of JSON.

Usage: collecting.py FOLDER. It holds how many experiments there were, the seconds of importing, of collecting, and of
collecting again, real time and that of the processor, and the peak of memory by then in MB.
"""

import json
import resource
import sys
import time

Seconds = tuple[float, float]


def now() -> Seconds:
    """Real time and that of the processor."""
    return time.perf_counter(), time.process_time()


def since(before: Seconds) -> Seconds:
    """Seconds that have passed of both."""
    real, processor = now()
    return real - before[0], processor - before[1]


def main(folder: str) -> None:
    """Measure and print."""
    began = now()
    from tunekit import load_experiments

    importing = since(began)
    began = now()
    n_experiments = len(load_experiments(folder).experiments)
    collecting = since(began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = now()
    load_experiments(folder)
    again = since(began)
    seconds = {"importing": importing, "collecting": collecting, "again": again}
    print(json.dumps({"experiments": n_experiments, "peak": peak, **seconds}))


if __name__ == "__main__":
    main(sys.argv[1])
