"""What a job has while it runs: processes, files of /opt/ml, a log."""
