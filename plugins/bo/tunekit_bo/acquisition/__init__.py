"""What is maximised to propose a configuration, and the search for its maximum."""
