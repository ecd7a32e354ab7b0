"""What came of a comparison of thousands of experiments is kept, so that the same command answers at once."""
