import pytest
from hypothesis import given, strategies as st

from tunekit.cli import verbs
from tunekit.config.arguments import VERBS, parse, with_prefixes
from tunekit_core.errors import ConfigurationError

LAUNCH = ["+method=MOBSTER", "benchmark=fcnet", "seed=range(20)"]


@given(st.integers(0, len(LAUNCH)))
def test_a_flag_may_stand_anywhere(position):
    arguments = [*LAUNCH[:position], "--multirun", *LAUNCH[position:]]
    assert parse(arguments).for_hydra == ["--multirun", *LAUNCH]


def test_flags_keep_their_values_and_overrides_their_order():
    line = parse(
        ["seed=1", "--config-dir", "mine", "n_workers=2", "--cfg=hydra", "-p", "scheduler", "--info", "seed=3"]
    )
    assert line.flags == ("--config-dir", "mine", "--cfg=hydra", "-p", "scheduler", "--info=all")
    assert line.overrides == ("seed=1", "n_workers=2", "seed=3")


@pytest.mark.parametrize(
    ("arguments", "folder"),
    [(["seed=1"], None), (["-cd", "mine", "-m"], "mine"), (["--config-dir=mine"], "mine"), (["-p", "x", "-cd=a"], "a")],
)
def test_the_folder_of_the_user_is_known(arguments, folder):
    assert parse(arguments).config_dir == folder


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["seed=1"], True),
        (["-cd", "mine"], True),
        (["-m"], False),
        (["--cfg=hydra"], False),
        (["--cfg=job"], True),
        (["--info"], False),
    ],
)
def test_hydra_may_choose_between_run_and_sweep_unless_a_flag_does(arguments, expected):
    assert parse(arguments).names_no_command is expected


def test_flags_of_our_own_do_not_reach_hydra():
    line = parse(["-h", "--debug", "seed=1"])
    assert line.own == {"--help", "--debug"}
    assert line.for_hydra == ["seed=1"]


@pytest.mark.parametrize(
    ("typed", "for_hydra"),
    [
        ("method=RS", "+method=RS"),
        ("method=tunekit-hpo/RS", "+method=tunekit-hpo/RS"),
        ("searcher.name=tunekit-hpo/random", "++searcher.name=tunekit-hpo/random"),
        ("stopping.tunekit-hpo/max_cost=3", "++stopping.max_cost=3"),
        ("~stopping.Tunekit_HPO/max_cost.cost", "~stopping.max_cost.cost"),
        ("stopping.4ever.org/max_cost.cost=3", "++stopping.$4ever-org$max_cost.cost=3"),
        ("searcher.file=~/a,~you/b", "++searcher.file='~/a','~you/b'"),
        ("benchmark.command='run --in=~/a'", "++benchmark.command='run --in=~/a'"),
        ("searcher.files=[~/a.csv]", "++searcher.files=['~/a.csv']"),
        ("+method=RS", "+method=RS"),
        ("++experiment=demo_study", "+experiment=demo_study"),
        ("+benchmark=fcnet", "benchmark=fcnet"),
        ("seed=1", "seed=1"),
        ("+seed=1", "seed=1"),
        ("stopping.max_cost=3", "++stopping.max_cost=3"),
        ("+scheduler.brackets=2", "++scheduler.brackets=2"),
        ("tags={a: 1}", "++tags={a: 1}"),
        ("~tags.a", "~tags.a"),
        ("hydra.sweeper.n_jobs=1", "hydra.sweeper.n_jobs=1"),
        ("methd=RS", "methd=RS"),
        ("+methd=RS", "+methd=RS"),
        ("tags.formula=a=b+c", "++tags.formula='a=b+c'"),
        ("tags.größe=[ä,b]", "++tags.$$gr$f6$$df$e=['ä',b]"),
        ("benchmark.space.optim.lr=3", "++benchmark.space.$$optim$2e$lr=3"),
        ("benchmark.space.weight-decay=[1,2]", "++benchmark.space.weight-decay=[1,2]"),
        ("benchmark.space.lr=log uniform(1, 2)", "++benchmark.space.lr='log uniform(1, 2)'"),
        ("fixed.2d=3", "++fixed.$$2d=3"),
        ("benchmark.metric=verlust_ß", "++benchmark.metric='verlust_ß'"),
        ("points_to_evaluate=[{'größe': 3, optim.lr: 1}]", "points_to_evaluate=[{$$gr$f6$$df$e: 3, optim.lr: 1}]"),
        ("results_dir=${oc.env:HOME}/größe", "results_dir='${oc.env:HOME}/größe'"),
    ],
)
def test_every_override_gets_the_prefix_that_it_needs(typed, for_hydra):
    assert with_prefixes([typed]) == [for_hydra]


@pytest.mark.parametrize(
    ("typed", "for_hydra"),
    [
        (
            ["stopping.regret_bound=0.1", "stopping.regret_bound.trials=5"],
            ["++stopping.regret_bound.below=0.1", "++stopping.regret_bound.trials=5"],
        ),
        (
            ["stopping.regret_bound.trials=5", "stopping.regret_bound=0.1,0.2"],
            ["++stopping.regret_bound.trials=5", "++stopping.regret_bound.below=0.1,0.2"],
        ),
        (
            ["stopping.regret_bound=null", "stopping.regret_bound.trials=5"],
            ["++stopping.regret_bound=null", "++stopping.regret_bound.trials=5"],
        ),
        (["stopping.nothing=1", "stopping.nothing.a=2"], ["++stopping.nothing=1", "++stopping.nothing.a=2"]),
        (["stopping.regret_bound=0.1"], ["++stopping.regret_bound.below=0.1"]),  # beside what options files may say
        (
            ["stopping.tunekit-hpo/regret_bound=0.1,0.2", "stopping.max_cost=1"],
            ["++stopping.regret_bound.below=0.1,0.2", "++stopping.max_cost=1"],
        ),
        (["stopping.regret_bound=0.1,null"], ["++stopping.regret_bound=0.1,null"]),
        (["stopping.regret_bound=true"], ["++stopping.regret_bound=true"]),
        (
            ["stopping.regret_bound=0.1", "stopping.regret_bound=null"],
            ["++stopping.regret_bound=0.1", "++stopping.regret_bound=null"],
        ),
    ],
)
def test_a_single_value_and_options_beside_it_both_count(typed, for_hydra):
    assert with_prefixes(typed) == for_hydra


@pytest.mark.parametrize(
    ("command", "for_hydra"),
    [
        ("python train.py optim.lr={lr}", "'python train.py optim.lr={lr}'"),
        ("python train.py [{a},{b}] --c=1,2", "'python train.py [{a},{b}] --c=1,2'"),
        ('python train.py --a "b c"', "'python train.py --a \"b c\"'"),
        ("python train.py --a 'b c'", r"'python train.py --a \'b c\''"),
        ('"my program" train.py', "'\"my program\" train.py'"),
        ("'python a.py {lr}',\"python b.py {lr}\"", "'python a.py {lr}',\"python b.py {lr}\""),
        ('"python train.py --a \\"b\\""', '"python train.py --a \\"b\\""'),
        ("null", "null"),
        ("", ""),
    ],
)
def test_a_command_is_text_with_whatever_signs_and_several_are_in_quotes(command, for_hydra):
    assert with_prefixes([f"benchmark.command={command}"]) == [f"++benchmark.command={for_hydra}"]
    assert with_prefixes([f"++benchmark.command={for_hydra}"]) == [f"++benchmark.command={for_hydra}"]


@pytest.mark.parametrize("arguments", [["--multirn"], ["--cfg"], ["plugin"], ["-x", "seed=1"]])
def test_what_is_neither_flag_nor_override_is_refused(arguments):
    with pytest.raises(ConfigurationError):
        parse(arguments)


@pytest.mark.parametrize(
    ("arguments", "shown", "flags"),
    [
        (["--cfg", "job"], "", ()),
        (["-c=job", "--multirun"], "", ("--multirun",)),
        (["-cd", "mine", "--cfg", "job", "--package=scheduler"], "scheduler", ("-cd", "mine")),
        (["-p", "a.b", "--cfg=job"], "a.b", ()),
        (["--cfg", "all", "-p", "a"], None, ("--cfg", "all", "-p", "a")),
        ([], None, ()),
    ],
)
def test_the_configuration_of_a_job_is_shown_by_us_and_the_flags_are_kept_from_hydra(arguments, shown, flags):
    line = parse(["seed=1", *arguments])
    assert (line.shown, line.flags, line.overrides) == (shown, flags, ("seed=1",))


def test_what_cfg_shows_is_one_of_three():
    with pytest.raises(ConfigurationError, match=r"--cfg jb: .*Did you mean 'job'"):
        parse(["--cfg", "jb"])


def test_null_leaves_a_component_open_as_saying_nothing_does():
    assert with_prefixes(["backend=null", "+benchmark=null", "searcher=null"]) == ["searcher=null"]


def test_the_verbs_that_are_suggested_are_those_that_there_are():
    assert set(VERBS) == {"plugins", "resume", *verbs.VERBS}


def test_a_mapping_that_is_typed_takes_the_place_of_that_in_a_file():
    typed = "hydra.sweeper.repeats={method: {ASHA: 1}}"
    emptied, override = with_prefixes([typed])
    assert emptied == "hydra.sweeper.repeats=null"
    assert override.startswith("hydra.sweeper.repeats={")
    assert with_prefixes(["hydra.sweeper.repeats=null"]) == ["hydra.sweeper.repeats=null"]
    assert len(with_prefixes(["hydra.sweeper.until={compare: [RS, ASHA]}"])) == 2
