"""Experiments and studies are watched while other processes run them: only their folders are read."""
