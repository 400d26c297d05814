"""``nircolor weights push``: weights and a model card, to the Hugging Face Hub."""

from __future__ import annotations

from typing import Annotated

import typer

from nircolor.cli.options import DeviceOption, overwrite_option
from nircolor.cli.report import EXIT_CODES, JsonFlag, QuietFlag, VerboseFlag, begin

PUSH_EPILOG = f"""[bold]Example[/bold]

  $ nircolor weights push runs/mine me/orchards --license "CC BY 4.0" --dry-run
  $ nircolor weights push runs/mine me/orchards --license "CC BY 4.0" --private
  $ nircolor colorize photo_nir.tif --weights hf://me/orchards

{EXIT_CODES}"""


def push(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            show_default=False,
            help="Folder of a training run; or weights that are a file already, by name or path.",
        ),
    ],
    repo: Annotated[
        str, typer.Argument(metavar="ORG/REPO", show_default=False, help="Where to; made where it is missing.")
    ],
    private: Annotated[
        bool, typer.Option("--private", metavar=" ", help="Make it private; one that is public is refused.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", metavar=" ", help="Print the model card and what would go up; send and ask nothing."),
    ] = False,
    revision: Annotated[
        str | None,
        typer.Option(metavar="BRANCH", show_default=False, help="Branch, made where it is missing. Default: main."),
    ] = None,
    license: Annotated[
        str, typer.Option(metavar="TEXT", show_default=False, help="Of a run: on what terms its weights may be used.")
    ] = "",
    description: Annotated[
        str, typer.Option(metavar="TEXT", show_default=False, help="Of a run: what they are for, in your words.")
    ] = "",
    best: Annotated[
        bool | None,
        typer.Option(
            "--best/--last",
            metavar=" ",
            show_default=False,
            help="Of a run: weights of the best validation, or of the last step. Default: the best, where there are.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, overwrite_option("Replace weights of another network, or a model card that somebody edited.")
    ] = False,
    device: DeviceOption = "auto",
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    verbose: VerboseFlag = 0,
) -> None:
    """Publish weights on the Hugging Face Hub, with a model card written from the run: data, terms, scores, pictures
    of rendered scenes. Weights that are there are replaced by a new commit; older ones stay in the history. The token
    is that of `hf auth login`, or HF_TOKEN. A push that was interrupted can be repeated.
    """
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    from nircolor.publishing.push import push_to_hub

    with report.watching() as observe:
        result = push_to_hub(
            source,
            repo,
            revision=revision,
            private=private,
            license=license,
            description=description,
            best=best,
            overwrite=overwrite,
            dry_run=dry_run,
            device=device,
            on_event=observe,
        )
    if not json:
        print(result)
    report.result({**result.to_json(), "warnings": report.warnings})
