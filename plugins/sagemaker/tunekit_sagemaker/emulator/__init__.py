"""The control plane of SageMaker on this machine, with jobs that are processes."""
