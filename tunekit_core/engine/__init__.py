"""The tuning loop: state, events, recovery after a crash, and which checkpoints are kept."""
