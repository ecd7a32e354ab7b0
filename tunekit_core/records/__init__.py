"""What an experiment leaves on disk: written here, read back here."""
