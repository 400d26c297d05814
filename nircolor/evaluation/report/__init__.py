"""One self-contained HTML page of an evaluation: numbers, histograms, and the pictures themselves, worst first."""

from __future__ import annotations

from nircolor.evaluation.report.page import write_report
from nircolor.evaluation.report.strips import StripStore

__all__ = ["StripStore", "write_report"]
