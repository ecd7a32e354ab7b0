"""What complete runs add up to: summaries, comparisons, figures and the index."""
