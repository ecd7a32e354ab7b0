"""Trials as training jobs of Amazon SageMaker, for tunekit."""

from __future__ import annotations

API = 2
