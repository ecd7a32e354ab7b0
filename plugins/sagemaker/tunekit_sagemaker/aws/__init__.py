"""The clients of AWS, and what AWS takes: names, limits."""
