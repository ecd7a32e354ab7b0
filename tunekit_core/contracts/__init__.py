"""The contracts that components keep, and the values that cross them."""
