"""How good what methods find is."""
