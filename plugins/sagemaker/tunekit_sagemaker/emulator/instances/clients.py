"""The emulator's own clients: what AWS does for a job with S3, CloudWatch Logs and CloudWatch."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

MOST_CONNECTIONS = 64  # one for each thread that uses a client at the same time; more wait


class Clients:
    """Clients for each region, made when they are first asked for. They may be used by several threads.

    Args:
        url: Of the emulator.
        access_key: That it takes.
        agent: What they call themselves.
    """

    def __init__(self, url: str, access_key: str, agent: str) -> None:
        self._url = url
        self._access_key = access_key
        self._config = Config(
            user_agent_extra=agent,
            max_pool_connections=MOST_CONNECTIONS,
            retries={"mode": "standard", "total_max_attempts": 3},
            connect_timeout=10,
            read_timeout=60,
            proxies={},  # not those of the environment: it is this machine
        )
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}

    def get(self, service: str, region: str) -> Any:
        """The client of a service, such as ``"s3"``."""
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = _session().client(
                    service,
                    region_name=region,
                    endpoint_url=self._url,
                    aws_access_key_id=self._access_key,
                    aws_secret_access_key="emulator",
                    config=self._config,
                )
            return self._clients[service, region]

    def close(self) -> None:
        """Close their connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()


@cache
def _session() -> boto3.session.Session:
    """One for all emulators of this process: it holds the descriptions of the services, which take a while to read."""
    return boto3.session.Session()
