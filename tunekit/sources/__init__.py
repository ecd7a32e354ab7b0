"""The files that make up a program, found by reading: an edit of one makes another run."""

from tunekit.sources.collected import Source, Sources, told
from tunekit.sources.program import sources_of

__all__ = ["Source", "Sources", "sources_of", "told"]
