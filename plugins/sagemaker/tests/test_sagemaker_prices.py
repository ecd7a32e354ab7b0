"""What instances cost: given prices, those of a file, list prices with their date; never one that is made up."""

import warnings

import pytest

from tunekit_core import ConfigurationError, InvalidOption, SearchSpace, TunekitWarning, Tuner, choice, create
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.randomness import Streams
from tunekit_core.testing import toy_problem
from tunekit_sagemaker.aws.limits import instance_types
from tunekit_sagemaker.aws.prices import LISTED, price_list, read_prices
from tunekit_sagemaker.backend.options import SageMakerOptions

from .test_sagemaker_launch import Training

HEADER = "region;instance;usd_per_hour\n"


@pytest.fixture(autouse=True)
def no_file(monkeypatch):
    monkeypatch.delenv("TUNEKIT_PRICES", raising=False)


@pytest.fixture
def file(tmp_path, monkeypatch):
    def write(text):
        path = tmp_path / "prices.csv"
        path.write_text(text)
        monkeypatch.setenv("TUNEKIT_PRICES", str(path))
        return path

    return write


def test_the_list_has_a_date_a_region_and_types_that_sagemaker_has():
    text = LISTED.read_text()
    assert "# date: 2026-09-24\n# region: us-east-1\n# source: " in text
    table = read_prices(LISTED, "")
    assert table.date == "2026-09-24"
    assert {region for region, _ in table.prices} == {"us-east-1"}
    types = [instance for _, instance in table.prices]
    assert len(types) == 56
    assert [each for each in types if each not in instance_types()] == []
    assert [table.prices["us-east-1", each] for each in ("ml.m5.large", "ml.g5.xlarge")] == [0.115, 1.408]


@pytest.mark.parametrize("family", ["m5", "c5", "g4dn", "g5", "g6", "g6e"])
def test_a_larger_type_of_a_family_costs_more(family):
    """A figure in the wrong line shows. With 16xlarge fewer GPUs come than with 12xlarge."""
    prices = read_prices(LISTED, "").of_region("us-east-1")
    xlarge, twice, four_times = (prices[f"ml.{family}.{size}"] for size in ("xlarge", "2xlarge", "4xlarge"))
    assert xlarge < twice < four_times


def test_given_prices_come_first_then_those_of_the_file_then_the_list(file):
    path = file(f"{HEADER}eu-west-1;ml.m5.large;0.2\neu-west-1;ml.m5.xlarge;0.4\nus-east-1;ml.c5.xlarge;9\n")
    prices = price_list({"ml.m5.large": 0.3}, "eu-west-1")
    assert [prices.of(f"ml.{size}") for size in ("m5.large", "m5.xlarge", "c5.xlarge")] == [0.3, 0.4, 0.204]
    assert prices.of("ml.t3.medium") is None
    assert prices.basis(["ml.m5.large"]) == "given prices"
    assert prices.basis(["ml.m5.xlarge"]) == f"prices of {path}"
    everything = prices.basis(["ml.m5.large", "ml.m5.xlarge", "ml.c5.xlarge", "ml.t3.medium"])
    assert everything == f"given prices, prices of {path}, list prices of 2026-09-24 in us-east-1"
    assert prices.basis(["ml.t3.medium"]) == ""


@pytest.mark.parametrize(
    ("region", "elsewhere"),
    [("us-east-1", ""), ("eu-west-1", "; eu-west-1 may differ"), (None, "; another region may differ")],
)
def test_list_prices_are_told_in_one_line_and_once(region, elsewhere):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        price_list({}, region).tell(["ml.m5.large"])
        price_list({}, region).tell(["ml.m5.large"])
        price_list({"ml.m5.large": 1.0}, region).tell(["ml.m5.large"])
        price_list({}, region).tell(["ml.t3.medium"])
    (told,) = caught
    assert told.category is TunekitWarning
    assert str(told.message) == (
        f"Costs are counted by the list prices of 2026-09-24 in us-east-1{elsewhere}. What you pay, in dollars an "
        "hour, can be given: backend.prices='{TYPE: DOLLARS}'."
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("ml.m5.large;0.1\n", 1),
        (f"{HEADER}us-east-1;ml.m5.large\n", 2),
        (f"# date: 2026-01-01\n\n{HEADER}us-east-1;ml.m5.large;0.1\nus-east-1;ml.m5.xlarge;free\n", 5),
        (f"{HEADER}us-east-1;ml.m5.large;0\n", 2),
        (f"{HEADER}us-east-1;ml.m5.large;-1\n", 2),
        (f"{HEADER}us-east-1;ml.m5.large;nan\n", 2),
        (f'{HEADER}us-east-1;ml.m5.large;0.1\nus-east-1;"ml.m5.xlarge;0.2\nus-east-1;ml.c5.xlarge";0.3\n', 3),
    ],
)
def test_a_line_of_a_file_that_cannot_be_read_is_named(file, text, line):
    path = file(text)
    with pytest.raises(InvalidOption, match=rf"^TUNEKIT_PRICES='{path}' names a file of prices whose line {line} "):
        price_list({}, "us-east-1")


@pytest.mark.parametrize("name", ["none.csv", "~nobody-of-this-name/prices.csv"])
def test_a_file_that_is_not_there_is_named(monkeypatch, name):
    monkeypatch.setenv("TUNEKIT_PRICES", name)
    with pytest.raises(InvalidOption, match=rf"^TUNEKIT_PRICES='{name}' names a file .*: No such file or directory"):
        price_list({}, "us-east-1")


@pytest.mark.parametrize("text", ["", "\n\n", "# date: 2026-01-01\n"])
def test_a_file_without_prices_is_refused(file, text):
    file(text)
    with pytest.raises(InvalidOption, match=r"names a file of prices that has none\. Its first line has to be region;"):
        price_list({}, "us-east-1")


def test_a_file_as_excel_writes_it_is_read(file):
    file(f"\ufeff{HEADER}us-east-1;ml.m5.large;0.2\n".replace("\n", "\r\n"))
    assert price_list({}, "us-east-1").of("ml.m5.large") == 0.2


@pytest.mark.parametrize("price", [0, -1.0, float("nan"), float("inf"), "much", True])
def test_a_price_is_dollars_above_0(price):
    with pytest.raises(InvalidOption, match=r"needs dollars an hour, above 0, for ml.m5.large"):
        SageMakerOptions(prices={"ml.m5.large": price})


def test_the_price_of_a_type_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"prices='ml.m5.larg' is no type .* Did you mean 'ml.m5.large'\?"):
        Training().backend(tmp_path, prices={"ml.m5.larg": 1.0})


# An end in dollars


def tuner(tmp_path, training=None, **options):
    training = training or Training()
    problem, streams = toy_problem(training), Streams(0)
    return Tuner(
        scheduler=Fifo(problem, streams, RandomSearch(problem, streams)),
        backend=training.backend(tmp_path / "run", problem, **options),
        stopping=[create("stopping", "max_cost", problem, cost=20)],
    )


@pytest.mark.parametrize(
    "options",
    [
        {"instance_type": "ml.t3.medium"},
        {"instance_types": ("ml.m5.large", "ml.t3.medium")},
        {"instance_type_attr": "machine"},
    ],
)
def test_an_end_in_dollars_needs_the_price_of_every_type_that_can_occur(tmp_path, options):
    training = Training()
    training.space = SearchSpace({"machine": choice(["ml.m5.large", "ml.t3.medium"])})
    with pytest.raises(
        ConfigurationError,
        match=r"^stopping.max_cost ends the experiment by what it costs, and the price of ml.t3.medium is not known. "
        r"Type backend.prices='\{ml.t3.medium: DOLLARS\}'",
    ):
        tuner(tmp_path, training, **options)
    assert not (tmp_path / "run").exists()
    assert tuner(tmp_path, training, **options, prices={"ml.t3.medium": 0.05})


def test_an_end_in_dollars_does_for_a_type_of_the_list(tmp_path):
    assert tuner(tmp_path)
