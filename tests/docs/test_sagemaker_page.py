"""The policies on the page about SageMaker against what an experiment asks of AWS."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tunekit.cli.main import main
from tunekit_sagemaker.emulator import Delays, Emulator

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "tune-on-sagemaker.md"
POLICY = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUICK = Delays(starting=0.02, downloading=0.02, uploading=0.02, checkpoint_sync=0.1, grace=5.0)
ACTIONS = {  # that have another name than the operation that needs them
    ("s3", "HeadBucket"): {"s3:ListBucket"},
    ("s3", "ListObjectsV2"): {"s3:ListBucket"},
    ("s3", "HeadObject"): {"s3:GetObject"},
    ("s3", "DeleteObjects"): {"s3:DeleteObject"},
    ("sagemaker", "CreateTrainingJob"): {"sagemaker:CreateTrainingJob", "sagemaker:AddTags", "iam:PassRole"},
    ("sts", "GetCallerIdentity"): set(),  # everybody may
}
TO_FIND_A_ROLE_OR_MAKE_A_BUCKET = {"iam:GetRole", "iam:ListRoles", "s3:CreateBucket"}
SCRIPT = """
from tunekit import Reporter

report = Reporter()
for epoch in (1, 2, 3):
    with report.checkpoint(epoch) as folder:
        (folder / "epoch").write_text(str(epoch))
    report(epoch=epoch, loss=1 / epoch)
"""


def actions(policy: str) -> set[str]:
    return {action for statement in json.loads(policy)["Statement"] for action in statement["Action"]}


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """The actions that an experiment needs, which runs, and goes on with a later end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TUNEKIT_RESULTS", raising=False)
    for name in ("AWS_PROFILE", "AWS_REGION", "TUNEKIT_SAGEMAKER_ROLE"):
        monkeypatch.delenv(name, raising=False)
    Path("training").mkdir()
    Path("training/train.py").write_text(SCRIPT)
    options = """+method=ASHA backend=sagemaker benchmark=script benchmark.folder=training benchmark.metric=loss
        benchmark.space.lr=uniform(0,1) benchmark.resource=epoch benchmark.max_resource=3 backend.image=any
        backend.poll_interval=0.1 n_workers=2"""
    command = [*options.split(), "benchmark.command=python train.py"]
    with Emulator(delays=QUICK) as emulator:
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        assert main([*command, "stopping.max_num_trials_started=4"]) == 0
        (folder,) = Path("results/default/ASHA").iterdir()
        assert main(["resume", str(folder), "stopping.max_num_trials_started=6"]) == 0
        calls = {(call.service, call.operation) for call in emulator.calls}
    needed = [ACTIONS.get(call, {":".join(call)}) for call in calls]
    return set().union(*needed)


def test_the_policy_permits_what_an_experiment_asks_for(asked):
    policy, _ = POLICY.findall(PAGE.read_text(encoding="utf-8"))
    assert asked - actions(policy) == TO_FIND_A_ROLE_OR_MAKE_A_BUCKET - {"iam:GetRole"}
    assert {"sagemaker:CreateTrainingJob", "logs:GetLogEvents", "s3:PutObject"} < asked


def test_the_page_names_what_else_may_be_needed():
    text = PAGE.read_text(encoding="utf-8")
    assert [action for action in TO_FIND_A_ROLE_OR_MAKE_A_BUCKET if f"`{action}`" not in text] == []
