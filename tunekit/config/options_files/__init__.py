"""Options files: which there are, which of them a name means, and what is said about each."""
