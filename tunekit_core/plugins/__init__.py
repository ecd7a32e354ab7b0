"""How plugins are found: the hooks, the registry of components, and their options."""
