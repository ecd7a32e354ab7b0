"""Options of the components of this plugin."""
