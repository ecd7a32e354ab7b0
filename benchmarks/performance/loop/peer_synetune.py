"""ASHA of Syne Tune 0.13 on a table of ours, in its own simulator; run by an interpreter that has Syne Tune.

Usage: peer_synetune.py TABLE.npz SEED. The table holds `losses` (configurations x epochs), `seconds` (per epoch and
configuration) and `strides` to find the row of a configuration. Prints a JSON line with reports, trials and seconds.
"""

import json
import logging
import sys
import time
import warnings

import numpy as np
from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend.simulator_backend.simulator_callback import SimulatorCallback
from syne_tune.blackbox_repository import UserBlackboxBackend
from syne_tune.blackbox_repository.blackbox import Blackbox
from syne_tune.config_space import choice, randint
from syne_tune.experiments import load_experiment
from syne_tune.optimizer.baselines import ASHA

warnings.filterwarnings("ignore")
logging.getLogger().setLevel(logging.ERROR)


class TableBlackbox(Blackbox):
    """Learning curves by row."""

    def __init__(self, table, space):
        super().__init__(space, {"hp_epoch": randint(1, 100)}, objectives_names=["metric_valid_loss", "elapsed_time"])
        self.losses, self.seconds = table["losses"], table["seconds"]
        self.values = {name: list(values) for name, values in json.loads(str(table["values"])).items()}

    def _objective_function(self, configuration, fidelity=None, seed=None):
        row = 0
        for name, values in self.values.items():
            row = row * len(values) + values.index(configuration[name])
        curve = np.column_stack([self.losses[row], self.seconds[row] * np.arange(1, 101)])
        if fidelity is None:
            return curve
        return dict(zip(self.objectives_names, curve[int(fidelity["hp_epoch"]) - 1], strict=True))

    @property
    def fidelity_values(self):
        """All epochs."""
        return np.arange(1, 101)


def main():
    """Run and print."""
    table, seed = np.load(sys.argv[1]), int(sys.argv[2])
    values = json.loads(str(table["values"]))
    space = {name: choice(list(options)) for name, options in values.items()}
    blackbox = TableBlackbox(table, space)
    scheduler = ASHA(
        dict(space, epochs=100),
        metric="metric_valid_loss",
        mode="min",
        type="promotion",
        resource_attr="hp_epoch",
        max_resource_attr="epochs",
        random_seed=seed,
        search_options={"debug_log": False},
    )
    backend = UserBlackboxBackend(blackbox=blackbox, elapsed_time_attr="elapsed_time", max_resource_attr="epochs")
    tuner = Tuner(
        trial_backend=backend,
        scheduler=scheduler,
        stop_criterion=StoppingCriterion(max_wallclock_time=3600),
        n_workers=4,
        sleep_time=0,
        callbacks=[SimulatorCallback()],
        results_update_interval=1e9,
        print_update_interval=1e9,
        tuner_name=f"performance-{seed}",
        save_tuner=False,
    )
    begun = time.process_time()
    tuner.run()
    seconds = time.process_time() - begun
    results = load_experiment(tuner.name, download_if_not_found=False).results
    print(json.dumps({"trials": int(results.trial_id.nunique()), "reports": len(results), "seconds": seconds}))


if __name__ == "__main__":
    main()
