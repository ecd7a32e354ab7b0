"""How often the statistics of a report are right, by simulation."""
