"""From what was typed to runs that are checked to the last option."""
