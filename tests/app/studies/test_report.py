"""``python -m tunekit report``: what a sweep ends with, of any folders, at any time."""

import json

import pytest

from tests.app.studies.made import over_seeds, study as study_of
from tunekit import compare
from tunekit.studies.tables import cells_of

SWEEP = ("method=RS,ASHA", "stopping.max_wallclock_time=300", "--multirun")


@pytest.fixture
def study(tunekit, results):
    """What a sweep of two methods over eight seeds has ended with."""
    return tunekit(*SWEEP, "seed=range(8)")


def test_it_says_what_the_sweep_said(study, tunekit, results):
    report = tunekit("report")
    assert report.status == 0, report.err
    assert report.out in study.out
    assert "16 experiments: 16 completed." in report.err
    assert "fcnet-robot_arm:\n  ASHA " in report.out
    assert "Wilcoxon's signed ranks, Holm's rule over the 1 pair of a benchmark" in report.out


def test_filters_keys_and_flags(study, tunekit, results):
    told = json.loads(
        tunekit("report", "against=scheduler.name=fifo", "setups=scheduler.name", "seed=0,1,2", "--json").out
    )
    (benchmark,) = told["benchmarks"]
    assert [setup["setup"] for setup in benchmark["setups"]] == ["scheduler.name=asha_promotion", "scheduler.name=fifo"]
    assert benchmark["setups"][0]["seeds"] == [0, 1, 2]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["against=ASAH"], "against=ASAH: there is no such setup. Did you mean 'ASHA'? Setups: ASHA, RS."),
        (["setups=n_worker"], "setups=n_worker: no experiment has 'n_worker'. Did you mean 'n_workers'?"),
        (["setups=method,method"], "setups=method,method names 'method' 2 times. Name it once."),
        (["setups=method,"], "setups=method, lacks a key. Type setups=A, or setups=A,B"),
        (["error=2"], "error=2 must be a number between 0 and 1, such as error=0.05"),
        (["statistic=avg"], "statistic=avg: there is no 'avg'. Type statistic= and one of: median, iqm, mean."),
        (["method=NONE"], "No experiment fits method=NONE."),
        (["nowhere"], "nowhere is no folder."),
        (["--pair"], "`report` has no flag '--pair'. Did you mean '--pairs'?"),
        (
            ["agianst=RS"],
            "`report` has no option or filter 'agianst'. Did you mean 'against'? Options: against, setups,",
        ),
    ],
)
def test_what_does_not_fit_is_refused(study, tunekit, results, typed, told):
    refused = tunekit("report", *typed)
    assert refused.status == 2
    assert told in refused.err
    assert refused.out == ""


def test_without_experiments_it_says_so(tunekit, results, tmp_path):
    refused = tunekit("report", str(tmp_path))
    assert refused.status == 2
    assert f"There are no experiments in {tmp_path}." in refused.err


def test_where_none_is_complete_it_says_what_they_are(tunekit, results):
    tunekit("benchmark=script", "benchmark.command=false", "benchmark.space.x=uniform(0,1)", "benchmark.metric=loss")
    refused = tunekit("report")
    assert refused.status == 2
    assert "None of them is complete: 1 experiment: 1 failed." in refused.err


def test_what_is_missing_stands_before_the_verdicts(study, tunekit, results):
    tunekit("method=RS", "stopping.max_wallclock_time=300", "seed=9")
    report = tunekit("report")
    assert "Check: fcnet-robot_arm: ASHA has the first 8 of 9 seeds: its pairs are over these." in report.err


def test_the_mean_has_no_interval(study, tunekit, results):
    table, _, rest = tunekit("report", "statistic=mean").out.partition("Mean over runs")
    assert "[" not in table
    assert rest.startswith(", of which no interval can be trusted")
    assert "[" in tunekit("report", "statistic=iqm").out.partition("Mean of the middle half")[0]


@pytest.mark.parametrize(
    ("losses", "cell"),
    [
        ([0.0185523, 0.0199821, 0.0352378], "0.0200"),
        ([0.4052212, 0.4052215, 0.4052219], "0.405222"),
        ([0.1, 0.9], "0.50"),
        ([0.4052215], "0.4052"),
        ([0.0203842, 0.0203842], "0.02038"),
        ([0.1, 0.2, float("inf")], "0.2"),
    ],
)
def test_without_an_interval_a_number_has_no_digits_in_which_seeds_differ(losses, cell):
    (panel,) = compare(study_of(*over_seeds("ASHA", losses))).panels
    assert cells_of(panel, panel.methods[0], "median")[-1] == cell


def test_help_teaches(tunekit):
    told = tunekit("report", "--help")
    assert told.status == 0
    assert "which setup is better, from when on, by how much, and how sure" in told.out


def test_it_writes_a_page_and_may_write_it_again(tunekit, results, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["__main__.py"])
    tunekit("method=RS,ASHA", "stopping.max_num_evaluations=20", "--multirun", "seed=0,1")
    report = tunekit("report", "html=page.html", "against=RS")
    assert report.out.endswith("Page: page.html\n")
    page = (tmp_path / "page.html").read_text()
    assert "tunekit report html=page.html against=RS" in page
    told = json.loads(tunekit("report", "html=page.html", "against=RS", "--json").out)
    assert [setup["setup"] for setup in told["benchmarks"][0]["setups"]] == ["ASHA", "RS"]
    assert "against=RS --json" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("html=mine.html", "html=mine.html exists and was not written by `report`, so that it is kept."),
        ("html=mine.html", "Type html=report.html"),
        ("html=gone/page.html", "html=gone/page.html: there is no folder gone. Type html=page.html"),
        ("html=mine.html/page.html", "html=mine.html/page.html: mine.html is no folder. Type html=page.html"),
        ("html=results", "html=results is a folder. Type html=results/report.html"),
        ("html=.", "html=. is a folder. Type html=report.html"),
        ("html=", "html= names no file. Type html=report.html"),
        ("html=-", "html=- does not end in .html, as a page for a browser does. Type html=report.html"),
        (
            "html=results/true",
            "html=results/true does not end in .html, as a page for a browser does. Type html=results/t",
        ),
        (f"html={'a' * 300}.html", "a.html' is no path where anything can be looked for: File name too long."),
        ("html=/proc/page.html", "html=/proc/page.html: nothing can be written in /proc: No such file"),
    ],
)
def test_where_no_page_may_be_written_nothing_is_read(tunekit, results, tmp_path, typed, told):
    (tmp_path / "mine.html").write_text("mine")
    (tmp_path / "results").mkdir()
    refused = tunekit("report", typed)
    assert refused.status == 2
    assert told in refused.err
    assert (tmp_path / "mine.html").read_text() == "mine"
