"""Runs are planned, carried out one by one or many at once, and resumed."""
