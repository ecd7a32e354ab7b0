"""The role that jobs have, which says what they may do."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from tunekit_core import InvalidOption
from tunekit_sagemaker.aws.clients import Clients
from tunekit_sagemaker.aws.errors import code_of

VARIABLE = "TUNEKIT_SAGEMAKER_ROLE"
JOB = "TRAINING_JOB_NAME"  # set by SageMaker within a job
MADE_BY_CONSOLE = "AmazonSageMaker-ExecutionRole"
PATH_OF_THESE = "/service-role/"
SERVICE = "sagemaker.amazonaws.com"
ASSUMED = re.compile(r"arn:(aws[a-z-]*):sts::(\d{12}):assumed-role/([^/]+)/.*")
ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")


def find_role(clients: Clients, role: str | None = None) -> str:
    """The ARN of the role for jobs.

    In this order: what is given, the variable ``TUNEKIT_SAGEMAKER_ROLE``, within a job that of the job, in a notebook
    that of the notebook, and the newest that the console of SageMaker has made in this account.

    Args:
        clients: What asks AWS.
        role: An ARN.

    Raises:
        InvalidOption: If it is no ARN of a role, or there is none.
    """
    given = role or os.environ.get(VARIABLE)
    if given:
        if not ROLE.fullmatch(given):
            raise InvalidOption(
                "backend.role" if role else VARIABLE,
                given,
                "is no role: give its ARN, as in arn:aws:iam::123456789012:role/NAME",
            )
        return given
    if job := os.environ.get(JOB):
        return str(clients.sagemaker.describe_training_job(TrainingJobName=job)["RoleArn"])
    found = _assumed(clients) or _made_by_console(clients)
    if found is None:
        raise InvalidOption(
            "backend.role",
            None,
            "leaves open which role jobs have, and none was found. Type "
            "backend.role=arn:aws:iam::123456789012:role/NAME with one that "
            f"SageMaker may assume, or set {VARIABLE}",
        )
    return found


def _assumed(clients: Clients) -> str | None:
    """The role that this process has, if SageMaker may have it too: that of people who have signed in is another."""
    match = ASSUMED.fullmatch(clients.identity().arn)
    if match is None:
        return None
    partition, account, name = match.groups()
    try:
        role = clients.iam.get_role(RoleName=name)["Role"]
    except clients.iam.exceptions.ClientError as error:
        if code_of(error) not in ("AccessDenied", "NoSuchEntity"):
            raise
        # A notebook need not be allowed to read its own role. The session gives its name, but not its path.
        path = PATH_OF_THESE if MADE_BY_CONSOLE in name else "/"
        return f"arn:{partition}:iam::{account}:role{path}{name}" if "sagemaker" in name.lower() else None
    return str(role["Arn"]) if _is_for_sagemaker(role) else None


def _made_by_console(clients: Clients) -> str | None:
    roles: list[Any] = []
    try:
        for page in clients.iam.get_paginator("list_roles").paginate(PathPrefix=PATH_OF_THESE):
            roles += (role for role in page["Roles"] if MADE_BY_CONSOLE in role["RoleName"])
    except clients.iam.exceptions.ClientError as error:
        if code_of(error) != "AccessDenied":
            raise
    return str(max(roles, key=lambda role: (role["CreateDate"], role["Arn"]))["Arn"]) if roles else None


def _is_for_sagemaker(role: Any) -> bool:
    policy = role.get("AssumeRolePolicyDocument", {})
    return SERVICE in (policy if isinstance(policy, str) else json.dumps(policy))
