"""The standard workload in one flat function: what the loop costs without any structure around it.

ASHA with promotion on `fcnet`, 4 workers, 3,600 simulated seconds: a heap, the table, the rungs and a csv.zip. It
draws the same configurations and makes the same decisions as tunekit, and writes the same bytes; the comparison
asserts that, so both do the same work.
"""

from __future__ import annotations

import csv
import heapq
import io
import math
import zipfile
from bisect import bisect_left, insort
from pathlib import Path

from tunekit_benchmarks.fcnet.table import Table
from tunekit_core import SearchSpace, Streams

LEVELS = (1, 3, 9, 27, 81)
LAST = 100
N_WORKERS, SECONDS = 4, 3600.0


def bare_loop(path: Path, table: Table, space: SearchSpace, seed: int) -> int:
    """Run the workload and write its rows.

    Args:
        path: The csv.zip file.
        table: The learning curves.
        space: The search space.
        seed: Effective seed.

    Returns:
        The number of reports.
    """
    streams = Streams(seed)
    limit = round(SECONDS * 1e9)
    targets = (*LEVELS, LAST)
    quantiles = [level / above for level, above in zip(LEVELS, targets[1:], strict=True)]
    sorted_losses: list[list[float]] = [[] for _ in LEVELS]
    promoted: list[dict[float, int]] = [{} for _ in LEVELS]  # how many of each loss
    waiting: list[list[tuple[float, int, int]]] = [[] for _ in LEVELS]  # heaps of (loss, order, trial)
    configurations: list[dict] = []
    draws: list[dict] = []
    taken = set()
    reached: list[int] = []  # rungs that each trial has reached
    entries: dict[int, tuple[float, int, int]] = {}  # of each trial on the last of them
    heap: list[tuple[int, int, int, int]] = []  # (time, 0 for an end and 1 for a report, trial, sequence)
    running: dict[int, list] = {}
    sequence = now = n_reports = 0
    n_running = 0
    names = list(space)
    archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    member = archive.open("results.csv", "w", force_zip64=True)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    while True:
        while n_running < N_WORKERS:
            for rung in range(len(LEVELS) - 1, -1, -1):
                losses = sorted_losses[rung]
                if not waiting[rung] or len(losses) < 2:
                    continue
                best = waiting[rung][0][0]
                place = bisect_left(losses, best) + promoted[rung].get(best, 0)
                if best < math.inf and place <= int((len(losses) - 1) * quantiles[rung]):
                    promoted[rung][best] = promoted[rung].get(best, 0) + 1
                    trial = heapq.heappop(waiting[rung])[2]
                    break
            else:
                trial = len(configurations)
                if trial % 64 == 0:
                    draws = space.from_unit(streams.uniforms("configurations", trial, 64, space.n_draws))
                configuration = space.default() if trial == 0 else draws[trial % 64]
                key = space.key(configuration)
                if key in taken:  # so seldom that the slow way will do
                    again = streams.generator("configurations/retry", trial).random((64, space.n_draws))
                    configuration = next(c for c in space.from_unit(again) if space.key(c) not in taken)
                    key = space.key(configuration)
                taken.add(key)
                configurations.append(configuration)
                reached.append(0)
            curve = table.curve(configurations[trial], 0)
            rungs_reached = reached[trial]
            first = targets[rungs_reached - 1] if rungs_reached else 0
            last = targets[rungs_reached] - 1
            offset = curve.elapsed[first - 1] if first else 0.0
            times = [now + round((t - offset) * 1e9) for t in curve.elapsed[first : last + 1]]
            running[trial] = [first, last, first, times, curve]
            sequence += 1
            heapq.heappush(heap, (times[0], 1, trial, sequence))
            n_running += 1
        if heap[0][0] > limit:
            break
        now, kind, trial, _ = heapq.heappop(heap)
        if kind == 0:
            n_running -= 1
            del running[trial]
            if reached[trial] <= len(LEVELS):
                rung = reached[trial] - 1
                heapq.heappush(waiting[rung], entries[trial])
            continue
        run = running[trial]
        position = run[0]
        curve = run[4]
        run[0] = position + 1
        loss = curve.metrics["metric_valid_loss"][position]
        decision, status = "CONTINUE", "Running"
        sequence += 1
        if position < run[1]:
            heapq.heappush(heap, (run[3][position + 1 - run[2]], 1, trial, sequence))
        else:
            heapq.heappush(heap, (now, 0, trial, sequence))
            rung = reached[trial]
            reached[trial] = rung + 1
            if rung < len(LEVELS):
                entries[trial] = (loss, len(sorted_losses[rung]), trial)
                insort(sorted_losses[rung], loss)
                decision, status = "PAUSE", "Paused"
        if n_reports == 0:
            worker = ["st_worker_time", "st_decision", "st_status", "trial_id"]
            configuration_columns = [f"config_{name}" for name in names]
            metrics = ["hp_epoch", *curve.metrics, *curve.constants]
            writer.writerow([*metrics, *worker, *configuration_columns, "st_tuner_time"])
        values = [column[position] for column in curve.metrics.values()]
        columns = [position + 1, *values, *curve.constants.values(), curve.elapsed[position], decision, status, trial]
        writer.writerow([*columns, *configurations[trial].values(), now / 1e9])
        n_reports += 1
        if n_reports % 1000 == 999:
            member.write(buffer.getvalue().encode())
            buffer.seek(0)
            buffer.truncate()
    member.write(buffer.getvalue().encode())
    member.close()
    archive.close()
    return n_reports
