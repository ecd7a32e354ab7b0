"""The launcher: a sweep becomes training jobs, each of which runs some of its runs."""
