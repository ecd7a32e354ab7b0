"""What travels to the jobs of a launch, and what of it jobs find where."""

import json
import sys

import attrs
import pytest

from tunekit_core import ConfigurationError, InvalidOption, Script
from tunekit_sagemaker.code.required import travelling_with
from tunekit_sagemaker.launcher.job import work
from tunekit_sagemaker.launcher.options import SageMakerLauncherOptions
from tunekit_sagemaker.launcher.packing import pack

from .launching import launch_of


def packed(folder, options=None, **launch):
    asked = attrs.evolve(launch_of(folder / "results", [0]), **launch)
    return pack(asked, SageMakerLauncherOptions(**(options or {})))


def program(folder, **files):
    folder.mkdir(parents=True)
    for name, text in {"train.py": "", **files}.items():
        (folder / name.replace("_txt", ".txt")).write_text(text)
    return Script(("python", "train.py"), folder)


def test_what_tunekit_and_its_plugins_require_is_installed_and_they_themselves_travel(tmp_path):
    found = packed(tmp_path)
    assert {"tunekit/__main__.py", "tunekit_core/__init__.pyi", "tunekit_asha/__init__.py"} < set(found.generated)
    assert {"tunekit_sagemaker/launcher/job.py", "hydra_plugins/tunekit_sweeper/__init__.py"} < set(found.generated)
    assert any(name.endswith("tunekit_asha-0.1.0.dist-info/entry_points.txt") for name in found.generated)
    required = found.generated["requirements.txt"].decode().splitlines()
    assert {"numpy>=1.26", "boto3>=1.35.5"} < set(required)
    assert not [line for line in required if line.startswith("tunekit")]


def test_the_folders_of_programs_lie_beside_each_other(tmp_path):
    one, two = program(tmp_path / "a/training"), program(tmp_path / "b/training", other_txt="")
    found = packed(tmp_path, scripts=(one, two))
    assert [file.name for file in found.files] == ["folders/0/train.py", "folders/1/other.txt", "folders/1/train.py"]
    assert found.moved == {str(one.folder): "folders/0", str(two.folder): "folders/1"}


def test_inputs_travel(tmp_path):
    (tmp_path / "data/b").mkdir(parents=True)
    (tmp_path / "data/b/x.csv").write_text("")
    (tmp_path / "one.csv").write_text("")
    inputs = (tmp_path / "data", tmp_path / "one.csv")
    found = packed(tmp_path, inputs=inputs)
    assert [file.name for file in found.files] == ["inputs/0/data/b/x.csv", "inputs/1/one.csv"]
    assert found.moved == {str(inputs[0]): "inputs/0/data", str(inputs[1]): "inputs/1/one.csv"}


def test_dependencies_are_importable(tmp_path):
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers/a.py").write_text("")
    found = packed(tmp_path, {"source_dependencies": (str(tmp_path / "helpers"),)})
    assert [file.name for file in found.files] == ["helpers/a.py"]


def test_requirements_of_programs_and_options_are_joined(tmp_path):
    (tmp_path / "more.txt").write_text("six>=1.15\n")
    script = program(tmp_path / "training", requirements_txt="six<1.17\n")
    found = packed(tmp_path, {"requirements": str(tmp_path / "more.txt")}, scripts=(script,))
    assert "six<1.17,>=1.15" in found.generated["requirements.txt"].decode().splitlines()


@pytest.mark.parametrize(
    "line",
    [
        "-r other.txt",
        "--requirement=other.txt",
        "-c other.txt",
        "-e .",
        "-e ../lib",
        "./tiny",
        "wheels/tiny-1.0-py3-none-any.whl",
        "/home/me/tiny",
        "~/tiny.zip",
        "file:///home/me/tiny",
        "tiny @ file:///home/me/tiny",
        "--find-links wheels",
    ],
)
def test_requirements_beside_a_file_are_refused_since_jobs_have_it_elsewhere(tmp_path, line):
    script = program(tmp_path / "training", requirements_txt=f"six\n{line}\n")
    with pytest.raises(
        ConfigurationError, match=r"`.*` \(.*training/requirements.txt, line 2\) names something on this m"
    ):
        packed(tmp_path, scripts=(script,))


@pytest.mark.parametrize(
    "line",
    [
        "--extra-index-url https://host/simple",
        "-f https://host/wheels",
        "-e git+https://host/repository#egg=x",
        "https://host/x.tar.gz",
        "six==1.17.0 --hash=sha256:abc",
        "--no-binary :all:",
        "zope.interface",
    ],
)
def test_requirements_that_jobs_find_travel(tmp_path, line):
    script = program(tmp_path / "training", requirements_txt=f"{line}\n")
    assert line in packed(tmp_path, scripts=(script,)).generated["requirements.txt"].decode().splitlines()


@pytest.mark.parametrize("name", ["tunekit", "folders", "inputs", "requirements.txt"])
def test_a_dependency_with_the_name_of_something_that_travels_is_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(InvalidOption, match=rf"source_dependencies='.*/{name}' would lie where what travels by itself"):
        packed(tmp_path, {"source_dependencies": (str(tmp_path / name),)})


def test_results_in_a_dependency_do_not_travel(tmp_path):
    (tmp_path / "results/tag").mkdir(parents=True)
    (tmp_path / "results/tag/a.txt").write_text("")
    (tmp_path / "a.py").write_text("")
    found = packed(tmp_path, {"source_dependencies": (str(tmp_path),)})
    assert [file.name for file in found.files] == [f"{tmp_path.name}/a.py"]


def test_a_dependency_without_a_name_is_refused(tmp_path):
    with pytest.raises(InvalidOption, match="source_dependencies='' is no file or folder: name one with code"):
        packed(tmp_path, {"source_dependencies": ("",)})


def test_two_dependencies_of_one_name_are_refused(tmp_path):
    folders = [tmp_path / each / "helpers" for each in ("a", "b")]
    for folder in folders:
        folder.mkdir(parents=True)
    with pytest.raises(InvalidOption, match=rf"source_dependencies='.*b/helpers' would lie where {folders[0]} does"):
        packed(tmp_path, {"source_dependencies": tuple(map(str, folders))})


def test_a_contradiction_is_told_before_anything_is_begun(tmp_path):
    (tmp_path / "more.txt").write_text("numpy<1\n")
    with pytest.raises(ConfigurationError, match=r"No version fulfils `numpy>=1\.26` \(tunekit-hpo, line"):
        packed(tmp_path, {"requirements": str(tmp_path / "more.txt")})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"requirements": "/nowhere.txt"}, "requirements='/nowhere.txt' cannot be read: No such file"),
        ({"source_dependencies": ("/nowhere",)}, "source_dependencies='/nowhere' is no file or folder"),
    ],
)
def test_what_does_not_exist_is_told(tmp_path, options, message):
    with pytest.raises(InvalidOption, match=message):
        packed(tmp_path, options)


def test_secrets_do_not_travel(tmp_path):
    script = program(tmp_path / "training")
    (tmp_path / "training/.env").write_text("KEY=1")
    with pytest.raises(InvalidOption, match="has the name of a file with secrets"):
        packed(tmp_path, scripts=(script,))


def test_what_is_required_for_an_extra_is_not_for_others():
    names = [line for file in travelling_with(["tunekit-sagemaker"]).requirements for line in file.text.splitlines()]
    assert "boto3>=1.35.5" in names
    assert not [name for name in names if name.startswith(("moto", "sagemaker", "cloudpickle"))]


def test_a_job_tells_tunekit_where_things_are(tmp_path):
    channel = tmp_path / "ml/input/data/trial"
    channel.mkdir(parents=True)
    (channel / "moved.json").write_text('{"/home/me/training": "folders/0"}')
    environment = {"TUNEKIT_OPT_ML": str(tmp_path / "ml"), "TUNEKIT_REPORTS": "x", "TUNEKIT_CHECKPOINTS": "y", "A": "b"}
    command, own = work(environment, "/unpacked", ["sagemaker_metrics"])
    assert command[:4] == [sys.executable, "-m", "tunekit", "work"]
    assert command[4:] == [
        str(channel / "runs.jsonl"),
        "--results-dir",
        str(tmp_path / "ml/checkpoints/results"),
        "--observer",
        "sagemaker_metrics",
    ]
    assert json.loads(own.pop("TUNEKIT_MOVED")) == {"/home/me/training": "/unpacked/folders/0"}
    assert own.pop("TUNEKIT_TRIALS") == str(tmp_path / "ml/trials")
    assert own == {"TUNEKIT_OPT_ML": str(tmp_path / "ml"), "A": "b"}


def test_the_file_of_prices_travels_and_counts_in_the_job_unless_it_has_another(tmp_path, monkeypatch):
    prices = tmp_path / "ours.csv"
    prices.write_text("region;instance;usd_per_hour\nus-east-1;ml.m5.large;5.5\n")
    monkeypatch.setenv("TUNEKIT_PRICES", str(prices))
    generated = packed(tmp_path).generated
    assert generated["tunekit-prices.csv"] == prices.read_bytes()
    monkeypatch.delenv("TUNEKIT_PRICES")
    assert "tunekit-prices.csv" not in packed(tmp_path).generated
    channel = tmp_path / "ml/input/data/trial"
    channel.mkdir(parents=True)
    (channel / "moved.json").write_text("{}")
    (tmp_path / "unpacked").mkdir()
    in_job = tmp_path / "unpacked/tunekit-prices.csv"
    in_job.write_bytes(generated["tunekit-prices.csv"])
    environment = {"TUNEKIT_OPT_ML": str(tmp_path / "ml")}
    _, own = work(environment, str(tmp_path / "unpacked"), [])
    assert own["TUNEKIT_PRICES"] == str(in_job)
    _, own = work({**environment, "TUNEKIT_PRICES": "/of/the/image.csv"}, str(tmp_path / "unpacked"), [])
    assert own["TUNEKIT_PRICES"] == "/of/the/image.csv"


def test_a_file_of_prices_that_cannot_be_read_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TUNEKIT_PRICES", "/nowhere.csv")
    with pytest.raises(
        InvalidOption, match=r"^TUNEKIT_PRICES='/nowhere.csv' names a file of prices that cannot be read"
    ):
        packed(tmp_path)
