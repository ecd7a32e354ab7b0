"""The contract of launchers catches what breaks it, by the test that is meant for it."""

import itertools

import pytest

from tests.core.caught import call, check_caught
from tunekit_core import LaunchedJob, Launcher
from tunekit_core.testing import LauncherContract, toy_launch

EACH_ONCE = "test_every_run_is_in_one_job"
SAME = "test_the_same_launch_has_the_same_plan"
READ = "test_a_job_says_what_people_and_sums_can_read"
NOTHING = "test_planning_changes_nothing"
numbers = itertools.count()


class Good(Launcher):
    """A job for each method."""

    name = "good"

    def plan(self, launch):
        methods = dict.fromkeys(run.method for run in launch.runs)
        return [self.job(name, [run for run in launch.runs if run.method == name]) for name in methods]

    def job(self, name, runs):
        return LaunchedJob(name=name, runs=tuple(runs), place="1 x toy", hours=0.5, dollars=None)

    def collect(self, launch):
        pass

    def launch(self, launch, tell):
        return True


class ForgetsThoseInRealTime(Good):
    def plan(self, launch):
        return [self.job("all", [run for run in launch.runs if run.seconds is None])]


class PlansTwice(Good):
    def plan(self, launch):
        return 2 * super().plan(launch)


class Counts(Good):
    def job(self, name, runs):
        return super().job(f"{name} {next(numbers)}", runs)


class PaysBack(Good):
    def job(self, name, runs):
        return LaunchedJob(name=name, runs=tuple(runs), place="1 x toy", hours=0.5, dollars=-1.0)


class IsNowhere(Good):
    def job(self, name, runs):
        return LaunchedJob(name=name, runs=tuple(runs), place="", hours=None, dollars=None)


class NotesDown(Good):
    def job(self, name, runs):
        runs[0].spec["tags"]["job"] = name
        return super().job(name, runs)


class WritesDown(Good):
    def plan(self, launch):
        launch.results_dir.mkdir()
        return super().plan(launch)


BROKEN = [
    (ForgetsThoseInRealTime, EACH_ONCE, "Each run is in one job of the plan"),
    (PlansTwice, EACH_ONCE, "Each run is in one job of the plan"),
    (Counts, SAME, "A plan follows from the launch"),
    (PaysBack, READ, "Hours and dollars are numbers from 0 on, or None: -1.0"),
    (IsNowhere, READ, "A job says where it runs."),
    (NotesDown, NOTHING, "A launch is read, and never changed."),
    (WritesDown, NOTHING, "A plan writes no file."),
]


@pytest.mark.parametrize(("broken", "test", "rule"), BROKEN)
def test_a_broken_launcher_is_caught_by_the_test_that_is_meant_for_it(broken, test, rule, tmp_path):
    check_caught(LauncherContract(), test, broken, tmp_path, rule, toy=toy_launch(tmp_path))


@pytest.mark.parametrize("test", [EACH_ONCE, SAME, READ, NOTHING])
def test_a_good_launcher_passes(test, tmp_path):
    call(LauncherContract(), test, Good, tmp_path, toy=toy_launch(tmp_path))
