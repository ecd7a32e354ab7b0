"""What ``python -m tunekit`` exits with."""

SUCCEEDED = 0
SOME_FAILED = 1
REFUSED = 2
STOPPED_BY_USER = 130
