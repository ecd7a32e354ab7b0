"""Gaussian processes: kernels, their hyperparameters, the data that they see."""
