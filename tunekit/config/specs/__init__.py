"""What a run is, complete: each component with all of its options, what was left open, and the content of inputs."""
