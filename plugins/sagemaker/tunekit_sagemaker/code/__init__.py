"""What is uploaded for a job: the program, and what it requires."""
