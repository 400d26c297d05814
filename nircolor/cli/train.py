"""``nircolor train``: one run of a recipe, in one folder, to be resumed at will."""

from __future__ import annotations

import json as json_text
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nircolor.cli.engine import check_device
from nircolor.cli.report import JsonFlag, QuietFlag, VerboseFlag, begin
from nircolor.errors import InputError, OutputError, OutputExistsError, UsageError

if TYPE_CHECKING:
    from nircolor.training.recipe import Recipe

MACHINE = "Machine"

EPILOG = """[bold]Examples[/bold]

  $ nircolor train lite --data pairs/ --run runs/lite --dry-run   how long will it take?
  $ nircolor train lite --data pairs/ --run runs/lite             Ctrl-C saves
  $ nircolor train --resume runs/lite                             and on it goes
  $ nircolor train --resume runs/lite --set optim.steps=20000     for longer
  $ nircolor train haqagen --data pairs/ --run runs/h --device cuda --processes 4

"""


def train(
    ctx: typer.Context,
    recipe: Annotated[
        str | None,
        typer.Argument(
            metavar="RECIPE",
            show_default=False,
            help="What to train, on what, and for how long: a TOML file, or the name of a recipe that comes with "
            "nircolor (lite, haqagen, colormamba, ...). With --resume: that of the run, if none is given.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="ROOT",
            show_default=False,
            help="Folder that holds the recipe's data folders. With --resume: that of the run, if none is given.",
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(
            "--run",
            metavar="DIR",
            show_default=False,
            help="Folder of a new run: weights, checkpoint, logs, curves, pictures, run.html. Made if missing.",
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="DIR", show_default=False, help="Go on with the run in this folder."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            show_default=False,
            help="Change a value of the recipe, such as optim.steps=100 or model.spade=false. May be repeated.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", metavar=" ", help="Tell sizes, time and memory after timing three steps; write nothing."
        ),
    ] = False,
    device: Annotated[
        str,
        typer.Option("--device", rich_help_panel=MACHINE, metavar="NAME", help="auto, cpu, cuda, cuda:N or mps."),
    ] = "auto",
    processes: Annotated[
        int,
        typer.Option(
            "--processes", rich_help_panel=MACHINE, metavar="N", min=1, help="On this machine; each gets a GPU."
        ),
    ] = 1,
    machines: Annotated[
        int,
        typer.Option(
            "--machines",
            rich_help_panel=MACHINE,
            metavar="N",
            min=1,
            help="Run the same command on each, under torchrun or SLURM, or with MASTER_ADDR and NODE_RANK set.",
        ),
    ] = 1,
    workers: Annotated[
        int, typer.Option("--workers", rich_help_panel=MACHINE, metavar="N", min=1, help="Threads that read pictures.")
    ] = 2,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    verbose: VerboseFlag = 0,
) -> None:
    """Train a network on pairs of near-infrared and colour pictures, as a recipe says. Ctrl-C saves a checkpoint first,
    and --resume goes on from it.
    """
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    check_device(device)
    folder = _folder(run, resume, dry_run)
    loaded = _recipe(recipe, resume, changes or ())
    root = data or _data_root(resume)
    from nircolor.training.run import Machine, estimate_run, train_run

    machine = Machine(device, processes, machines, workers)
    if dry_run:
        estimate_run(loaded, root, machine, report)
    else:
        train_run(loaded, folder, root, resume is not None, machine, report)


def _folder(run: Path | None, resume: Path | None, dry_run: bool) -> Path:
    """The folder of the run. A finished run is as precious as any other output."""
    if run and resume:
        raise UsageError("--run begins a run, --resume goes on with one: give one of them")
    if resume:
        return resume
    if run is None and not dry_run:
        raise UsageError("--run DIR is missing: the folder of a new run; or --resume DIR to go on with one")
    if run and run.exists() and not run.is_dir():
        raise OutputError(f"{run}: is a file; choose a folder for the run")
    if run and (run / "checkpoint.safetensors").exists():
        raise OutputExistsError(f"{run}: holds a run already; --resume {run} goes on with it, or choose another folder")
    return run or Path()


def _recipe(recipe: str | None, resume: Path | None, changes: Sequence[str]) -> Recipe:
    from nircolor.training.recipe_file import load_recipe

    if recipe is None and resume is None:
        raise UsageError("RECIPE is missing: a TOML file, or a name such as lite (see nircolor train --help)")
    return load_recipe(recipe if recipe is not None else Path(f"{resume}/recipe.json"), changes)


def _data_root(resume: Path | None) -> Path:
    """Where the data of a run were when it began."""
    if resume is None:
        raise UsageError("--data ROOT is missing: the folder that holds the recipe's data folders")
    from nircolor.small_file import parsed, read_small

    path = resume / "data.json"
    try:
        return Path(parsed(json_text.loads, read_small(path).decode())["root"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: does not say where the data are ({error}); add --data ROOT") from error
