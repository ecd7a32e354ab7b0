"""What a function is: a digest of all that belongs to it, equal in every process."""

from tunekit.functions.canonical.digest import digest_of_function

__all__ = ["digest_of_function"]
