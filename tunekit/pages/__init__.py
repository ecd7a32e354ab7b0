"""Pages of HTML, each one file that loads nothing: the report of a study."""

from tunekit.pages.report_page import write_report

__all__ = ["write_report"]
