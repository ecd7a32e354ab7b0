"""What runs within a job: one file of the standard library."""
