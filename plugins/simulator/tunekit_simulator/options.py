"""The options of the simulator."""

from __future__ import annotations

import attrs

from tunekit_core import option

LONGEST = 1e12  # seconds, and times as long; in nanoseconds it is far from the largest number


@attrs.frozen(kw_only=True)
class SimulatorOptions:
    """What a simulated run costs, and which faults it meets. All times are in simulated seconds."""

    start_delay: float = option(
        0.0,
        help="Seconds from the start or resume of a trial to the beginning of its training.",
        at_least=0,
        at_most=LONGEST,
    )
    report_delay: float = option(
        0.0, help="Seconds from the end of an epoch to the arrival of its report.", at_least=0, at_most=LONGEST
    )
    complete_delay: float = option(
        0.0, help="Seconds from the arrival of the last report of a trial to its end.", at_least=0, at_most=LONGEST
    )
    stop_delay: float = option(
        0.0,
        help="Seconds from a decision to pause or stop to the end of the trial; what it reports meanwhile is late.",
        at_least=0,
        at_most=LONGEST,
    )
    checkpoint: bool = option(
        True, help="Whether a resumed trial goes on where it was; without checkpoints it starts over."
    )
    checkpoint_delay: float = option(
        0.0,
        help="Seconds that are added to the start of a resumed trial that reads a checkpoint.",
        at_least=0,
        at_most=LONGEST,
    )
    table_seed: int | None = option(
        None,
        help="Which of the recorded repetitions every trial replays, from 0. Unless it is given, one is drawn for each "
        "trial.",
        at_least=0,
    )
    failure_rate: float = option(
        0.0, help="Probability that a run of a trial fails after one of its reports.", at_least=0, at_most=1
    )
    slow_rate: float = option(0.0, help="Probability that a run meets a slow worker.", at_least=0, at_most=1)
    slow_factor: float = option(2.0, help="How many times as long a slow worker takes.", at_least=1, at_most=LONGEST)
    preemption_rate: float = option(
        0.0,
        help="Probability that a run loses its worker between two reports. The trial is begun again, at most three "
        "times.",
        at_least=0,
        at_most=1,
    )
    preemption_delay: float = option(
        60.0,
        help="Seconds until it has another worker. What was not reported before is computed again, without checkpoints "
        "everything.",
        at_least=0,
        at_most=LONGEST,
    )
