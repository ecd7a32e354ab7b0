"""What a function is: a digest of all that belongs to it, equal in every process."""

from tunekit.functions.canonical.digest import digest_of_function
from tunekit.functions.canonical.modules import ModuleDigest, digest_of_module

__all__ = ["ModuleDigest", "digest_of_function", "digest_of_module"]
