"""The backend: its options, and what becomes of trials."""
