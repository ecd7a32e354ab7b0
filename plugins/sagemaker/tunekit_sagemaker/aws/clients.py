"""The clients of AWS that an experiment has: one for each service, made when it is asked for first."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import attrs

from tunekit_core import ConfigurationError, InvalidOption, suggestion
from tunekit_sagemaker.aws.errors import lacks_credentials, passes
from tunekit_sagemaker.aws.pools import survive_interruptions
from tunekit_sagemaker.aws.rates import limit_rates

if TYPE_CHECKING:
    import boto3

REGION = "AWS_REGION"  # in which a job is told its region; boto3 reads another
ADDRESS = "AWS_ENDPOINT_URL"  # of what is asked instead of AWS, such as the emulator
CONNECT_TIMEOUT = 5  # seconds
READ_TIMEOUT = 60
ATTEMPTS = 6
ATTEMPTS_IN_ROUNDS = 2  # what is asked in every round is asked again in the next one, and all trials wait for a call


def region_in_use(region: str | None) -> str | None:
    """The region that an option names, or the environment or the profile; ``None`` if none does."""
    import boto3
    import botocore.exceptions

    try:
        return region or boto3.Session().region_name or os.environ.get(REGION)
    except botocore.exceptions.ProfileNotFound:  # which is told when AWS is asked
        return os.environ.get(REGION)


def advice_on_the_address(error: Exception) -> str:
    """What to type where an address in the environment takes the place of AWS; empty if that is not to blame.

    Args:
        error: Of a client.
    """
    address = os.environ.get(ADDRESS)
    if not address or not (passes(error) or lacks_credentials(error)):
        return ""
    return (
        f"{ADDRESS}={address} takes the place of AWS. Type `python -m tunekit sagemaker-emulator` in another shell "
        f"and its exports here; for AWS itself `unset {ADDRESS} AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY`."
    )


@attrs.frozen
class Identity:
    """Who asks AWS.

    Attributes:
        account: Number of the account.
        arn: Name of the user, or of the role and its session.
    """

    account: str
    arn: str


class Clients:
    """What asks AWS. May be used by several threads.

    Credentials are found as boto3 finds them. Addresses are those of AWS, or that in ``AWS_ENDPOINT_URL``.

    Args:
        region: Unless given, that of the environment, or of the profile.

    Attributes:
        region: In which all jobs run and all files lie.

    Raises:
        InvalidOption: If there is no region, or AWS has none of that name.
    """

    def __init__(self, region: str | None = None) -> None:
        import boto3
        import botocore.exceptions

        survive_interruptions()
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        try:
            self._session: boto3.Session = boto3.Session(region_name=region)
        except botocore.exceptions.ProfileNotFound as error:
            raise InvalidOption("AWS_PROFILE", os.environ.get("AWS_PROFILE"), f"names no profile: {error}") from error
        found = self._session.region_name or os.environ.get(REGION)
        if not found:
            raise InvalidOption(
                "backend.region",
                None,
                "leaves open where jobs run: type backend.region=us-east-1, for example, or set AWS_DEFAULT_REGION",
            )
        known = {region for each in self._session.get_available_partitions() for region in self._regions(each)}
        if found not in known:
            raise InvalidOption(
                "backend.region",
                found,
                f"is none that the installed boto3 knows for SageMaker. {suggestion(found, known)}They are "
                f"{', '.join(sorted(known))}; for a newer one type `pip install --upgrade boto3`",
            )
        self.region = found

    def _regions(self, partition: str) -> list[str]:
        return self._session.get_available_regions("sagemaker", partition)

    @property
    def sagemaker(self) -> Any:
        """Starts, describes and stops jobs. It gives up sooner than the others."""
        return self._client("sagemaker", ATTEMPTS_IN_ROUNDS)

    @property
    def logs(self) -> Any:
        """Reads what jobs print. It gives up sooner than the others."""
        return self._client("logs", ATTEMPTS_IN_ROUNDS)

    @property
    def s3(self) -> Any:
        """Keeps files."""
        return self._client("s3", ATTEMPTS)

    @property
    def sts(self) -> Any:
        """Says who asks."""
        return self._client("sts", ATTEMPTS)

    @property
    def iam(self) -> Any:
        """Knows roles."""
        return self._client("iam", ATTEMPTS)

    def identity(self) -> Identity:
        """Who asks.

        Raises:
            ConfigurationError: If there are no credentials, or AWS does not accept them.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self.sts.get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            advice = advice_on_the_address(error) or (
                "Type `aws configure` or `aws sso login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, until "
                "`aws sts get-caller-identity` gives an answer."
            )
            raise ConfigurationError(f"AWS cannot be asked: {str(error).rstrip('.')}. {advice}") from error
        return Identity(answer["Account"], answer["Arn"])

    def _client(self, service: str, attempts: int) -> Any:
        from botocore.config import Config

        with self._lock:  # a session makes one client at a time
            if service not in self._clients:
                config = Config(
                    connect_timeout=CONNECT_TIMEOUT,
                    read_timeout=READ_TIMEOUT,
                    retries={"total_max_attempts": attempts, "mode": "standard"},
                )
                client = self._session.client(service, region_name=self.region, config=config)
                limit_rates(client, service)
                self._clients[service] = client
            return self._clients[service]
