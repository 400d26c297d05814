"""``nircolor weights``: what is there, whether a file is sound, and how a run becomes a file."""

from __future__ import annotations

import typer

from nircolor.cli.report import HELP_KEYS, HelpFlag, show_help
from nircolor.cli.weights_export import EPILOG, export
from nircolor.cli.weights_fetch import fetch
from nircolor.cli.weights_list import list_weights
from nircolor.cli.weights_verify import verify_weights

weights_app = typer.Typer(rich_markup_mode="rich", context_settings=HELP_KEYS, add_help_option=False)
weights_app.command("list")(list_weights)
weights_app.command(short_help="Fetch weights from the Hugging Face Hub.")(fetch)
weights_app.command("verify")(verify_weights)
weights_app.command(epilog=EPILOG, short_help="Make one file of a training run.")(export)


@weights_app.callback(invoke_without_command=True)
def _group(ctx: typer.Context, help: HelpFlag = False) -> None:
    """List, fetch, verify and export weights."""
    if ctx.invoked_subcommand is None:
        show_help(ctx)
