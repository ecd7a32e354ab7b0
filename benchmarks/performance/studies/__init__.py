"""Studies of thousands of experiments: made by the simulator, and collected."""
