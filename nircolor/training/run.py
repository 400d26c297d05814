"""What ``nircolor train`` does once its words are understood: a run, or an estimate of one."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nircolor.cli.report import Report
from nircolor.cli.signals import Interrupted

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from nircolor.training.estimate import Estimate
    from nircolor.training.events import Event, Observer
    from nircolor.training.recipe import Recipe
    from nircolor.training.trainer import Trainer


@dataclass(frozen=True)
class Machine:
    """What to train on: see the options of ``nircolor train``."""

    device: str
    processes: int
    machines: int
    workers: int


def train_run(recipe: Recipe, run: Path, data: Path, resume: bool, machine: Machine, report: Report) -> None:
    """Train, tell, and end all processes together."""
    from nircolor.training.trainer import Trainer

    with _launched(recipe, machine, report) as fabric:
        trainer = Trainer(recipe, run, data, resume=resume, fabric=fabric, workers=machine.workers)
        _say_what(trainer, report)
        if fabric.is_global_zero:
            _watched(trainer, report)
        else:
            trainer.train()
    standing = trainer.standing
    best = {"best_step": standing.best_step, "best": standing.best} if standing.best is not None else {}
    report.say(f"{run}: step {trainer.step}, weights in {run / 'weights.safetensors'}, page in {run / 'run.html'}")
    report.result({"run": str(run), "step": trainer.step, "weights": str(run / "weights.safetensors"), **best})


def _watched(trainer: Trainer, report: Report) -> None:
    from nircolor.cli.train_view import train_view
    from nircolor.training.run_log import RunLog

    log, interrupts = RunLog(trainer.run, trainer.step, _about(trainer)), report.interrupts
    with interrupts.deferred(), log, train_view(report) as view:
        try:
            trainer.train(_both(log, view))
        except Interrupted:
            if not interrupts.hurried:  # a step that was torn apart is not worth keeping
                trainer.save()
                report.say(f"saved at step {trainer.step}; go on with --resume {trainer.run}")
            raise


def _both(first: Observer, second: Observer) -> Observer:
    def observe(event: Event) -> None:
        first(event)
        second(event)

    return observe


@contextmanager
def _launched(recipe: Recipe, machine: Machine, report: Report) -> Iterator[Fabric]:
    """The first of the processes talks and takes the signals; the others follow it."""
    from nircolor.training.devices import fabric_for, stop_others
    from nircolor.training.recipe import check_share

    check_share(recipe, machine.processes * machine.machines)
    fabric = fabric_for(recipe.optim.precision, machine.device, machine.processes, machine.machines)
    fabric.launch()
    if not fabric.is_global_zero:
        report.quiet, report.json = True, False
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield fabric
    except BaseException:
        stop_others(fabric)
        raise


def _say_what(trainer: Trainer, report: Report) -> None:
    fabric, info = trainer.fabric, trainer.data.about
    pairs = sum(row["pairs"] for row in info["sources"])
    judged = sum(row["pairs"] for row in info["validation"])
    report.say(
        f"device {_devices(fabric)}, kernel {trainer.kernel}, precision {fabric.strategy.precision.precision}, "
        f"{pairs} training pairs, {judged} validation pairs"
    )


def _devices(fabric: Fabric) -> str:
    return str(fabric.device) if fabric.world_size == 1 else f"{fabric.world_size} x {fabric.device.type}"


def _about(trainer: Trainer) -> dict[str, Any]:
    """What the page of the run says beside its numbers."""
    network, fabric = trainer.network, trainer.fabric
    return {
        "preset": trainer.recipe.preset,
        "parameters": sum(p.numel() for p in network.parameters()),
        "device": _devices(fabric),
        "kernel": trainer.kernel,
        "precision": fabric.strategy.precision.precision,
        "data": trainer.data.about,
        "recipe": trainer.recipe.to_dict(),
    }


def estimate_run(recipe: Recipe, data: Path, machine: Machine, report: Report) -> None:
    """``--dry-run``."""
    from nircolor.training.estimate import estimate
    from nircolor.training.trainer import Trainer

    with _launched(recipe, machine, report) as fabric:
        trainer = Trainer(recipe, Path(), data, fabric=fabric, workers=machine.workers)
        _say_what(trainer, report)
        report.say("timing three steps ...")
        found = estimate(trainer)
    if fabric.is_global_zero and not report.json:
        print("\n".join(_lines(found)))
    report.result({**asdict(found), "steps": found.steps, "seconds": found.seconds})


def _lines(found: Estimate) -> Iterator[str]:
    sizes = ", ".join(f"{name} {count / 1e6:.2f} M" for name, count in found.parameters.items())
    yield f"parameters  {sizes}"
    for stage in found.stages:
        yield f"steps       {stage.steps} of {stage.images_per_step} images, {stage.size} x {stage.size} pixels each"
        yield f"speed       {stage.images_per_second:.2f} images/s, {stage.seconds_per_step:.2f} s a step"
    if found.texture_seconds:
        yield f"first       {_duration(found.texture_seconds)} for the texture autoencoder"
    yield f"time        {_duration(found.seconds)} in all, validation not counted"
    yield f"memory      {found.memory / 1e9:.1f} GB so far" if found.memory else "memory      unknown"


def _duration(seconds: float) -> str:
    minutes, hours = round(seconds / 60), round(seconds / 3600, 1)
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 90 else f"{hours} h"
