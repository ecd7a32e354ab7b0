"""Names of training jobs."""

from __future__ import annotations

import hashlib
import json
import re

LONGEST = 63  # characters
LONGEST_UNIQUE = 16
HASH_DIGITS = 10
PLAIN = re.compile(r"[a-zA-Z0-9]+")
OTHER = re.compile(r"[^a-zA-Z0-9]+")


def job_name(*parts: str, unique: str) -> str:
    """A name that SageMaker takes for a training job: 63 letters, digits and hyphens at most.

    Different arguments give different names. Where they cannot be told apart by what is left of them in the name, or
    that is too long, a hash is part of it.

    Args:
        *parts: What people know the job by, in this order.
        unique: What no other experiment has: SageMaker never takes a name twice. The name ends with it, with 16
            characters of it at most, so that jobs of one experiment can be listed by it.

    >>> job_name("ASHA", "7", "0", unique="c0ffee")
    'ASHA-7-0-c0ffee'
    >>> job_name("my_tag", "0.5", unique="c0ffee")
    'my-tag-0-5-b0abfcc177-c0ffee'
    """
    texts = [*parts, unique]
    name = "-".join(texts)
    if all(PLAIN.fullmatch(text) for text in texts) and len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:HASH_DIGITS]
    end = "-".join(filter(None, [digest, _cut(unique, LONGEST_UNIQUE)]))
    return "-".join(filter(None, [_cut("-".join(parts), LONGEST - len(end) - 1), end]))


def _cut(text: str, length: int) -> str:
    return OTHER.sub("-", text).strip("-")[:length].strip("-")
