"""What a study that was launched has in AWS: its jobs, and the results that they leave."""
