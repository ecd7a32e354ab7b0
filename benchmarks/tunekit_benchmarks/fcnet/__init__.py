"""``fcnet``: tuning a regression network with two hidden layers, tabulated."""
