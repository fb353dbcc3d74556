"""The reports, each a question to the store and a table for an answer."""

from subgraphs.analytics.service.reports.run import run_report

__all__ = ["run_report"]
