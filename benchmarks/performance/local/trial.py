"""A script that is tuned: ``--reports N`` reports, one every ``--period`` seconds, and nothing else."""

import sys
import time

from tunekit import Reporter

options = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
n_reports, period = int(options["--reports"]), float(options["--period"])
report = Reporter()
began = time.monotonic()
for step in range(1, n_reports + 1):
    left = began + step * period - time.monotonic()
    if left > 0:
        time.sleep(left)
    report(step=step, loss=1 / step)
