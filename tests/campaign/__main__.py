"""The fault campaign: everything that can happen to an experiment happens, for an hour. Type ``nox -s campaign``.

The n-th round depends on the seed and on n alone. A round that was not survived is named with its folder, which is
kept, and ``--only N`` repeats it.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import count
from pathlib import Path

from tests.campaign import damage, full_disks, kills, writers
from tests.campaign.experiments import Place, Round
from tests.campaign.processes import NotSurvived, end_all

KINDS = {**kills.KINDS, **damage.KINDS, **full_disks.KINDS, **writers.KINDS}
OFTEN = {"damage complete": 4, "damage interrupted": 3, "kill tuner": 3, "kill sweep": 2, "damage running": 2}
SECONDS_BETWEEN_LINES = 60
AT_ONCE = 2  # rounds for each core: they wait half of the time


def main():
    parser = argparse.ArgumentParser(prog="nox -s campaign --", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="repeat this round")
    options = parser.parse_args()
    hear_signals()
    root = Path(tempfile.mkdtemp(prefix="tunekit-campaign-"))
    place = Place(root)
    experiments = place.prepare()
    times = ", ".join(f"{each.name} {each.seconds:.1f} s" for each in experiments.values())
    print(f"Folder: {root}. Undisturbed: {times}.", flush=True)
    tally, began = Tally(), time.monotonic()

    def one(number):
        rng = random.Random(f"{options.seed} {number}")
        kind = rng.choices([*KINDS], [OFTEN.get(name, 1) for name in KINDS])[0]
        play(Round(number, rng, root / str(number), place, experiments), kind, tally)

    def several(numbers):
        while time.monotonic() < began + options.minutes * 60:
            one(next(numbers))

    if options.only is not None:
        one(options.only)
    else:
        numbers, n_threads = count(), AT_ONCE * (os.cpu_count() or 1)
        with ThreadPoolExecutor(n_threads) as pool:
            rounds = [pool.submit(several, numbers) for _ in range(n_threads)]
            while wait(rounds, SECONDS_BETWEEN_LINES).not_done:
                print(f"{(time.monotonic() - began) / 60:.0f} min: {tally.in_a_line()}", flush=True)
            for each in rounds:
                each.result()
    print(f"Seed {options.seed}, {(time.monotonic() - began) / 60:.0f} minutes, Python {sys.version.split()[0]}")
    print(tally)
    if tally.not_survived:
        print(f"Not survived: rounds {', '.join(map(str, tally.not_survived))}; their folders are kept in {root}.")
        return 1
    shutil.rmtree(root)
    return 0


def hear_signals():
    """What a shell or nohup has this process ignore, commands would ignore too; of a handler they know nothing."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda number, frame: None)


def play(round, kind, tally):
    """Play a round."""
    round.folder.mkdir()
    tally.rounds[kind] += 1
    try:
        KINDS[kind](round)
    except full_disks.Skipped as reason:
        tally.skipped[kind] = str(reason)
        shutil.rmtree(round.folder)
        return
    except Exception as error:  # also one of the core where it is asked, or of the campaign itself
        what = str(error) if isinstance(error, NotSurvived) else traceback.format_exc()
        tally.not_survived.append(round.number)
        notes = ", ".join(round.notes)
        print(f"NOT SURVIVED: round {round.number}, {kind} ({notes}) in {round.folder}: {what}", flush=True)
        return
    finally:
        end_all(round.folder)
    tally.survived[kind] += 1
    shutil.rmtree(round.folder)


class Tally:
    """How many rounds there were of each kind, and which were not survived."""

    def __init__(self):
        self.rounds, self.survived, self.skipped, self.not_survived = Counter(), Counter(), {}, []

    def in_a_line(self):
        return f"{self.rounds.total()} rounds, {self.survived.total()} survived, {len(self.not_survived)} not"

    def __str__(self):
        lines = [f"{'kind of fault':<24}{'rounds':>8}{'survived':>10}"]
        for kind in KINDS:
            why = f"  skipped: {self.skipped[kind]}" if kind in self.skipped else ""
            lines.append(f"{kind:<24}{self.rounds[kind]:>8}{self.survived[kind]:>10}{why}")
        lines.append(f"{'all':<24}{self.rounds.total():>8}{self.survived.total():>10}")
        return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
