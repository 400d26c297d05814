"""``nircolor doctor``: is everything here that nircolor needs, and what will it run on?"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import typer

from nircolor._version import __version__
from nircolor.cli.report import JsonFlag, QuietFlag, Report, VerboseFlag, begin
from nircolor.errors import DeviceError, WeightsError
from nircolor.wording import one_line

LABEL_WIDTH = 10


def doctor(ctx: typer.Context, json: JsonFlag = False, quiet: QuietFlag = False, verbose: VerboseFlag = 0) -> None:
    """Show versions, devices, scan kernel and weights, and check that they work. The exit code is 0 when nircolor can
    be used here, 4 when its weights are missing or damaged, and 5 when something it needs cannot be loaded.
    """
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    with report.progress() as advance:
        advance("examining", 0, 0)
        values = examine(report)
    report.result(values)
    if not (json or quiet):
        print("\n".join(describe(values)))
    for problem in values["problems"]:
        report.error(problem["message"])
    if values["problems"]:
        raise typer.Exit(values["problems"][0]["exit_code"])


def examine(report: Report) -> dict[str, Any]:
    """All that can be found out, as JSON values; ``problems`` says what keeps nircolor from working, worst first."""
    from nircolor.cli import checks

    problems: list[dict[str, Any]] = []

    def attempt(what: str, check: Callable[[], Any]) -> Any:
        try:
            return check()
        except Exception as error:  # what a broken installation raises cannot be foreseen
            reason = f"{type(error).__name__}: {error}"
            _add(problems, f"{what} does not work ({reason}); reinstall nircolor in a fresh environment", DeviceError)
            return None

    versions = checks.versions()
    for name in [name for name, version in versions.items() if version is None]:
        _add(problems, f"{name} is missing; install it with: pip install {name}", DeviceError)
    values = {
        "nircolor": __version__,
        "python": checks.python(),
        "packages": versions,
        "cpu": attempt("torch", checks.cpu),
        "cuda": attempt("torch with CUDA", checks.cuda),
        "mps": attempt("torch with MPS", checks.mps),
        "scan": attempt("the selective scan", checks.scan),
        "weights": attempt("reading the packaged weights", checks.packaged_weights),
        "extras": checks.extras(),
        "hub": attempt("huggingface_hub", checks.hub),
    }
    _judge(values, problems)
    return {**values, "problems": problems, "usable": not problems}


def _judge(values: dict[str, Any], problems: list[dict[str, Any]]) -> None:
    """Add what is wrong although nothing failed."""
    scan, weights = values["scan"], values["weights"]
    if scan and not scan["sound"]:
        kernel, error = scan["kernel"], scan["error"]
        _add(problems, f"the {kernel} scan differs from the reference by {error:.2g}; please report this", DeviceError)
    if weights == []:
        _add(problems, "no weights are packaged; reinstall nircolor", WeightsError)
    for row in weights or []:
        if row["error"]:
            _add(problems, row["error"], WeightsError)


def _add(problems: list[dict[str, Any]], message: str, kind: type[DeviceError] | type[WeightsError]) -> None:
    problems.append({"message": " ".join(message.split()), "exit_code": kind.exit_code})


def describe(values: dict[str, Any]) -> list[str]:
    """The values as lines of text, for people."""
    python, packages = values["python"], values["packages"]
    lines = [f"nircolor {values['nircolor']}"]
    lines += _entry("python", f"{python['version']} ({python['implementation']}), {python['executable']}")
    lines += _entry("platform", python["platform"])
    lines += _entry("packages", ", ".join(f"{name} {version or 'MISSING'}" for name, version in packages.items()))
    lines += _devices(values)
    for row in values["weights"] or []:
        state = "DAMAGED" if row["error"] else f"{row['bytes'] / 1e6:.1f} MB, checksum is right ({row['sha256']})"
        lines += _entry("weights", f"{row['name']}: {state}, {row['path']}")
    for row in values["extras"]:
        state = f"not installed ({', '.join(row['missing'])}); {row['install']}" if row["missing"] else "installed"
        lines += _entry("extra", f"{row['name']}: {state}")
    if hub := values["hub"]:
        mode = "offline (HF_HUB_OFFLINE is set)" if hub["offline"] else hub["endpoint"]
        lines += _entry("hub", f"{mode}, cache {hub['cache']}")
    return [*lines, "ready to use" if values["usable"] else "NOT usable:"]


def _devices(values: dict[str, Any]) -> list[str]:
    lines = []
    if cpu := values["cpu"]:
        bf16 = f"bf16 in hardware ({', '.join(cpu['bf16_units']) or 'yes'})" if cpu["bf16"] else "no bf16 units"
        threads = f"{cpu['threads']} threads on {cpu['cores']} cores"
        lines += _entry("cpu", f"{cpu['model']}, {threads}, {cpu['vectors']}, {bf16}")
    if cuda := values["cuda"]:
        built = "no device" if cuda["built"] else "no, this torch is built without it"
        found = "; ".join(f"{d['name']}, {d['memory_gib']} GiB, {d['capability']}" for d in cuda["devices"])
        lines += _entry("cuda", found or built)
    lines += _entry("mps", "yes" if values["mps"] else "no")
    if scan := values["scan"]:
        place = f"compiled code in {scan['cache']}" if scan["cache_writable"] else "compiled anew each run: no folder"
        lines += _entry(
            "scan", f"{scan['kernel']} on {scan['device']}, off the reference by {scan['error']:.1g}; {place}"
        )
    return lines


def _entry(label: str, text: str) -> list[str]:
    indent = " " * (LABEL_WIDTH + 2)
    first = f"  {label:<{LABEL_WIDTH}}"
    return textwrap.wrap(
        one_line(text),
        100,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
