"""What a function is: a digest of all that belongs to it, equal in every process."""

from tunekit.functions.canonical.digest import digest_of_function
from tunekit.functions.canonical.parts import Parts, parts_of_function

__all__ = ["Parts", "digest_of_function", "parts_of_function"]
