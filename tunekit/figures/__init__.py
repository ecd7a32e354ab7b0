"""Figures of experiments and of studies, that are fit for a paper."""
