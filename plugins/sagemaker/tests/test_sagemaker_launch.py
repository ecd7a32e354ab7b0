"""How programs get into jobs and are started there."""

import io
import os
import sys
import tarfile
from pathlib import Path

import boto3
import pytest

from tunekit import tune
from tunekit_core import ConfigurationError, Script, SearchSpace, Status, Streams, choice, randint, uniform
from tunekit_core.testing import ToyBenchmark, toy_problem
from tunekit_core.testing.driven_backend import DrivenBackend, resources
from tunekit_sagemaker.aws.limits import check_request
from tunekit_sagemaker.backend.backend import SageMakerBackend
from tunekit_sagemaker.backend.options import SageMakerOptions
from tunekit_sagemaker.backend.program import check_started_by_image, program_of, started_by_toolkit
from tunekit_sagemaker.emulator import Delays, Emulator
from tunekit_sagemaker.emulator.instances.opt_ml import namespaces_refused
from tunekit_sagemaker.jobs.request import (
    Account,
    Bootstrap,
    Image,
    Job,
    Machines,
    Toolkit,
    request_of,
    variables_of_trial,
)

HERE = Path(__file__).parent
BUCKET = "sagemaker-us-east-1-123456789012"
QUICK = Delays(starting=0.02, downloading=0.02, uploading=0.02, interrupted=0.02, checkpoint_sync=0.1, grace=5.0)
ROLE = "arn:aws:iam::123456789012:role/tunekit"
TOOLKIT = Toolkit(
    program="train.py", archive="s3://bucket/tunekit-code/12/source.tar.gz", region="eu-west-1", checkpoints=["at"]
)

needs_namespaces = pytest.mark.skipif(
    not sys.platform.startswith("linux") or namespaces_refused() is not None,
    reason="a job has a real /opt/ml only where the system allows unshare",
)

# What AWS's toolkit does as the entry point of an image, as far as a program can tell.
TRAIN = """#!{python}
import json, os, subprocess, sys, tarfile, urllib.parse
import boto3
with open("/opt/ml/input/config/hyperparameters.json") as file:
    texts = json.load(file)
values = {{}}
for name, text in texts.items():
    try:
        values[name] = json.loads(text)
    except ValueError:
        values[name] = text
place = urllib.parse.urlparse(values["sagemaker_submit_directory"])
archive = os.path.join(os.environ["TMPDIR"], "tar_file")
boto3.client("s3", region_name=values["sagemaker_region"]).download_file(place.netloc, place.path[1:], archive)
with tarfile.open(archive, "r:gz") as tar:
    tar.extractall("/opt/ml/code", filter="data")
arguments = []
for name in sorted(name for name in values if not name.startswith("sagemaker_")):
    arguments += [f"--{{name}}" if len(name) > 1 else f"-{{name}}", str(values[name])]
sys.exit(subprocess.call([sys.executable, values["sagemaker_program"], *arguments], cwd="/opt/ml/code"))
"""
# An image of somebody's own, which knows nothing of tunekit.
OWN = """#!{python}
import json, time
with open("/opt/ml/input/config/hyperparameters.json") as file:
    units = json.load(file)["units"]
for epoch in range(1, 10):
    report = {{"epoch": epoch, "score": float(units), "st_worker_timestamp": time.time()}}
    print("[tunekit-report]", json.dumps(report), flush=True)
"""


class Training(ToyBenchmark):
    """The toy benchmark, with a program for it."""

    def __init__(self, folder=HERE, command=("python", "train.py"), environment=(), sources=(Path("train.py"),)):
        super().__init__()
        self.script = lambda: Script(command, folder, dict(environment), sources=sources)

    def backend(self, folder, problem=None, **options):
        options = SageMakerOptions(**{"image": "image", "poll_interval": 0.05, "settle_time": 2.0, **options})
        return SageMakerBackend(problem or toy_problem(self), self, folder, Streams(0), options)


@pytest.fixture
def drive():
    opened = []

    def opened_and_driven(backend):
        backend.open(4)
        opened.append(backend)
        return DrivenBackend(backend, 60.0)

    yield opened_and_driven
    for backend in opened:
        backend.close()


def archive_of(emulator):
    """The files of the program that was uploaded."""
    s3 = boto3.client("s3")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
    (key,) = [key for key in keys if key.endswith("source.tar.gz")]
    content = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {name: archive.extractfile(name).read().decode() for name in archive.getnames()}


# Requests


def request(launch, overrides=None, **configuration):
    job = Job(
        name="name",
        configuration=configuration,
        launch=launch,
        environment={"A": "b", **variables_of_trial(7, 1, 5)},
        checkpoints="s3://bucket/checkpoints/",
        output="s3://bucket/output/",
        inputs="s3://bucket/inputs/",
    )
    return request_of(
        job, Machines(instance_type="ml.m5.large"), Account(role=ROLE, image="image", overrides=overrides or {})
    )


def test_the_toolkit_is_told_what_it_starts_and_keeps_its_place_as_the_entry_point():
    asked = request(TOOLKIT, lr=1e-05, act="relu", name="1")
    assert check_request("CreateTrainingJob", asked) == []
    assert asked["AlgorithmSpecification"] == {"TrainingImage": "image", "TrainingInputMode": "File"}
    assert asked["HyperParameters"] == {
        "lr": "1e-05",
        "act": "relu",
        "name": '"1"',
        "at": "/opt/ml/checkpoints",
        "sagemaker_program": '"train.py"',
        "sagemaker_submit_directory": '"s3://bucket/tunekit-code/12/source.tar.gz"',
        "sagemaker_region": '"eu-west-1"',
    }
    assert asked["Environment"] == {
        "A": "b",
        "TUNEKIT_CHECKPOINT_DIR": "/opt/ml/checkpoints",
        "TUNEKIT_TRIAL": "7",
        "TUNEKIT_RUN": "1",
        "TUNEKIT_SEED": "5",
    }
    assert "InputDataConfig" not in asked


def test_a_complete_image_is_told_hyperparameters_and_nothing_else():
    asked = request(Image(), lr=0.1)
    assert check_request("CreateTrainingJob", asked) == []
    assert asked["AlgorithmSpecification"] == {"TrainingImage": "image", "TrainingInputMode": "File"}
    assert asked["HyperParameters"] == {"lr": "0.1"}
    assert "InputDataConfig" not in asked


@pytest.mark.parametrize("launch", [TOOLKIT, Image()])
def test_a_configuration_that_only_a_file_could_hold_is_refused_without_the_bootstrap(launch):
    problems = check_request("CreateTrainingJob", request(launch, text="a" * 257))
    assert problems == [
        "Value at 'hyperParameters.text.value' failed to satisfy constraint: "
        "Member must have length less than or equal to 256"
    ]


def test_channels_of_the_user_come_beside_that_of_the_program():
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://data/"}
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
    bootstrap = Bootstrap(code="s3://bucket/tunekit-code/12/", spec={})
    asked = request(bootstrap, {"InputDataConfig": [channel]})
    assert check_request("CreateTrainingJob", asked) == []
    assert [each["ChannelName"] for each in asked["InputDataConfig"]] == ["tunekit", "train"]
    assert request(Image(), {"InputDataConfig": [channel]})["InputDataConfig"] == [channel]


# What the toolkit can start


@pytest.mark.parametrize(
    ("command", "started"),
    [
        (("python", "train.py"), ("train.py", ())),
        (("/usr/bin/python3", "a/b.py", "{arguments}"), ("a/b.py", ())),
        (("python", "a{{1}}.py", "--at", "{checkpoint}"), ("a{1}.py", ("at",))),
    ],
)
def test_the_toolkit_starts_one_file(command, started):
    assert started_by_toolkit(program_of(Script(command, HERE))) == started


@pytest.mark.parametrize(
    "script",
    [
        Script(("python", "train.py", "--seconds", "1"), HERE),
        Script(("python", "-m", "train"), HERE),
        Script(("python", "train.py", "{none}"), HERE),
        Script(("python", "train.py", "--lr", "{lr}"), HERE),
        Script(("python", "train.py", "{json}"), HERE),
        Script(("python",), HERE),
    ],
)
def test_what_else_a_script_needs_the_toolkit_cannot_give_it(script):
    with pytest.raises(ConfigurationError, match=r"backend.launch='script': the toolkit .* backend.launch=bootstrap\."):
        started_by_toolkit(program_of(script))


def test_an_image_gives_its_program_what_sagemaker_has_and_nothing_else():
    check_started_by_image(program_of(Script(("train", "{none}", "{seed}", "{checkpoint}"), HERE)))
    with pytest.raises(ConfigurationError, match=r"backend.launch='image': .*\{lr\} in benchmark.command"):
        check_started_by_image(program_of(Script(("train", "--lr", "{lr}"), HERE)))


@pytest.mark.parametrize("check", [started_by_toolkit, check_started_by_image])
def test_patterns_that_nobody_would_look_for_are_refused(check):
    script = Script(("python", "train.py"), HERE, metrics={"loss": "loss: (.*)"})
    with pytest.raises(ConfigurationError, match=r"benchmark\.metrics .* backend\.launch=bootstrap"):
        check(program_of(script))


# On the emulator


@pytest.fixture
def image(tmp_path, use):
    """Gives variables with which a job finds a program `train`, as in an image that has one."""

    def with_train(text):
        (tmp_path / "bin").mkdir()
        path = tmp_path / "bin/train"
        path.write_text(text.format(python=sys.executable))
        path.chmod(0o755)
        return {"PATH": f"{path.parent}{os.pathsep}/usr/bin{os.pathsep}/bin"}

    with Emulator(delays=QUICK, opt_ml="namespace") as running:
        use(running)
        yield with_train


SCRIPT = """
import argparse, json, os, time
from pathlib import Path
from tunekit import Reporter

parser = argparse.ArgumentParser()
parser.add_argument("--units", type=int)
parser.add_argument("--st_checkpoint_dir", type=Path)
arguments, _ = parser.parse_known_args()
path = arguments.st_checkpoint_dir / "epoch.json"
done = json.loads(path.read_text()) if path.exists() else 0
report = Reporter()
for epoch in range(done + 1, 10):
    path.write_text(json.dumps(epoch))
    report(epoch=epoch, score=1 / epoch)
    time.sleep(0.5)
"""


@needs_namespaces
def test_a_script_that_the_toolkit_starts_is_paused_and_goes_on_from_opt_ml_checkpoints(image, drive, tmp_path):
    program = tmp_path / "program"
    program.mkdir()
    (program / "train.py").write_text(SCRIPT)
    command = ("python", "train.py", "--st_checkpoint_dir", "{checkpoint}")
    training = Training(program, command, image(TRAIN))
    driven = drive(training.backend(tmp_path / "tag/method/run", launch="script"))
    trial = driven.start(3)
    assert resources(driven.until_idle(), trial)[:3] == [1, 2, 3]
    assert trial.status is Status.PAUSED
    driven.resume(trial)
    assert resources(driven.until_idle(), trial)[-1] == 9
    assert trial.status is Status.COMPLETED


FAILS = """#!{python}
import os, sys
os.makedirs("/opt/ml/output", exist_ok=True)
with open("/opt/ml/output/failure", "w") as file:
    file.write("cannot log in with " + os.environ["DATA_TOKEN"])
sys.exit(1)
"""


@needs_namespaces
def test_a_secret_that_an_image_tells_when_it_fails_is_not_recorded(image, drive, tmp_path):
    training = Training(environment={**image(FAILS), "DATA_TOKEN": "geheim77"})
    driven = drive(training.backend(tmp_path / "tag/method/run", launch="image"))
    driven.start()
    end = driven.until_idle()[-1]
    assert end.reason == "AlgorithmError: cannot log in with ***, exit code: 1"


@needs_namespaces
def test_with_a_complete_image_nothing_is_uploaded(image, drive, tmp_path):
    training = Training(tmp_path / "nowhere", environment=image(OWN))
    driven = drive(training.backend(tmp_path / "tag/method/run", launch="image"))
    trial = driven.start(units=5)
    assert resources(driven.until_idle(), trial) == list(range(1, 10))
    assert trial.last_report.metrics["score"] == 5.0
    found = boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert not [each["Key"] for each in found if "tunekit-code" in each["Key"]]


@pytest.mark.parametrize("launch", ["script", "image"])
def test_only_the_bootstrap_knows_which_checkpoint_is_whole(tmp_path, launch):
    assert "copy" in Training().backend(tmp_path).capabilities
    assert "copy" not in Training().backend(tmp_path, launch=launch).capabilities


def test_a_program_imports_what_was_uploaded_beside_it(emulator, drive, tmp_path):
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers/__init__.py").write_text("SCORE = 42\n")
    program = tmp_path / "program"
    program.mkdir()
    text = "from helpers import SCORE\nfrom tunekit import Reporter\n"
    (program / "train.py").write_text(text + "report = Reporter()\nfor i in range(1, 10): report(epoch=i, score=SCORE)")
    training = Training(program)
    folder = tmp_path / "results/tag/method/run"
    driven = drive(training.backend(folder, source_dependencies=(str(tmp_path / "helpers"),)))
    trial = driven.start()
    driven.until_idle()
    assert (trial.status, trial.last_report.metrics["score"]) == (Status.COMPLETED, 42)


def test_requirements_come_beside_those_of_the_program(emulator, drive, tmp_path):
    program = tmp_path / "program"
    program.mkdir()
    (program / "train.py").write_text("")
    (program / "requirements.txt").write_text("attrs>=20\n")
    (tmp_path / "further.txt").write_text("attrs<99\nboto3\n")
    training = Training(program, sources=None)
    drive(training.backend(tmp_path / "results/tag/method/run", requirements=str(tmp_path / "further.txt")))
    assert archive_of(emulator)["requirements.txt"] == "attrs<99,>=20\nboto3\n"


def test_further_requirements_beside_their_file_are_refused(emulator, drive, tmp_path):
    (tmp_path / "further.txt").write_text("-r base.txt\n")
    with pytest.raises(
        ConfigurationError, match=r"`-r base.txt` \(backend.requirements=.*, line 1\) names something on"
    ):
        drive(Training().backend(tmp_path / "tag/method/run", requirements=str(tmp_path / "further.txt")))


def test_requirements_that_cannot_be_read_are_named(emulator, drive, tmp_path):
    with pytest.raises(ConfigurationError, match=r"backend.requirements='none.txt' cannot be read: No such file"):
        drive(Training().backend(tmp_path / "tag/method/run", requirements="none.txt"))


# Before there is a folder


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image": None}, r"image=None leaves open in which image .* Type backend.image=URI with one that has python3"),
        (
            {"tags": {"": "x"}},
            r"tags=\{'': 'x'\} is what SageMaker would refuse in `tags.1.member.key`: .*greater than",
        ),
        ({"role": "mine"}, r"role='mine' is no role: give its ARN, as in backend.role=arn:aws:iam::"),
        ({"instance_type": "ml.m5.larg"}, r"instance_type='ml.m5.larg' is no type .* Did you mean 'ml.m5.large'\?"),
        (
            {"instance_types": ("ml.m5.large", "x")},
            r"instance_types='x' is no type .*instance_types=\[ml.m5.large\]",
        ),
        (
            {"subnets": ("a b",), "security_groups": ("c",)},
            r"subnets=\('a b',\) is what SageMaker would refuse in `vpcConfig.subnets.1.member`: .* pattern: ",
        ),
        ({"overrides": {"Foo": 1}}, r"overrides=\{'Foo': 1\} is what SageMaker would refuse .*Unknown member 'Foo'"),
        ({"instance_type_attr": "units"}, r"instance_type_attr='units' names a hyperparameter that is no type .* 1"),
        ({"instance_type_attr": "act"}, r"instance_type_attr='act' names a hyperparameter that is no type .*'relu'"),
        ({"instance_type_attr": "unit"}, r"instance_type_attr='unit' names no hyperparameter. Did you mean 'units'\?"),
        ({"instance_count_attr": "x"}, r"instance_count_attr='x' names a hyperparameter that is no number of .* 0\.0"),
        ({"launch": "script", "overrides": {"RoleArn": "x"}}, r"overrides=.* is what SageMaker would refuse in `roleA"),
    ],
)
def test_what_sagemaker_would_refuse_is_told_before_there_is_a_folder(tmp_path, options, message):
    with pytest.raises(ConfigurationError, match=message):
        Training().backend(tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_variables_that_are_refused_are_not_shown(tmp_path):
    with pytest.raises(ConfigurationError, match=r"^benchmark.environment is what SageMaker would refuse") as caught:
        Training(environment={"MY-TOKEN": "geheim"}).backend(tmp_path)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"launch": "image", "source_dependencies": ("src",)},
        {"launch": "image", "requirements": "requirements.txt"},
        {"instance_types": ("ml.m5.large",), "instance_type_attr": "machine"},
    ],
)
def test_options_that_exclude_each_other_are_told(options):
    with pytest.raises(ConfigurationError, match=r"cannot be had with backend\.(launch|instance_type_attr)="):
        SageMakerOptions(image="image", **options)


def test_type_and_number_of_instances_may_be_hyperparameters(tmp_path):
    training = Training()
    space = {"machine": choice(["ml.m5.large", "ml.g5.xlarge"]), "count": randint(1, 4), "x": uniform(0.0, 1.0)}
    training.space = SearchSpace(space)
    training.backend(tmp_path, toy_problem(training), instance_type_attr="machine", instance_count_attr="count")


def test_a_function_is_not_sent_to_other_machines(tmp_path, monkeypatch):
    monkeypatch.setenv("TUNEKIT_RESULTS", str(tmp_path / "results"))
    overrides = ["backend=sagemaker", "backend.image=any", "stopping.max_num_trials_finished=1"]
    with pytest.raises(ConfigurationError, match="'function' runs on this machine alone"):
        tune(lambda x: x, {"x": "uniform(0, 1)"}, overrides=overrides)
    assert not (tmp_path / "results").exists()
