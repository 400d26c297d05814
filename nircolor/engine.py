"""Which network, on which device, in which tiles: said once, checked without torch, and loaded when it is needed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nircolor.choice import Choice, Engine
from nircolor.correction import Correction
from nircolor.errors import UsageError
from nircolor.events import EngineReady, Reporter
from nircolor.tiling import Tiling

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer

Prior = Literal["auto", "global", "tile"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]


@dataclass(frozen=True)
class EngineConfig:
    """How pictures are colorized.

    weights: a packaged name, one of the user's own, a path of a safetensors file, or ``hf://org/repo[@rev][/file]``.
    device: ``auto`` (CUDA, then MPS, then the CPU), ``cpu``, ``cuda``, ``cuda:N`` or ``mps``. precision: ``auto`` is
    bf16 where the device is fast at it, else fp32. prior: decide on colours once for the whole picture (``global``), in
    each ``tile`` alone, or, with ``auto``, in each tile of a map (a georeferenced picture) and once for all else.
    tiling: side and overlap of tiles, in pixels as the network sees them. threads: of the CPU, None: all that there
    are. correction: by hand, of what the weights say. engine: ``torch``; ``onnx``, which runs weights with an ONNX file
    beside them on a CPU, in fp32, and never imports torch; ``auto``: the latter where it can.
    """

    weights: str = "lite"
    device: str = "auto"
    precision: Precision = "auto"
    prior: Prior = "auto"
    tiling: Tiling = field(default_factory=Tiling)
    threads: int | None = None
    correction: Correction = field(default_factory=Correction)
    engine: Engine = "auto"

    def check(self) -> None:
        """Refuse, without torch, what can be refused without it. Raises UsageError, WeightsError."""
        self.correction.check()
        check_device(self.device)
        self.choice.check()
        check_weights(self.weights)

    @property
    def choice(self) -> Choice:
        """Of what runs the networks."""
        return Choice(self.engine, self.device, self.precision, self.threads)

    def locate(self) -> Path:
        """The file of the weights, fetched if it is on the Hub. Raises WeightsError."""
        from nircolor.weights import locate

        return locate(self.weights)

    def load(self, reporter: Reporter | None = None, brief: bool = False) -> Colorizer:
        """The engine, and with it what runs its networks. Reports EngineReady, and Retreat whenever memory runs out
        later, or torch takes the place of onnxruntime. ``brief``: for little work, for which starting soon counts more.

        Raises WeightsError, DeviceError, UsageError.
        """
        from nircolor.colorizer import Colorizer

        reporter, path = reporter or Reporter(), self.locate()
        engine = Colorizer.from_weights(
            self.weights,
            path=path,
            engine=self.engine,
            device=self.device,
            precision=self.precision,
            threads=self.threads,
            brief=brief,
            tiling=self.tiling,
            prior=self.prior,
            on_retreat=reporter.retreat,
            correction=self.correction,
        )
        info = engine.info
        reporter.on_event(EngineReady(info.device, info.kernel, info.precision, self.weights, info.weights_sha256))
        return engine


def settings_of(engine: EngineConfig | Colorizer) -> EngineConfig:
    """A configuration as it is; for an engine that is loaded already, the one that describes it."""
    if isinstance(engine, EngineConfig):
        return engine
    info = engine.info
    names, runtime = (info.weights, info.device, info.precision), "onnx" if info.kernel == "onnxruntime" else "torch"
    options: dict[str, Any] = {"correction": engine.correction, "engine": runtime}
    return EngineConfig(*names, engine.prior, engine.tiling, **options)  # type: ignore[arg-type]


def ready(engine: EngineConfig | Colorizer, reporter: Reporter, brief: bool = False) -> Colorizer:
    """An engine that is loaded already as it is; a configuration is loaded, which may raise what ``load`` raises."""
    return engine.load(reporter, brief) if isinstance(engine, EngineConfig) else engine


def check_device(name: str) -> None:
    """Whether it is a name at all; what is there only torch knows. Raises UsageError."""
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", name, re.ASCII):
        remedy = "give auto, cpu, cuda, cuda:N or mps"
        raise UsageError("unknown", option="device", value=name, remedy=remedy)


def check_weights(name: str) -> None:
    """What can be known of them without torch, and without the network. Raises WeightsError."""
    from nircolor.hub import HUB_SCHEME, parse_hub
    from nircolor.weights import read_meta

    if name.startswith(HUB_SCHEME):
        parse_hub(name)
    else:
        read_meta(name)
