"""``nircolor train``: one run of a recipe, in one folder, to be resumed at will."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nircolor.cli.common import JsonFlag, QuietFlag, Report, VerboseFlag, begin
from nircolor.cli.interrupts import Interrupted
from nircolor.errors import OutputExistsError

if TYPE_CHECKING:
    from nircolor.training.trainer import Trainer


def train(
    ctx: typer.Context,
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE",
            show_default=False,
            help="What to train, on what, and for how long: a TOML file, or the name of a recipe that comes with "
            "nircolor (lite, haqagen, colormamba, ...).",
        ),
    ],
    data: Annotated[Path, typer.Option("--data", metavar="ROOT", help="Folder that holds the recipe's data folders.")],
    run: Annotated[
        Path, typer.Option("--run", metavar="DIR", help="Folder of the run: checkpoint, weights, log. Made if missing.")
    ],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            show_default=False,
            help="Change a value of the recipe, such as optim.steps=100 or model.spade=false. May be repeated.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", metavar=" ", help="Go on from the checkpoint in the folder of the run.")
    ] = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    verbose: VerboseFlag = 0,
) -> None:
    """Train a network on pairs of near-infrared and colour pictures, as a recipe says. Ctrl-C saves a checkpoint first,
    and --resume goes on from it.
    """
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    from nircolor.training.recipe_file import load_recipe

    loaded = load_recipe(recipe, changes or ())
    _check_run(run, resume)
    from nircolor.training.trainer import Trainer

    trainer = Trainer(loaded, run, data, resume)
    _train(trainer, report)
    report.say(f"{run}: step {trainer.step}, weights in {run / 'weights.safetensors'}")
    report.result({"run": str(run), "step": trainer.step, "weights": str(run / "weights.safetensors")})


def _check_run(run: Path, resume: bool) -> None:
    """A finished run is as precious as any other output."""
    if resume or not (run / "checkpoint.safetensors").exists():
        return
    raise OutputExistsError(f"{run}: holds a run already; add --resume to go on with it, or choose another folder")


def _train(trainer: Trainer, report: Report) -> None:
    steps = trainer.steps
    with report.progress() as advance:

        def log(record: dict[str, float]) -> None:
            line = ", ".join(f"{name} {value:.4g}" for name, value in record.items() if name != "step")
            report.say(f"step {record['step']:.0f} of {steps}: {line}")
            advance("training", record["step"], steps)

        advance("training", trainer.step, steps)
        try:
            trainer.train(log)
        except Interrupted:
            trainer.save()
            report.say(f"saved at step {trainer.step}; go on with --resume")
            raise
