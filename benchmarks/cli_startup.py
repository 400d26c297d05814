"""How long ``nircolor --help`` and ``--version`` take, measured against an empty Typer app.

    python benchmarks/cli_startup.py [ROUNDS]

The commands take turns, so that whatever else the machine does slows all of them alike; medians are compared. The
design allows 1.5 times the empty app; the exit code is 1 above that.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 1.5
EMPTY = '''
import typer

app = typer.Typer()


@app.command()
def main() -> None:
    """Nothing."""


app()
'''


def main(rounds: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY)
        nircolor = [sys.executable, "-m", "nircolor"]
        lines = {
            "empty app --help": [sys.executable, str(empty), "--help"],
            "nircolor --help": [*nircolor, "--help"],
            "nircolor --version": [*nircolor, "--version"],
            "nircolor colorize --help": [*nircolor, "colorize", "--help"],
        }
        medians = {name: statistics.median(times) for name, times in measure(lines, rounds).items()}
    reference = medians["empty app --help"]
    for name, median in medians.items():
        print(f"{name:26} {1000 * median:6.0f} ms   {median / reference:.2f} times the empty app")
    return int(max(medians.values()) > LIMIT * reference)


def measure(lines: dict[str, list[str]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each command in each round, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in lines}
    for number in range(rounds + 1):
        for name, line in lines.items():
            start = time.perf_counter()
            subprocess.run(line, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)})
            if number:
                times[name].append(time.perf_counter() - start)
    return times


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
