"""``nircolor train``: one run of a recipe, in one folder, to be resumed at will."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from nircolor.cli.report import JsonFlag, QuietFlag, Report, VerboseFlag, begin
from nircolor.cli.train_adapt import ADAPT_OPTIONS, ADAPT_RECIPE, RUN_OPTIONS, AdaptChoices, adapt, refuse_given
from nircolor.cli.train_view import TrainView
from nircolor.errors import OutputExistsError, UsageError

if TYPE_CHECKING:
    from nircolor.training.run import Machine

MACHINE, ADAPT = "Machine", "With RECIPE adapt"

EPILOG = """[bold]Examples[/bold]

  $ nircolor train lite --data pairs/ --run runs/lite --dry-run   how long will it take?
  $ nircolor train lite --data pairs/ --run runs/lite             Ctrl-C saves
  $ nircolor train --resume runs/lite                             and on it goes
  $ nircolor train --resume runs/lite --set optim.steps=20000     for longer
  $ nircolor train haqagen --data pairs/ --run runs/h --device cuda --processes 4
  $ nircolor train adapt --data pairs/ -o mine.safetensors        5 to 500 of your own pairs, at most 15 minutes

"""


def train(
    ctx: typer.Context,
    recipe: Annotated[
        str | None,
        typer.Argument(
            metavar="RECIPE",
            show_default=False,
            help="What to train, on what, and for how long: a TOML file, or the name of a recipe that comes with "
            "nircolor (lite, haqagen, colormamba, ...). With --resume: that of the run, if none is given. Or adapt: "
            "fine-tune finished weights on your own pairs.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="ROOT",
            show_default=False,
            help="Folder that holds the recipe's data folders. With --resume: that of the run, if none is given. With "
            "adapt: the folder of your pairs.",
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
            help="Change a value of the recipe, such as optim.steps=100 or model.spade=false (with adapt: steps=100). "
            "May be repeated.",
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
    weights: Annotated[
        str | None,
        typer.Option(
            "--weights", rich_help_panel=ADAPT, metavar="NAME", show_default=False, help="What to adapt. Default: lite."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            rich_help_panel=ADAPT,
            metavar="OUT",
            show_default=False,
            help="Where to write; ends in .safetensors. Default: mine.safetensors.",
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            "--minutes",
            rich_help_panel=ADAPT,
            metavar="N",
            show_default=False,
            help="Longest training time. Default: 15.",
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            rich_help_panel=ADAPT,
            metavar=" ",
            help="Replace OUT if it exists, and what another adaptation left unfinished.",
        ),
    ] = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    verbose: VerboseFlag = 0,
) -> None:
    """Train a network on pairs of near-infrared and colour pictures, as a recipe says. Ctrl-C saves a checkpoint first,
    and --resume goes on from it. With adapt in the place of a recipe the same command goes on where it was stopped.
    """
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    if recipe == ADAPT_RECIPE:
        refuse_given(ctx, RUN_OPTIONS, "of no use with adapt: leave it out")
        adapt(data, AdaptChoices(weights, output, minutes, changes or (), device, overwrite), report)
        return
    refuse_given(ctx, ADAPT_OPTIONS, "for nircolor train adapt only: leave it out")
    if run and resume:
        raise UsageError("--run begins a run, --resume goes on with one: give one of them")
    if not (run or resume or dry_run):
        raise UsageError("--run DIR is missing: the folder of a new run; or --resume DIR to go on with one")
    if recipe is None and resume is None:
        raise UsageError("RECIPE is missing: a TOML file, or a name such as lite (see nircolor train --help)")
    from nircolor.training.run import Machine

    machine = Machine(device, processes, machines, workers)
    if dry_run:
        _estimate(recipe, data, run, resume, changes or (), machine, report)
    else:
        _train(recipe, data, run, resume, changes or (), machine, report)


def _train(
    recipe: str | None,
    data: Path | None,
    run: Path | None,
    resume: Path | None,
    changes: Sequence[str],
    machine: Machine,
    report: Report,
) -> None:
    from nircolor.training.run import train

    stop = Event()
    with TrainView(report, stop) as view:
        try:
            result = train(
                recipe,
                data,
                resume or run,
                resume=resume is not None,
                changes=changes,
                machine=machine,
                stop=stop,
                on_event=view,
            )
        except OutputExistsError as error:
            error.remedy = f"--resume {run} goes on with it, or choose another folder"
            raise
        if result.stopped:
            report.say(f"saved at step {result.step}; go on with --resume {result.run}")
            report.interrupts.check()
    report.say(str(result))
    report.result(result.to_json())


def _estimate(
    recipe: str | None,
    data: Path | None,
    run: Path | None,
    resume: Path | None,
    changes: Sequence[str],
    machine: Machine,
    report: Report,
) -> None:
    from nircolor.training.run import check_new_run, estimate_training

    if run:
        check_new_run(run)
    with TrainView(report) as view:
        found = estimate_training(recipe, data, resume=resume, changes=changes, machine=machine, on_event=view)
    if view.first and not report.json:
        print(found)
    report.result(found.to_json())
