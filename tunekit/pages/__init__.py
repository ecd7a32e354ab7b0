"""Pages of HTML, each one file that loads nothing: the report of a study."""
