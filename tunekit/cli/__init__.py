"""The command line: its verbs, its help pages, and what they print."""
