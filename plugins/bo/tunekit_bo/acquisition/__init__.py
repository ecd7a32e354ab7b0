"""What is maximised to propose a configuration, and how."""
