"""Several processes write the same run or sweep at the same time, and a cleaner may remove their locks."""

import time
from contextlib import suppress

from tests.campaign.checks import check_same, require
from tests.campaign.experiments import without_traceback
from tests.campaign.kills import check_answer, go_on_to_the_end
from tests.campaign.processes import wait_until_none


def several(round):
    """However many write, what comes of it is what one would have written."""
    experiment = round.experiments[round.rng.choice(("one", "two", "sweep", "scripts"))]
    n_writers = round.rng.choice((2, 2, 8))
    n_removed = round.rng.choice((0, 1, 3))
    round.note(f"{experiment.name}, {n_writers} writers, {n_removed} times a cleaner")
    began, commands = time.monotonic(), []
    moments = sorted(round.rng.uniform(0.2, 1.5) * experiment.seconds for _ in range(n_removed))
    for _ in range(n_writers):
        commands.append(round.start(experiment.words))
        time.sleep(round.rng.choice((0, 0.05, 0.5)))
    for moment in moments:
        while any(each.runs() for each in commands) and time.monotonic() < began + moment:
            time.sleep(0.005)
        for lock in sorted(round.folder.glob("results/*/*/*/.lock")):
            with suppress(OSError):
                lock.unlink()
    for command in commands:
        finished = command.finish()
        without_traceback(finished)
        require(finished.status in (0, 1), f"a writer ends with status {finished.status}: {finished.told[-2000:]}")
    wait_until_none(round.folder)
    go_on_to_the_end(round, experiment)
    check_same(round.folder, experiment)
    check_answer(round, experiment)


KINDS = {"several writers": several}
