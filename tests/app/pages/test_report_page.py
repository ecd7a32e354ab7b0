"""The page of a report as a file: what is in it, and which files it is written to."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import attrs
import pytest

from tests.app.pages.studies_to_show import HOSTILE, NAMES, fixed_study, hostile_study, plain_study
from tests.app.studies.made import experiment, over_seeds, study
from tunekit import compare, write_report
from tunekit.pages.columns import column
from tunekit_core.errors import ConfigurationError


class Parts(HTMLParser):
    """Elements of a page, and the text in those that a browser does not read as markup."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.texts = [], {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.lasttag in ("script", "style"):
            self.texts.setdefault(f"{self.lasttag} {dict(self.elements[-1][1]).get('type', '')}".strip(), data)


def page_of(made, path, **how):
    return write_report(compare(made), made, path / "report.html", **how).read_text(encoding="utf-8")


def data_in(page):
    return json.loads(Parts(page).texts["script application/json"])


def test_equal_experiments_give_an_equal_page(tmp_path):
    (tmp_path / "again").mkdir()
    assert page_of(plain_study(), tmp_path) == page_of(plain_study(), tmp_path / "again")


def test_a_page_is_told_when_the_newest_experiment_ended_not_when_it_was_written(tmp_path):
    assert data_in(page_of(plain_study(), tmp_path))["newest"] == "2026-01-01T00:00:00+00:00"


def test_nothing_of_a_name_is_markup(tmp_path):
    page = page_of(hostile_study(), tmp_path, command=HOSTILE)
    plain = page_of(plain_study(), tmp_path)
    assert [tag for tag, _ in Parts(page).elements] == [tag for tag, _ in Parts(plain).elements]
    text = Parts(page).texts["script application/json"]
    assert not set("<>&\u2028\u2029") & set(text)
    assert text.isascii()
    methods = {method["setup"] for each in data_in(page)["benchmarks"] for method in each["methods"]}
    assert {HOSTILE, NAMES[1]} <= methods


def test_names_lose_what_turns_a_line_round(tmp_path):
    data = data_in(page_of(hostile_study(), tmp_path))
    assert " right to left" in {label.rstrip() for label in data["styles"]}


def test_only_the_script_and_the_style_of_the_page_may_run(tmp_path):
    parts = Parts(page_of(plain_study(), tmp_path))
    (policy,) = (each["content"] for tag, each in parts.elements if each.get("http-equiv") == "Content-Security-Policy")
    hashes = {
        kind: base64.b64encode(hashlib.sha256(parts.texts[kind].encode()).digest()).decode()
        for kind in ("script", "style")
    }
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{hashes['script']}'; style-src 'sha256-{hashes['style']}'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_a_page_refers_to_nothing_outside(tmp_path):
    parts = Parts(page_of(plain_study(), tmp_path))
    assert {tag for tag, _ in parts.elements} & {"link", "img", "iframe", "object", "base", "form", "video"} == set()
    assert [value for _, each in parts.elements for name, value in each.items() if name in ("src", "srcset")] == []
    assert all(each["href"].startswith("#") for _, each in parts.elements if "href" in each)
    own = parts.texts["script"] + parts.texts["style"]
    assert (
        re.findall(r"https?:|['\"`(]//|\burl\((?!#)|@import|\bimport\b|\bfetch\b|XMLHttp|WebSocket|innerHTML", own)
        == []
    )


def test_what_is_not_finite_is_no_trouble(tmp_path):
    runs = over_seeds("RS", [float("inf")] * 6) + over_seeds("ASHA", [1e300, -1e300, 0.0, 1.0, 2.0, 3.0])
    nothing = [
        attrs.evolve(each, best=attrs.evolve(each.best, times=each.best.times[:0], values=each.best.values[:0]))
        for each in runs[:6]
    ]
    data = data_in(page_of(study(*nothing, *runs[6:]), tmp_path))
    assert data["benchmarks"][0]["without"] == ["RS"]
    assert data["benchmarks"][0]["curves"]["type"] == "f8"


@pytest.mark.parametrize(
    ("statistic", "caption", "at_the_end"),
    [
        ("median", "median over runs and its 95 % interval", 3.0),
        ("iqm", "mean of the middle half of the runs and its", 3.9),
        ("mean", "mean over runs, of which no interval", 22.6),
    ],
)
def test_a_table_says_what_its_numbers_are(tmp_path, statistic, caption, at_the_end):
    made = study(*over_seeds("ASHA", [1.0, 2.0, 7.0, 100.0, 3.0]))
    table = data_in(page_of(made, tmp_path, statistic=statistic))["benchmarks"][0]["table"]
    assert table["caption"].startswith(f"Best loss so far (lower is better): {caption}")
    assert table["rows"][0][-1][1] == pytest.approx(at_the_end)


def test_a_statistic_that_is_none_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="statistic='avg' must be one of: median, iqm, mean"):
        page_of(plain_study(), tmp_path, statistic="avg")


def test_setups_with_one_median_have_the_best_alike(tmp_path):
    made = study(*over_seeds("ASHA", [0.1 + 0.2] * 8), *over_seeds("RS", [0.3] * 8))
    data = data_in(page_of(made, tmp_path))
    assert data["verdicts"][0]["summary"] == "ASHA and RS share the best median"
    place = data["setups"]["columns"].index("best median on")
    assert [row[place] for row in data["setups"]["rows"]] == [1, 1]
    assert data["verdicts"][0]["sentences"] == ["ASHA and RS are equal in all 8 seeds that both have."]
    pairs = data["benchmarks"][0]["pairs"]
    assert pairs["columns"][:2] == ["first", "second"]
    assert (pairs["rows"][0][3][0], pairs["rows"][0][-1]) == ("0 % [0, 0]", "equal in all seeds")
    assert str(pairs["rows"][0][3][1]) == "0.0"


def test_one_run_alone_has_a_page(tmp_path):
    data = data_in(page_of(study(experiment()), tmp_path))
    assert data["benchmarks"][0]["about"] == "1 run"
    assert data["verdicts"][0]["sentences"] == []


def test_runs_that_are_not_compared_are_listed(tmp_path):
    older = experiment(seed=0, age=5)
    failed = experiment("RS", told={"status": "failed", "reason": "no space"})
    data = data_in(page_of(study(*over_seeds("ASHA", [0.1, 0.2]), older, failed), tmp_path))
    assert [(row[0], row[3], row[4]) for row in data["left_out"]["rows"]] == [
        ("RS", "failed", "no space"),
        ("ASHA", "completed", ""),
    ]


def test_what_differs_is_told_where_it_differs(tmp_path):
    made = [
        experiment(method, dataset, seed, told={"versions": {"tunekit-hpo": "1", method: "2"}})
        for method in ("RS", "ASHA")
        for dataset in ("a", "b")
        for seed in range(2)
    ]
    repeat = data_in(page_of(study(*made), tmp_path))["repeat"]
    assert ["Scheduler", "asha_promotion"] in repeat["same"]
    by_benchmark, by_setup = repeat["tables"]
    assert by_benchmark["columns"] == ["benchmark", "Hash of the data"]
    assert by_benchmark["rows"] == [["nowhere-a", "hash of a"], ["nowhere-b", "hash of b"]]
    assert by_setup["rows"] == [["ASHA", "tunekit-hpo 1, ASHA 2"], ["RS", "tunekit-hpo 1, RS 2"]]


def test_a_pair_whose_comparison_was_fixed_beforehand_has_its_rule_and_no_p_value(tmp_path):
    made, rule = fixed_study()
    data = data_in(page_of(made, tmp_path))
    pairs = data["benchmarks"][0]["pairs"]
    (row,) = pairs["rows"]
    told = dict(zip(pairs["columns"], row, strict=True))
    assert told["p"] == ["by the rule: look 1 of 2", ""]
    assert told["after Holm's rule"] == ["by the rule: no p-value", ""]
    assert told["verdict"] == "first is better, by the rule that was fixed beforehand"
    assert "from" not in told
    assert data["how"][-1].startswith("Fixed beforehand, and tested by its own rule: looks with 6 and 8 seeds, error")
    assert data["verdicts"][0]["summary"] == "A has the best median, and is better than B"
    assert rule.is_told_apart
    assert "look 1 of 2 of the rule" in data["verdicts"][0]["sentences"][0]


@pytest.mark.parametrize(
    ("losses", "says"),
    [
        ([0.1, 0.2], "M0 has the best median, and is better than M1"),
        ([0.1, 0.1001], "M0 has the best median, but is not told apart from M1"),
        ([0.1, 0.2, 0.3], "M0 has the best median, and is better than both others"),
        ([0.1, 0.1001, 0.3], "M0 has the best median, and is better than 1 of 2 others"),
        ([0.1, 0.1001, 0.1002], "M0 has the best median, but is better than none of 2 others"),
    ],
)
def test_a_benchmark_is_summed_up(tmp_path, losses, says):
    shifts = [(7 * seed % 10 - 4.5) / 1000 for seed in range(10)]
    runs = [
        each
        for place, loss in enumerate(losses)
        for each in over_seeds(f"M{place}", [loss + shifts[(seed + 3 * place) % 10] for seed in range(10)])
    ]
    assert data_in(page_of(study(*runs), tmp_path))["verdicts"][0]["summary"] == says


def test_that_medians_and_median_differences_disagree_is_told_in_the_summary(tmp_path):
    best = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.70, 0.8, 0.9, 1.0]
    other = [0.9, 1.0, 0.2, 0.3, 0.4, 0.5, 0.69, 0.6, 0.7, 0.8]
    made = study(*over_seeds("ASHA", best), *over_seeds("MOBSTER", other), *over_seeds("RS", [2.0] * 10))
    assert data_in(page_of(made, tmp_path))["verdicts"][0]["summary"] == (
        "ASHA has the best median, and is better than 1 of 2 others; seed by seed, the median difference is in favour "
        "of MOBSTER"
    )


def test_a_page_is_called_after_its_tag_or_folder_and_its_setups(tmp_path):
    tagged = over_seeds("ASHA", [0.1], told={"experiment_tag": "mine"}) + over_seeds(
        "RS", [0.2], told={"experiment_tag": "mine"}
    )
    assert data_in(page_of(study(*tagged), tmp_path))["title"] == "Report of mine: ASHA and RS"
    assert data_in(page_of(plain_study(), tmp_path))["title"] == "Report of results: ASHA, MOBSTER and RS"


def test_columns_are_labelled_with_the_times_that_their_values_are_of(tmp_path):
    stopping = {"max_wallclock_time": {"distribution": "tunekit-hpo", "seconds": 15.0}}
    data = data_in(page_of(study(*over_seeds("ASHA", [0.1, 0.2], stopping=stopping)), tmp_path))
    assert data["benchmarks"][0]["table"]["columns"] == ["setup", "runs", "at 3.75 s", "at 7.5 s", "at 15 s"]


def test_numbers_of_a_pair_are_those_of_its_sentence(tmp_path):
    data = data_in(page_of(plain_study(), tmp_path))
    sentences = [sentence for each in data["verdicts"] for sentence in each["sentences"]]
    for each in data["benchmarks"]:
        place = each["pairs"]["columns"].index("median difference")
        for row in each["pairs"]["rows"]:
            amount, _, interval = row[place][0].partition(" [")
            assert any(amount in sentence and f"[{interval}" in sentence for sentence in sentences)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mine.html", "mine.html exists and was not written by `report`, so that it is kept. Type html="),
        ("nowhere/a.html", "there is no folder"),
        (".", "is a folder. Type html="),
    ],
)
def test_a_file_that_cannot_be_the_report_is_refused(tmp_path, name, says):
    (tmp_path / "mine.html").write_text("<p>mine</p>")
    made = plain_study()
    with pytest.raises(ConfigurationError, match=re.escape(says)):
        write_report(compare(made), made, tmp_path / name)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("mine.html", "<p>mine</p>")]


@pytest.mark.parametrize("others", [over_seeds("RS", [0.1]), over_seeds("RS", [0.1, 0.3]), over_seeds("RS", [1.0] * 3)])
def test_a_comparison_of_other_experiments_is_refused(tmp_path, others):
    comparison = compare(study(*over_seeds("RS", [0.1, 0.2])))
    others[0].metadata["n_started"] = 5
    with pytest.raises(ConfigurationError, match="is not of the complete experiments of this study"):
        write_report(comparison, study(*others), tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_a_report_of_something_else_than_a_comparison_and_its_experiments_is_refused(tmp_path):
    made = plain_study()
    for given in ((made, compare(made)), (compare(made), None), (None, made), (made, made), ("results", made)):
        with pytest.raises(
            ConfigurationError, match=r"needs a comparison and its .* write_report\(compare\(study\), study"
        ):
            write_report(*given, tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("tag", [["a"], {"a": 1}, None, 5])
def test_a_tag_that_is_no_text_names_no_page(tmp_path, tag):
    data = data_in(page_of(study(experiment("A", told={"experiment_tag": tag})), tmp_path))
    assert data["title"] == "Report of results: A"


def test_a_link_is_not_written_through(tmp_path):
    made = plain_study()
    page_of(made, tmp_path)
    (tmp_path / "link.html").symlink_to(tmp_path / "report.html")
    with pytest.raises(ConfigurationError, match="was not written by `report`"):
        write_report(compare(made), made, tmp_path / "link.html")


def test_a_report_replaces_one_before_and_leaves_nothing_beside_it(tmp_path):
    before = page_of(plain_study(), tmp_path)
    after = page_of(study(experiment()), tmp_path)
    assert before != after
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("entries", "written"),
    [
        (["a"] * 3, {"all": "a"}),
        (["a", "b", "a", "a", "b", "a", "a", "a"], {"kinds": ["a", "b"], "of": [0, 1, 0, 0, 1, 0, 0, 0]}),
        ([1, 2, 3], {"each": [1, 2, 3]}),
    ],
)
def test_a_column_is_written_in_its_shortest_form(entries, written):
    assert column(entries) == written
