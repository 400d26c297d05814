"""Is everything here that nircolor needs, and what will it run on?

found = nircolor.examine()
print(found)
found.usable, [problem.message for problem in found.problems]
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from nircolor import checks
from nircolor._version import __version__
from nircolor.checks import Values
from nircolor.errors import DeviceError, NircolorError, WeightsError
from nircolor.events import Observer, Reporter, nobody
from nircolor.wording import one_line

LABEL_WIDTH, LINE_WIDTH = 10, 100


@dataclass(frozen=True)
class Trouble:
    """Something that keeps nircolor from working. ``exit_code``: of the command (``nircolor.errors``)."""

    message: str
    exit_code: int


@dataclass(frozen=True)
class Examination:
    """What was found, as plain values; None: it could not be found out, and ``problems`` says why.

    ``packages``: name -> version, None where it is missing. ``weights``: those that come with nircolor, each verified;
    ``onnx``: the same, each tried by onnxruntime.
    ``str`` is a text for people.
    """

    nircolor: str
    python: Values
    packages: dict[str, str | None]
    cpu: Values | None
    cuda: Values | None
    mps: bool | None
    scan: Values | None
    weights: list[Values] | None
    onnx: list[Values] | None
    extras: list[Values]
    hub: Values | None
    problems: tuple[Trouble, ...] = ()

    @property
    def usable(self) -> bool:
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """What ``nircolor doctor --json`` prints."""
        return {**asdict(self), "problems": [asdict(problem) for problem in self.problems], "usable": self.usable}

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def examine(*, on_event: Observer = nobody) -> Examination:
    """All that can be found out, without the network. Takes some seconds; never raises: what is broken is a problem.

    The gravest problem comes first. Reports Progress.
    """
    with Reporter(on_event) as reporter:
        reporter.progress("examining")
        return _Examiner().examine()


class _Examiner:
    def __init__(self) -> None:
        self._problems: list[Trouble] = []

    def examine(self) -> Examination:
        versions = checks.versions()
        missing = [name for name, version in versions.items() if version is None]
        for name in missing:
            self._add(f"{name} is missing; install it with: pip install {name}", DeviceError)
        attempt = self._attempt
        cpu, cuda = attempt("torch", checks.cpu), attempt("torch with CUDA", checks.cuda)
        mps, scan = attempt("torch with MPS", checks.mps), attempt("the selective scan", checks.scan)
        weights, onnx = attempt("reading the packaged weights", checks.packaged_weights), attempt("ONNX", checks.onnx)
        extras, hub = checks.extras(), attempt("huggingface_hub", checks.hub)
        self._judge(scan, weights)
        if "onnxruntime" not in missing:
            self._judge_onnx(onnx or [], [row["name"] for row in weights or [] if row["error"]])
        found = cpu, cuda, mps, scan, weights, onnx, extras, hub
        return Examination(__version__, checks.python(), versions, *found, tuple(self._problems))

    def _attempt(self, what: str, check: Callable[[], Any]) -> Any:
        try:
            return check()
        except Exception as error:  # what a broken installation raises cannot be foreseen
            reason = f"{type(error).__name__}: {error}"
            self._add(f"{what} does not work ({reason}); reinstall nircolor in a fresh environment", DeviceError)
            return None

    def _judge(self, scan: Values | None, weights: list[Values] | None) -> None:
        """Add what is wrong although nothing failed."""
        if scan and not scan["sound"]:
            kernel, error = scan["kernel"], scan["error"]
            self._add(f"the {kernel} scan differs from the reference by {error:.2g}; please report this", DeviceError)
        if weights == []:
            self._add("no weights are packaged; reinstall nircolor", WeightsError)
        for row in weights or []:
            if row["error"]:
                self._add(row["error"], WeightsError)

    def _judge_onnx(self, tried: list[Values], damaged: list[str]) -> None:
        """``damaged``: names of weights of which that was said already."""
        for row in tried:
            if row["error"] and row["name"] not in damaged:
                self._add(f"{row['error']} (until then torch runs {row['name']}, and starts later)", DeviceError)

    def _add(self, message: str, kind: type[NircolorError]) -> None:
        self._problems.append(Trouble(" ".join(message.split()), kind.exit_code))


def _lines(found: Examination) -> Iterator[str]:
    python = found.python
    yield f"nircolor {found.nircolor}"
    yield from _entry("python", f"{python['version']} ({python['implementation']}), {python['executable']}")
    yield from _entry("platform", python["platform"])
    packages = (f"{name} {version or 'MISSING'}" for name, version in found.packages.items())
    yield from _entry("packages", ", ".join(packages))
    yield from _devices(found)
    for row in found.weights or []:
        state = "DAMAGED" if row["error"] else f"{row['bytes'] / 1e6:.1f} MB, checksum is right ({row['sha256']})"
        yield from _entry("weights", f"{row['name']}: {state}, {row['path']}")
    for row in found.onnx or []:
        yield from _entry("onnx", f"{row['name']}: {_run_by_onnx(row, found.packages.get('onnxruntime'))}")
    yield from _entry("extras", ", ".join(row["name"] for row in found.extras if not row["missing"]) or "none")
    for row in found.extras:
        if row["missing"]:
            yield from _entry("no extra", f"{row['name']} ({', '.join(row['missing'])}): {row['install']}")
    if hub := found.hub:
        mode = "offline (HF_HUB_OFFLINE is set)" if hub["offline"] else hub["endpoint"]
        yield from _entry("hub", f"{mode}, cache {hub['cache']}")
    yield "ready to use" if found.usable else "NOT usable:"


def _run_by_onnx(row: Values, version: str | None) -> str:
    if row["file"] is None:
        return "no ONNX file, torch runs it"
    if row["error"]:
        return "NOT run by onnxruntime"
    return f"onnxruntime {version} runs it, as torch does"


def _devices(found: Examination) -> Iterator[str]:
    if cpu := found.cpu:
        bf16 = f"bf16 in hardware ({', '.join(cpu['bf16_units']) or 'yes'})" if cpu["bf16"] else "no bf16 units"
        threads = f"{cpu['threads']} threads on {cpu['cores']} cores"
        yield from _entry("cpu", f"{cpu['model']}, {threads}, {cpu['vectors']}, {bf16}")
    if cuda := found.cuda:
        built = "no device" if cuda["built"] else "no, this torch is built without it"
        devices = "; ".join(f"{d['name']}, {d['memory_gib']} GiB, {d['capability']}" for d in cuda["devices"])
        yield from _entry("cuda", devices or built)
    yield from _entry("mps", "yes" if found.mps else "no")
    if scan := found.scan:
        place = f"compiled code in {scan['cache']}" if scan["cache_writable"] else "compiled anew each run: no folder"
        off = f"off the reference by {scan['error']:.1g}"
        yield from _entry("scan", f"{scan['kernel']} on {scan['device']}, {off}; {place}")


def _entry(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        one_line(text),
        LINE_WIDTH,
        initial_indent=f"  {label:<{LABEL_WIDTH}}",
        subsequent_indent=" " * (LABEL_WIDTH + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )
