"""Loading an engine with the report of a command: until every verb loads its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nircolor.cli.report import Report
from nircolor.events import Reporter

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer
    from nircolor.tiling import Tiling


def check_device(name: str) -> None:
    from nircolor.engine import check_device

    check_device(name)


def check_weights(name: str) -> None:
    from nircolor.engine import check_weights

    check_weights(name)


def locate_weights(name: str, report: Report) -> Path:
    """The file of some weights, fetched if it is on the Hub."""
    from nircolor.engine import EngineConfig

    return EngineConfig(name).locate()


def load_engine(
    path: Path,
    name: str,
    device: str,
    precision: str,
    tiling: Tiling,
    prior: Literal["global", "tile"],
    report: Report,
) -> Colorizer:
    """The engine of the weights ``name``."""
    from nircolor.engine import EngineConfig

    return EngineConfig(name, device, precision, prior, tiling).load(Reporter(report.observe))  # type: ignore[arg-type]
