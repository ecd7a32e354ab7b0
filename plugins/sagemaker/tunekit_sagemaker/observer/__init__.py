"""Metrics of an experiment, as the jobs of SageMaker show them."""
