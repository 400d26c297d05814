"""``nircolor weights list``: the weights that have a name here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from nircolor.cli.report import JsonFlag, QuietFlag, Report, VerboseFlag, begin
from nircolor.errors import WeightsError
from nircolor.wording import one_line


def list_weights(
    ctx: typer.Context, json: JsonFlag = False, quiet: QuietFlag = False, verbose: VerboseFlag = 0
) -> None:
    """List the weights that come with nircolor and your own, which are the files NAME.safetensors and
    nircolor-NAME.safetensors in the folder that NIRCOLOR_WEIGHTS names: name, source, size, network, path.
    """
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    from nircolor.weights import list_packaged

    rows = [_named(name, "packaged") for name in list_packaged()]
    if not rows:
        report.warn("no weights are packaged: reinstall nircolor")
    rows += _own(report)
    for row in rows if not json else ():
        size, network = f"{row['bytes'] / 1e6:.1f} MB", row["network"] or "no network"
        print(one_line(f"{row['name']}  {row['source']}  {size}  {network}  {row['path']}"))
    report.result({"weights": rows, "warnings": report.warnings})


def file_row(path: Path, meta: dict[str, object]) -> dict[str, Any]:
    """Path, size in bytes, and the name of the network that the metadata describe."""
    config = meta.get("config")
    network = config.get("name") if isinstance(config, dict) else None
    return {"path": str(path), "bytes": path.stat().st_size, "network": network}


def _named(name: str, source: str) -> dict[str, Any]:
    from nircolor.weights import locate, read_meta

    return {"name": name, "source": source, **file_row(locate(name), read_meta(name))}


def _own(report: Report) -> Iterator[dict[str, Any]]:
    """A folder or a file of the user's that cannot be read is warned of: the rest is there all the same."""
    from nircolor.weights import list_own

    try:
        names = list_own()
    except WeightsError as error:
        report.warn(str(error))
        return
    for name in names:
        try:
            yield _named(name, "own")
        except WeightsError as error:
            report.warn(str(error))
