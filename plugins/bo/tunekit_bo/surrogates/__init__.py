"""What a search observes of its trials, and the models that are fitted to it."""
