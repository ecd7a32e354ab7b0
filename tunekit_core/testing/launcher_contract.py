"""What every launcher must keep to where it plans. What it begins elsewhere its own tests have to see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import attrs
import pytest

from tunekit_core.contracts.launchers import Launch, Launcher
from tunekit_core.testing.toy_launch import toy_launch

Make = Callable[[], Launcher]


class LauncherContract:
    """Subclass it in a plugin's tests and override :meth:`make`."""

    @pytest.fixture
    def make(self) -> Make:
        """Builds the launcher under test."""
        raise NotImplementedError("override the fixture 'make'")

    @pytest.fixture
    def toy(self, tmp_path: Path) -> Launch:
        """What is to be launched."""
        return toy_launch(tmp_path)

    def test_every_run_is_in_one_job(self, make: Make, toy: Launch) -> None:
        """Whatever else is in the launch."""
        for runs in (toy.runs, toy.runs[:1], toy.runs[-1:], toy.runs[::2]):
            jobs = make().plan(attrs.evolve(toy, runs=runs))
            count = Counter(run.folder for job in jobs for run in job.runs)
            assert count == Counter(run.folder for run in runs), "Each run is in one job of the plan, and no other is."
            assert all(job.runs for job in jobs), "A job without runs is none."

    def test_the_same_launch_has_the_same_plan(self, make: Make, toy: Launch) -> None:
        """Whoever types the command again sees the same jobs."""
        launcher = make()
        plan = launcher.plan(toy)
        assert launcher.plan(toy) == plan, "A plan follows from the launch: asked again, it is the same."
        assert make().plan(toy) == plan, "A plan follows from the launch and the options: of another object, too."

    def test_a_job_says_what_people_and_sums_can_read(self, make: Make, toy: Launch) -> None:
        """Names, places, and hours and dollars that are known or not."""
        for job in make().plan(toy):
            assert job.name, "A job has a name."
            assert job.place, "A job says where it runs."
            for value in (job.hours, job.dollars):
                assert value is None or value >= 0, f"Hours and dollars are numbers from 0 on, or None: {value!r}."

    def test_planning_changes_nothing(self, make: Make, toy: Launch, tmp_path: Path) -> None:
        """Neither what is to be launched nor a file."""
        before, files = deepcopy(toy), sorted(tmp_path.rglob("*"))
        make().plan(toy)
        assert toy == before, "A launch is read, and never changed."
        assert sorted(tmp_path.rglob("*")) == files, "A plan writes no file."
