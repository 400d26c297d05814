"""A training run from a recipe to its weights and its page, and an estimate of one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING, Any

from nircolor.engine import check_device
from nircolor.errors import InputError, OutputError, OutputExistsError, StoppedError, UsageError
from nircolor.events import Event, Observer, Reporter, nobody
from nircolor.small_file import parsed, read_small
from nircolor.training.run_folder import CHECKPOINT, LAST

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from nircolor.training.estimate import Estimate
    from nircolor.training.recipe import Recipe
    from nircolor.training.trainer import Trainer


@dataclass(frozen=True)
class Machine:
    """What to train on.

    device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``. processes: on this machine, each with a GPU of its own;
    the program is started anew for each, so that what it does before it trains is done by all. machines: how many run
    the same program, under torchrun or SLURM. workers: threads that read pictures.
    """

    device: str = "auto"
    processes: int = 1
    machines: int = 1
    workers: int = 2


@dataclass(frozen=True)
class Run:
    """How far a training run has come. ``best``: the score by which its best weights were chosen, more being better."""

    run: str
    step: int
    weights: str
    page: str
    best_step: int | None = None
    best: float | None = None
    stopped: bool = False
    """Whether ``stop`` ended it: it is saved, and ``resume=True`` goes on with it."""
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What ``nircolor train --json`` prints."""
        best = {} if self.best is None else {"best_step": self.best_step, "best": self.best}
        return {"run": self.run, "step": self.step, "weights": self.weights, **best}

    def __str__(self) -> str:
        if self.stopped:
            return f"{self.run}: stopped and saved at step {self.step}; go on with `resume=True`"
        return f"{self.run}: step {self.step}, weights in {self.weights}, page in {self.page}"


def train(
    recipe: str | Path | Recipe | None = None,
    data: str | Path | None = None,
    run: str | Path | None = None,
    *,
    resume: bool = False,
    changes: Sequence[str] = (),
    machine: Machine | None = None,
    stop: StopEvent | None = None,
    on_event: Observer = nobody,
) -> Run:
    """Train a network on pairs of near-infrared and colour pictures.

    Args:
        recipe: what to train, on what, and for how long: a TOML file, the name of a recipe that comes with nircolor
            (``lite``, ``haqagen``, ...), or a Recipe. data: the folder that holds the recipe's data folders. Both may
            be left out with ``resume``: they are then those of the run.
        run: its folder, made if missing. It gets weights, checkpoint, logs, curves, pictures, and a page, ``run.html``.
        resume: go on with the run in this folder.
        changes: of the recipe, such as ``optim.steps=100`` or ``model.spade=false``.
        machine: device, processes and threads.
        stop: once set, the step in hand is finished and saved, and the Run says that it was stopped.
        on_event: gets Progress and Warned events, these also from other threads, and those of
            ``nircolor.training.events``: Launched, TrainingReady, Losses and Scores.

    With several processes, only the first reports, writes, and is stopped. Raises UsageError, OutputExistsError and
    InputError for a recipe, a folder or data that cannot be, WeightsError for a checkpoint of another network,
    DeviceError, OutputError (a full disk), and NircolorError when a loss is not a number.
    """
    if run is None:
        raise UsageError("is missing: the folder of a run", option="run")
    machine, folder = machine or Machine(), Path(run)
    with Reporter(on_event, stop) as reporter:
        check_device(machine.device)
        if not resume:
            check_new_run(folder)
        loaded = _recipe(recipe, folder if resume else None, changes)
        root = Path(data) if data is not None else _data_root(folder if resume else None)
        with _trainer(loaded, folder, root, resume, machine, reporter) as trainer:
            stopped = _train(trainer, reporter)
            if stopped:
                _stop_others(trainer.fabric)
        return _run(trainer, stopped, reporter)


def estimate_training(
    recipe: str | Path | Recipe | None = None,
    data: str | Path | None = None,
    *,
    resume: str | Path | None = None,
    changes: Sequence[str] = (),
    machine: Machine | None = None,
    on_event: Observer = nobody,
) -> Estimate:
    """What ``train`` would take, after a few of its steps: sizes, time and memory. Writes nothing.

    Arguments and errors are those of ``train``; ``resume`` is the folder of a run whose recipe and data are taken where
    none are given. ``print`` shows the result in lines for people.
    """
    machine, folder = machine or Machine(), Path(resume) if resume is not None else None
    with Reporter(on_event) as reporter:
        check_device(machine.device)
        loaded, root = _recipe(recipe, folder, changes), Path(data) if data is not None else _data_root(folder)
        with _trainer(loaded, Path(), root, False, machine, reporter) as trainer:
            from nircolor.training.estimate import estimate

            reporter.note("timing three steps ...")
            return estimate(trainer)


def check_new_run(run: Path) -> None:
    """A finished run is as precious as any other output. Raises OutputError, OutputExistsError."""
    if run.exists() and not run.is_dir():
        raise OutputError("is a file; choose a folder for the run", path=run)
    if (run / CHECKPOINT).exists():
        remedy = "`resume=True` goes on with it, or choose another folder"
        raise OutputExistsError("holds a run already", path=run, remedy=remedy)


def _recipe(recipe: str | Path | Recipe | None, run: Path | None, changes: Sequence[str]) -> Recipe:
    """``run``: the folder of one that goes on."""
    from nircolor.training.recipe import Recipe
    from nircolor.training.recipe_file import change_recipe, load_recipe

    if isinstance(recipe, Recipe):
        return change_recipe(recipe, changes)
    if recipe is None and run is None:
        raise UsageError("is missing: a TOML file, or a name such as lite", option="recipe")
    return load_recipe(recipe if recipe is not None else Path(f"{run}/recipe.json"), changes)


def _data_root(run: Path | None) -> Path:
    """Where the data of a run were when it began."""
    if run is None:
        raise UsageError("`data=ROOT` is missing: the folder that holds the recipe's data folders")
    path = run / "data.json"
    try:
        return Path(parsed(json.loads, read_small(path).decode())["root"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"does not say where the data are ({error})"
        raise InputError(reason, path=path, remedy="add `data=ROOT`") from error


@contextmanager
def _trainer(
    recipe: Recipe, run: Path, data: Path, resume: bool, machine: Machine, reporter: Reporter
) -> Iterator[Trainer]:
    """All processes begin and end together. The first of them reports; the others follow it in silence."""
    from nircolor.training.devices import fabric_for
    from nircolor.training.recipe import check_share
    from nircolor.training.trainer import Trainer

    check_share(recipe, machine.processes * machine.machines)
    fabric = fabric_for(recipe.optim.precision, machine.device, machine.processes, machine.machines, reporter)
    fabric.launch()
    reporter.on_event(_launched(fabric))
    if not fabric.is_global_zero:
        reporter.on_event = nobody
    try:
        trainer = Trainer(recipe, run, data, resume=resume, fabric=fabric, workers=machine.workers, reporter=reporter)
        reporter.on_event(_ready(trainer))
        yield trainer
    except BaseException:
        _stop_others(fabric)
        raise


def _launched(fabric: Fabric) -> Event:
    from nircolor.training.events import Launched

    return Launched(fabric.global_rank, fabric.world_size)


def _stop_others(fabric: Fabric) -> None:
    from nircolor.training.devices import stop_others

    stop_others(fabric)


def _ready(trainer: Trainer) -> Event:
    from nircolor.training.events import TrainingReady

    info = trainer.data.about
    pairs, judged = (sum(row["pairs"] for row in info[rows]) for rows in ("sources", "validation"))
    precision = trainer.fabric.strategy.precision.precision
    return TrainingReady(_devices(trainer.fabric), trainer.kernel, precision, pairs, judged)


def _train(trainer: Trainer, reporter: Reporter) -> bool:
    """Whether it was stopped; then it is saved."""
    if not trainer.fabric.is_global_zero:
        trainer.train()
        return False
    from nircolor.training.run_log import RunLog

    log = RunLog(trainer.run, trainer.step, _about(trainer), reporter)

    def observe(event: Event) -> None:
        log(event)
        reporter.on_event(event)
        reporter.check()

    try:
        with log, _saved_when_stopped(trainer):
            trainer.train(observe)
    except StoppedError:
        return True
    return False


@contextmanager
def _saved_when_stopped(trainer: Trainer) -> Iterator[None]:
    try:
        yield
    except StoppedError:
        trainer.save()
        raise


def _run(trainer: Trainer, stopped: bool, reporter: Reporter) -> Run:
    state, run = trainer.state, trainer.run
    best_step = None if state.best is None else state.best_step
    files = str(run / LAST), str(run / "run.html")
    return Run(str(run), trainer.step, *files, best_step, state.best, stopped, tuple(reporter.warnings))


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
