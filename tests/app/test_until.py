"""``hydra.sweeper.until``: seeds are added by a rule that is fixed beforehand, until two setups are told apart."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.app.conftest import Finished
from tunekit.config.composition.until import END, When, read_until
from tunekit.runs.run import Outcome, run
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ConfigurationError

SHORT = "stopping.max_wallclock_time=30"  # simulated seconds, in which nothing is told apart
LONGER = "stopping.max_wallclock_time=250"  # in which ASHA is far ahead
ONE_JOB = "hydra.sweeper.n_jobs=1"
SWEEP = ("--multirun", "method=RS,ASHA", ONE_JOB)
OF_BOTH = "hydra.sweeper.until={compare: [ASHA, RS], looks: [6, 7]}"
EARLY = (*SWEEP, LONGER, "hydra.sweeper.until={compare: [ASHA, RS], cap: 10}")
OPEN = (*SWEEP, SHORT, OF_BOTH)


def record(results, tag="default"):
    (path,) = (results.root / tag).glob("until-*.json")
    return json.loads(path.read_text())


def seeds(results, method, tag="default"):
    return sorted(each["seed"] for each in results.metadata(f"{tag}/{method}/*"))


def looks_told(finished):
    return [line for line in finished.err.splitlines() if line.startswith("Look ")]


@pytest.fixture(scope="module")
def kept():
    """The first sweep of this module that has stopped early: what it wrote, and what it said."""
    return {}


@pytest.fixture
def early(tunekit, results, kept, tmp_path_factory):
    """What a sweep has ended with that stopped at its first look."""
    if not kept:
        kept["said"] = tunekit(*EARLY)
        kept["folder"] = shutil.copytree(results.root, tmp_path_factory.mktemp("kept") / "results")
        kept["root"] = str(results.root)
    else:
        shutil.copytree(kept["folder"], results.root)
    said = kept["said"]
    return Finished(said.status, said.out.replace(kept["root"], str(results.root)), said.err)


def test_a_sweep_whose_setups_are_told_apart_at_the_first_look_runs_no_more_seeds(early, results):
    assert early.status == 0, early.err
    assert seeds(results, "ASHA") == seeds(results, "RS") == [*range(6)]
    assert looks_told(early) == ["Look 1 of 3: 6 seeds, p = 0.031 of 0.031 needed: ASHA and RS are told apart."]
    assert early.err.splitlines()[0] == (
        "ASHA and RS on fcnet-robot_arm: looks with 6, 8 and 10 seeds, error 0.05 over all of them, compared at 100 %."
    )
    assert (
        "(stopped early at 6 seeds, look 1 of 3 of the rule that was fixed beforehand: by how much is probably "
        "overestimated, but the interval counts all looks" in early.out
    )
    assert "p = " not in early.out
    assert " from " not in early.out.partition("fcnet-robot_arm:\n")[2]


def test_typed_again_it_runs_nothing_writes_nothing_and_says_the_same(early, tunekit, results):
    before = {path: path.stat().st_mtime_ns for path in results.root.rglob("*") if path.is_file()}
    again = tunekit(*EARLY)
    assert (again.status, again.out) == (0, early.out)
    assert "12 runs: 12 complete, 0 to run." in again.err
    assert looks_told(again) == looks_told(early)
    assert {path: path.stat().st_mtime_ns for path in results.root.rglob("*") if path.is_file()} == before


def test_a_report_says_that_it_was_stopped_and_shows_no_p_value(early, tunekit, results):
    report = tunekit("report")
    assert report.out in early.out
    (pair,) = json.loads(tunekit("report", "--json").out)["benchmarks"][0]["pairs"]
    assert (pair["first"], pair["p"], pair["adjusted"], pair["is_better"]) == ("ASHA", None, None, True)
    assert pair["fixed"] == {
        "looks": [6, 8, 10],
        "looks_taken": 1,
        "error": 0.05,
        "at": "100 %",
        "told_apart": True,
    }


def test_surplus_seeds_change_neither_the_decision_nor_what_is_reported_of_it(early, tunekit, results):
    tunekit(*SWEEP, LONGER, "seed=range(8)")
    verdict = next(line for line in early.out.splitlines() if "is better than" in line)
    assert verdict in tunekit("report").out
    again = tunekit(*EARLY)
    assert verdict in again.out
    assert looks_told(again) == looks_told(early)


def test_other_setups_get_the_same_seeds_and_their_p_values_are_warned_of(early, tunekit, results):
    finished = tunekit(*EARLY, "method=RS,ASHA,ASHA-TANH")
    assert finished.status == 0, finished.err
    assert seeds(results, "ASHA-TANH") == [*range(6)]
    assert (
        "Check: fcnet-robot_arm: ASHA and RS decided how many seeds there are, which p-values of other pairs do not "
        "count." in finished.err
    )
    assert "With 6 seeds that both have, none of the 2 pairs can be told apart: it takes 7 at least." in finished.out


def test_killed_after_a_look_and_with_two_jobs_it_comes_to_the_same(start, tunekit, results):
    tunekit(*OPEN, "experiment_tag=one")
    two = (*OPEN, "hydra.sweeper.n_jobs=2", "experiment_tag=two")
    process = start(*two)
    deadline = time.monotonic() + 120
    while not any(json.loads(path.read_text())["taken"] for path in (results.root / "two").glob("until-*.json")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert [look["n_seeds"] for look in record(results, "two")["taken"]] == [6]
    assert tunekit(*two).status == 0
    assert record(results, "one") == record(results, "two")
    assert results.bytes("one/*/*") == results.bytes("two/*/*")


def test_each_benchmark_stops_by_itself_and_has_a_part_of_the_error(tunekit, results):
    arguments = ("benchmark.dataset=robot_arm,diabetes", LONGER, "method=RS,ASHA", "--multirun", ONE_JOB)
    rule = "hydra.sweeper.until={compare: [ASHA, RS], on: [fcnet-robot_arm, fcnet-diabetes], looks: [7, 8]}"
    finished = tunekit(*arguments, rule)
    assert finished.status == 0, finished.err
    assert "error 0.025 over all of them (2 pairs share 0.05)" in finished.err
    records = [json.loads(path.read_text()) for path in (results.root / "default").glob("until-*.json")]
    ends = {each["benchmark"]: each["taken"][-1]["n_seeds"] for each in records}
    for dataset in ("robot_arm", "diabetes"):
        n_runs = len(results.folders(f"default/ASHA/fcnet-{dataset}-*"))
        assert n_runs == ends[f"fcnet-{dataset}"]
    other = tunekit(
        *arguments, "hydra.sweeper.until={compare: {fcnet-robot_arm: [RS, ASHA]}, cap: 6}", "seed=50", SHORT
    )
    assert "Look 1 of 1: 6 seeds" in other.err
    assert len(results.folders("default/ASHA/fcnet-diabetes-5?-*")) == 6  # what is not compared has the same seeds


def test_a_rule_is_not_changed_after_a_look(tunekit, results):
    tunekit(*OPEN)
    changed = OF_BOTH.replace("[6, 7]", "[7, 8]")
    refused = tunekit(*OPEN, changed)
    assert refused.status == 2
    assert (
        "ASHA and RS on fcnet-robot_arm have been looked at by another rule: looks with 6 and 7 seeds, error 0.05 over "
        "all of them, compared at 100 %, seeds from 0." in refused.err
    )
    assert refused.err.endswith("or begin a new comparison with seeds of its own: seed=7\n")
    assert seeds(results, "RS") == [*range(7)]
    assert tunekit(*OPEN, changed, "seed=5").status == 2  # some of the seeds are the same
    fresh = tunekit(*OPEN, changed, "seed=7")
    assert fresh.status == 0, fresh.err
    assert "were compared by 2 rules that were fixed beforehand, with seeds from 0 and 7. The last is told" in fresh.err


def test_a_rule_is_named_by_either_order_of_the_setups(early, tunekit, results):
    swapped = tunekit(*SWEEP, LONGER, "hydra.sweeper.until={compare: [RS, ASHA], cap: 10}")
    assert swapped.status == 0, swapped.err
    assert swapped.out == early.out


def test_a_damaged_record_is_named(early, tunekit, results):
    (path,) = (results.root / "default").glob("until-*.json")
    path.write_text("{}")
    refused = tunekit(*EARLY)
    assert refused.status == 2
    assert f"{path.name} cannot be read: it has no format. It says by which rule seeds were added" in refused.err
    assert "move it away and type the sweep with the very hydra.sweeper.until that it had" in refused.err
    report = tunekit("report")
    assert report.status == 0
    assert "with seeds of its own, such as seed=1000" in report.err


def test_the_looks_of_a_record_that_is_gone_come_out_the_same_by_the_same_rule(early, tunekit, results):
    (path,) = (results.root / "default").glob("until-*.json")
    before = path.read_bytes()
    path.rename(path.with_suffix(".damaged"))
    again = tunekit(*EARLY)
    assert again.out == early.out
    assert looks_told(again) == looks_told(early)
    assert path.read_bytes() == before


def test_a_record_goes_with_the_last_experiment(early, tunekit, results):
    assert tunekit("rm", "tag=default", "method=RS", "--yes").status == 0
    assert [*(results.root / "default").glob("until-*.json")]
    assert tunekit("rm", "tag=default", "--yes").status == 0
    assert not [*(results.root / "default").glob("until-*.json")]


def test_a_plan_lists_the_first_batch_and_the_most_that_it_can_become(tunekit, results):
    plan = tunekit(*EARLY, "--plan")
    assert plan.status == 0
    assert sum(" missing " in line for line in plan.out.splitlines()) == 12
    assert (
        "These are the first 6 seeds of each setup, 12 runs; it may become 20 runs with 10 seeds at the most."
        in plan.out
    )
    assert not results.root.exists()


def test_a_run_that_fails_is_no_look_and_is_run_again_and_the_cap_ends_it(tunekit, results, monkeypatch):
    def breaks(spec, **how):
        is_one = (spec.method, spec.seed) == ("ASHA", 6)
        return Outcome(ExperimentStatus.FAILED, "it broke") if is_one else run(spec, **how)

    with monkeypatch.context() as patched:
        patched.setattr("tunekit.runs.batch.run", breaks)
        failed = tunekit(*OPEN)
    assert failed.status == 1
    assert (
        "No look is taken at 7 seeds, and none are added, before all runs of ASHA and RS on fcnet-robot_arm are "
        "complete: 1 of 14 are not." in failed.err
    )
    assert "1 of 14 runs failed" in failed.err
    assert len(record(results)["taken"]) == 1
    assert "are not told apart so far: " in failed.out
    finished = tunekit(*OPEN)
    assert finished.status == 0, finished.err
    assert len(record(results)["taken"]) == 2
    first, last = looks_told(finished)
    assert first.endswith("; 1 more seed of each.")
    assert last.endswith("ASHA and RS are not told apart with 7 seeds, the most that were to be run.")
    assert " are not told apart with 7 seeds, the most that the rule allows: " in finished.out


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"compare": "ASHA"}, "compare=ASHA must name two setups, as a report does. Type for example"),
        ({"compare": ["RS", "RS"]}, "compare=['RS','RS'] must name two setups"),
        ({"compare": {"fcnet-robot_arm": ["RS"]}}, "compare.fcnet-robot_arm=['RS'] must name two setups"),
        ({"compare": None}, "hydra.sweeper.until.compare=null must name two setups"),
        (3, "hydra.sweeper.until=3 must be a mapping with what is to be told apart."),
        ({"caps": 3}, "caps=3: there is no such key. Did you mean 'cap'? There are: compare,"),
        ({"cap": 201}, "cap=201 must be a number of seeds up to 200, such as 40."),
        ({"cap": True}, "cap=true must be a number of seeds"),
        ({"looks": [9, 8]}, "looks=[9,8] must increase from look to look."),
        ({"looks": [8, 9], "cap": 10}, "the last must be the cap, which is 10."),
        ({"looks": 8}, "looks=8 must be numbers of seeds up to 200, such as [8, 12, 20]."),
        ({"error": None}, "error=null must be a number between 0 and 1"),
        ({"cap": "range(3)"}, "cap=range(3) must be a number of seeds"),
        ({"error": 5}, "error=5 must be a number between 0 and 1, such as 0.05."),
        ({"at": "120 %"}, "at=120 % must be per cent of the time limit, up to 100 %, or seconds, such as '50 %'"),
        ({"at": "soon"}, "at=soon must be per cent"),
        ({"on": []}, "on=[] must name benchmarks as a report does"),
        ({"compare": {"a": ["A", "B"]}, "on": "x"}, "on=x: hydra.sweeper.until.compare names benchmarks already."),
    ],
)
def test_what_has_another_form_is_refused(given, told):
    with pytest.raises(ConfigurationError) as refused:
        read_until({"compare": ["RS", "ASHA"], **given} if isinstance(given, dict) else given)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("given", "when"),
    [("100 %", END), ("100%", END), (50, When(50.0, "s")), ("7.5 s", When(7.5, "s")), ("25 %", When(25.0, "%"))],
)
def test_the_time_is_per_cent_or_seconds(given, when):
    assert read_until({"compare": ["RS", "ASHA"], "at": given}).at == when


def test_only_the_pair_need_be_given():
    until = read_until({"compare": ["RS", "ASHA"]})
    assert (until.pairs, until.on, until.at, until.error, until.cap) == ({None: ("RS", "ASHA")}, (), END, 0.05, 40)
    assert read_until(None) is None


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (
            ["{compare: [AHSA, RS], cap: 6}"],
            "compare: there is no setup 'AHSA' on fcnet-robot_arm. Did you mean 'ASHA'?",
        ),
        (["{compare: [RS, ASHA], cap: 5}"], "cap: with 5 seeds at the most nothing can be told apart at an error of"),
        (
            ["{compare: [RS, ASHA], looks: [1, 2, 3]}"],
            "until.looks: with 3 seeds at the most nothing can be told apart",
        ),
        (
            ["{compare: [RS, ASHA], cap: 8, at: 1000 s}", "stopping.max_wallclock_time=150"],
            "until.at: 1000 s is after the end of the runs on fcnet-robot_arm, whose time limit is 150 s. Type "
            "'100 %', or no more than 150 s.",
        ),
        (
            ["{compare: [RS, ASHA], cap: 8}", "seed=4294967290"],
            "seed=4294967290: hydra.sweeper.until adds seeds from there on, 8 at the most, and the largest seed is "
            "4294967295. Type seed=4294967288 or less.",
        ),
        (["{compare: [RS, ASHA], looks: [6, 20]}"], "looks: with 6 seeds nothing can be told apart yet"),
        (
            ["{compare: [RS, ASHA], on: fcnet-robotarm, cap: 6}"],
            "no benchmark 'fcnet-robotarm'. Did you mean 'fcnet-robot_arm'?",
        ),
        (
            ["{compare: [RS, ASHA], cap: 8}", "benchmark.dataset=robot_arm,diabetes"],
            "the sweep has 2 benchmarks. Name what is to be settled: on: [fcnet-robot_arm, fcnet-diabetes].",
        ),
        (
            ["{compare: [RS, ASHA], at: 50 %, cap: 8}", "stopping={max_num_evaluations: 50}"],
            "at: on fcnet-robot_arm runs have no time limit of which 50 % could be. Type seconds.",
        ),
        (["{compare: [RS, ASHA]}", "seed=range(3,6)"], "Leave it out, or type the first: seed=3"),
        (
            ["{compare: [RS, ASHA]}", "hydra.sweeper.zip=[[seed,n_workers]]"],
            "hydra.sweeper.zip: with hydra.sweeper.until as many seeds as it takes are added",
        ),
        (
            ["{compare: [RS, ASHA]}", "hydra.sweeper.skip_initial_experiments=2"],
            "all setups get equal seeds, and all of their runs are looked at. Leave it out.",
        ),
        (["{compare: [RS, ASHA], cap: 6}", "random_seed=null"], "random_seed=null draws another number whenever"),
        (["{compare: [RS, ASHA], cap: 6}", "experiment_tag=a,b"], "have one experiment_tag, and these have 2."),
        (["{compare: [RS, ASHA], cap: 6}", "seed=zero"], "seed='zero'"),
    ],
)
def test_what_does_not_fit_the_sweep_is_refused_before_anything_is_run(tunekit, results, typed, told):
    until, *others = typed
    refused = tunekit(*SWEEP, f"hydra.sweeper.until={until}", *others)
    assert refused.status == 2
    assert told in refused.err
    assert not results.root.exists()


def test_it_is_of_sweeps(tunekit, results):
    refused = tunekit("method=RS", OF_BOTH)
    assert (refused.status, refused.err) == (
        2,
        "hydra.sweeper.until is of sweeps: add --multirun, or leave it out.\n",
    )


def test_with_a_launcher_it_is_refused(tunekit, site, results):
    code = Path(__file__).with_name("toy_launcher.py").read_text()
    site.add("tunekit-toy", code + "\n\n@hookimpl\ndef tunekit_register_launchers():\n    return [Toy]\n")
    refused = tunekit(
        "--multirun", "method=RS,ASHA", OF_BOTH, "hydra/launcher=toy", "hydra.launcher.machine=../machine"
    )
    assert refused.status == 2
    assert "hydra/launcher=toy begins all of them at once" in refused.err
    assert "type the seeds, as in 'seed=range(20)'" in refused.err


@pytest.fixture
def settled(tmp_path):
    """Writes a study that has a rule, and says what to type for it."""

    def write(rule):
        file = tmp_path / "mine" / "experiment" / "settled.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(
            "# @package _global_\nexperiment: {name: settled}\nhydra:\n  mode: MULTIRUN\n  sweeper:\n"
            f"    until: {rule}\n    params: {{method: 'RS,ASHA'}}\n"
        )
        return "experiment=settled", "--config-dir", str(tmp_path / "mine"), "--plan"

    return write


def test_what_is_typed_takes_the_place_of_the_rule_in_a_file(tunekit, results, settled):
    typed = settled("{compare: [RS, ASHA], cap: 10, error: 0.2}")
    assert "looks with 6, 8 and 10 seeds, error 0.2 over all of them" in tunekit(*typed).out
    other = tunekit(*typed, "hydra.sweeper.until={compare: {fcnet-robot_arm: [RS, ASHA]}, looks: [8, 12]}")
    assert "looks with 8 and 12 seeds, error 0.05 over all of them" in other.out


def test_a_study_in_a_file_has_it_too(tunekit, results, settled):
    typed = settled("{compare: [RS, ASHA], cap: 10}")
    assert "RS and ASHA on fcnet-robot_arm: looks with 6, 8 and 10 seeds" in tunekit(*typed).out
    narrowed = tunekit(*typed, "hydra.sweeper.until.cap=8")
    assert "looks with 6 and 8 seeds" in narrowed.out
