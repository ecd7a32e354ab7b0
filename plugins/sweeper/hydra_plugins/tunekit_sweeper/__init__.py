"""The sweeper of tunekit."""
