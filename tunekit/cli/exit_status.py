"""What ``python -m tunekit`` exits with, unless it is interrupted."""

SUCCEEDED = 0
SOME_FAILED = 1
REFUSED = 2
