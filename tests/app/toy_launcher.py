"""A launcher whose other machine is a folder: the plugin that the tests of launching install."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import attrs

from tunekit_core import ConfigurationError, LaunchedJob, Launcher, option


@attrs.frozen(kw_only=True)
class ToyOptions:
    machine: str = option(help="The folder that is the other machine.")
    at_most: int | None = option(None, help="Runs that are begun by one command.", at_least=1)
    refuses: bool = option(False, help="Refuse to launch.")
    price: float | None = option(None, help="Dollars an hour.", at_least=0)


class Toy(Launcher):
    """Runs what it is given in a folder, and waits for it."""

    name = "toy"
    Options = ToyOptions

    def __init__(self, options):
        self.options = options
        self.machine = Path(options.machine).absolute()

    def check(self, launch):
        if self.options.refuses:
            raise ConfigurationError("hydra.launcher.refuses=True: so it does.", option="hydra.launcher.refuses")

    def plan(self, launch):
        return [self._job(method, launch) for method in dict.fromkeys(run.method for run in launch.runs)]

    def _job(self, method, launch):
        runs = tuple(run for run in launch.runs if run.method == method)
        known = [run.seconds for run in runs if run.seconds is not None]
        hours = sum(known) / 3600 if known else None
        dollars = None if hours is None or self.options.price is None else hours * self.options.price
        note = "All of it is in a folder."
        return LaunchedJob(name=method, runs=runs, place="1 x folder", hours=hours, dollars=dollars, note=note)

    def collect(self, launch):
        for run in launch.runs:
            there, here = self.machine / "results" / run.folder, launch.results_dir / run.folder
            if (there / "results.csv.zip").exists() and not here.exists():
                shutil.copytree(there, here)

    def launch(self, launch, tell):
        runs = launch.runs[: self.options.at_most]
        self.machine.mkdir(parents=True, exist_ok=True)
        file = self.machine / "runs.jsonl"
        file.write_text("".join(json.dumps(run.spec) + "\n" for run in runs))
        moved = {}
        for number, script in enumerate(launch.scripts):
            moved[str(script.folder)] = str(self.machine / "folders" / str(number))
            shutil.copytree(script.folder, moved[str(script.folder)], dirs_exist_ok=True)
        subprocess.run(
            [sys.executable, "-m", "tunekit", "work", str(file), "--results-dir", str(self.machine / "results")],
            env={**os.environ, "TUNEKIT_MOVED": json.dumps(moved)},
            cwd=self.machine,
            check=True,
            capture_output=True,
        )
        tell(f"{len(runs)} runs are begun. To have what they came to, type: {launch.command}")
        return len(runs) == len(launch.runs)
