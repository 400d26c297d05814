"""``nircolor doctor``: is everything here that nircolor needs, and what will it run on?"""

from __future__ import annotations

import typer

from nircolor.cli.report import JsonFlag, QuietFlag, VerboseFlag, begin


def doctor(ctx: typer.Context, json: JsonFlag = False, quiet: QuietFlag = False, verbose: VerboseFlag = 0) -> None:
    """Show versions, devices, scan kernel and weights, and check that they work. The exit code is 0 when nircolor can
    be used here, 4 when its weights are missing or damaged, and 5 when something it needs cannot be loaded.
    """
    report = begin(ctx, json=json, quiet=quiet, verbose=verbose)
    from nircolor.doctor import examine

    with report.watching() as observe:
        found = examine(on_event=observe)
    report.result(found.to_json())
    if not (json or quiet):
        print(found)
    for problem in found.problems:
        report.error(problem.message)
    if found.problems:
        raise typer.Exit(found.problems[0].exit_code)
