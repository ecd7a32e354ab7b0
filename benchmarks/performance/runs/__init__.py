"""One run of a method, ours or a peer's, on a task in simulation: what ``search`` and ``quality`` are made of."""
