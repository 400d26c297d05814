"""What is seen of a training run: the panel on a terminal (one in memory, and a real one), plain lines elsewhere."""

from __future__ import annotations

import io
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event as StopEvent

import pytest
from cli_tools import environment
from rich.console import Console

from nircolor.cli.report import Report
from nircolor.cli.signals import Interrupted
from nircolor.cli.train_panel import RunPanel, live_panel
from nircolor.cli.train_view import TrainView, plain_lines
from nircolor.events import Event, Progress
from nircolor.training.events import Launched, Losses, Scores, TrainingReady

STEPS = 400
READY = TrainingReady("cpu", "numba", "bf16-mixed", 24, 3)


def losses(step: int, stage: str = "training", **values: float) -> Losses:
    return Losses(stage, step, STEPS, values or {"pixel": 1 / step, "critic": 2.0}, 6e-4, 12.5, 0.25)


def scores(step: int, psnr: float, angle: float, best: bool = False) -> Scores:
    return Scores(step, STEPS, {"near/val/psnr": psnr, "near/val/angle": angle}, best)


def shown(panel: RunPanel, width: int = 100) -> str:
    console = Console(file=io.StringIO(), force_terminal=True, width=width)
    with console.capture() as capture:
        console.print(panel.render())
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capture.get())


def told(*events: Event, width: int = 100) -> str:
    panel = RunPanel()
    for event in events:
        panel.observe(event)
    return shown(panel, width)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_lines_come_every_ten_seconds_with_scores_and_at_the_end() -> None:
    lines: list[str] = []
    clock = Clock()
    with plain_lines(lines.append, clock) as observe:
        for step in range(20, 161, 20):
            clock.now += 3
            observe(Progress("training", step, STEPS))
            observe(losses(step))
            if step == 120:
                observe(scores(120, 21.5, 4.25, best=True))
    assert [line.partition(":")[0] for line in lines] == [
        f"step {step} of 400" for step in (20, 100, 120, 120, 160)
    ]  # fmt: skip
    assert lines[0] == "step 20 of 400: pixel 0.05, critic 2, 12.5 images/s, waited 25%, rate 0.0006"
    assert lines[3] == "step 120 of 400: near/val/psnr 21.5, near/val/angle 4.25 (best so far)"


def test_another_stage_is_named() -> None:
    lines: list[str] = []
    with plain_lines(lines.append) as observe:
        observe(Losses("texture autoencoder", 20, 60, {"l2": 0.125}, 1e-3))
    assert lines == ["texture autoencoder, step 20 of 60: l2 0.125, rate 0.001"]


def test_elsewhere_than_on_a_terminal_lines_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with TrainView(Report(), StopEvent()) as observe:
        for event in (Launched(0, 1), READY, losses(20), losses(40)):
            observe(event)
    out, err = capsys.readouterr()
    assert out == ""
    about, *lines = err.splitlines()
    assert about == "device cpu, kernel numba, precision bf16-mixed, 24 training pairs, 3 validation pairs"
    assert [line.partition(":")[0] for line in lines] == ["step 20 of 400", "step 40 of 400"]


def test_the_other_processes_are_silent(capsys: pytest.CaptureFixture[str]) -> None:
    before, report = signal.getsignal(signal.SIGINT), Report(json=True)
    try:
        with TrainView(report, StopEvent()) as view:
            view(Launched(1, 2))
            view(READY)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    report.result({"step": 1})
    assert not view.first
    assert capsys.readouterr() == ("", "")


def test_quiet_is_silent_and_can_be_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    for event in (Progress("training", 1, 2), losses(40), scores(40, 1.0, 1.0)):
        report, stop = Report(quiet=True), StopEvent()
        with TrainView(report, stop) as observe:
            observe(READY)
            observe(losses(20))
            report.interrupts.signum = signal.SIGINT
            assert not stop.is_set()
            observe(event)
            assert stop.is_set()
    assert capsys.readouterr().err == ""


def test_an_interrupted_run_ends_with_what_is_said_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()

    def go() -> None:
        with TrainView(report, StopEvent()) as observe:
            for event in (READY, losses(20), losses(40)):
                observe(event)
            report.interrupts.signum = signal.SIGINT
            observe(losses(60))
            report.say("saved at step 60")
            report.interrupts.check()

    with pytest.raises(Interrupted):
        go()
    assert capsys.readouterr().err.endswith("\nsaved at step 60\n")


def test_the_panel_tells_stage_speed_losses_and_scores() -> None:
    text = told(
        Progress("training", 120, STEPS),
        losses(100, pixel=0.5, critic=1.0, flat=1.0),
        losses(120, pixel=0.25, critic=1.5, flat=1.001),
        scores(100, 20.0, 5.0),
        scores(120, 19.0, 4.5),
    )
    for words in (r"training ━+╸?━* 120/400 -:--:-- left", "12.5 images/s, waited for data 25%, rate 0.0006"):
        assert re.search(words, text), text
    rows = [re.split(r"\s{2,}", line.strip("│ ")) for line in text.splitlines()]
    cells = [tuple(cell.replace("\N{NO-BREAK SPACE}", " ") for cell in row) for row in rows]
    assert ("near/val/psnr", "19.00 dB", "20.00 dB at 100", "pixel", "0.25", "↓ 50%") in cells
    assert ("near/val/angle", "4.50°", "4.50° at 120", "critic", "1.5", "↑ 50%") in cells
    assert ("flat", "1.001", "→") in cells
    assert ("validation", "step 120", "best so far", "loss", "step 120", "trend") in cells


def test_the_trend_compares_halves_of_the_recent_records() -> None:
    values = [1.0] * 30 + [1.0, 3.0] * 5 + [0.5, 1.5] * 5  # twenty are recent: means 2 and 1
    text = told(*(losses(20 * (i + 1), pixel=value) for i, value in enumerate(values)))
    assert "↓ 50%" in text


def test_bars_of_a_validation_and_of_the_run_it_interrupts() -> None:
    panel = RunPanel()
    for event in (Progress("texture autoencoder", 5, 10), Progress("training", 100, STEPS)):
        panel.observe(event)
    assert "texture" not in shown(panel)
    for done in (1, 2, 3, 1):  # a second validation begins again
        panel.observe(Progress("validation", done, 3))
    assert re.search(r"training .* 100/400", shown(panel))
    assert re.search(r"validation .* 1/3", shown(panel))
    panel.observe(Progress("training", 101, STEPS))
    assert "validation" not in shown(panel)


def test_terms_of_one_stage_are_not_compared_with_those_of_another() -> None:
    text = told(losses(20, "texture autoencoder", l2=0.5), losses(20, pixel=1.0))
    assert "l2" not in text
    assert "%" not in text.partition("pixel")[2]


@pytest.mark.parametrize("width", [24, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    text = told(Progress("training", 120, STEPS), losses(120), scores(100, 20.0, 5.0), width=width)
    assert max(map(len, text.splitlines())) == width


def test_without_unicode_there_are_other_arrows() -> None:
    panel = RunPanel(ascii_only=True)
    for step, value in ((20, 1.0), (40, 2.0)):
        panel.observe(losses(step, pixel=value))
    assert "+ 100%" in shown(panel)


def test_names_are_not_markup() -> None:
    assert "[red]pixel" in told(losses(20, **{"[red]pixel": 1.0}))
    assert "[bold]/psnr" in told(losses(20), Scores(20, STEPS, {"[bold]/psnr": 1.0}, True))


def test_the_live_panel_draws_few_frames_and_the_last() -> None:
    console, clock = Console(file=io.StringIO(), force_terminal=True, width=100), Clock()
    with live_panel(console, clock) as observe:
        for step in range(1, 201):
            clock.now += 0.01
            observe(Progress("training", step, STEPS))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert 8 <= len(re.findall(r"\d+/400", text)) <= 14
    assert "200/400" in text


CHILD = """
import sys, time
from threading import Event
from nircolor.cli.report import Report
from nircolor.cli.signals import Interrupted, Interrupts
from nircolor.cli.train_view import TrainView
from nircolor.events import Progress
from nircolor.training.events import Losses, TrainingReady

with Interrupts() as interrupts:
    report, stop = Report(interrupts=interrupts), Event()
    try:
        with TrainView(report, stop) as observe:
            observe(TrainingReady("cpu", "numba", "bf16-mixed", 24, 3))
            for step in range(1, 100_000):
                observe(Progress("training", step, 100_000))
                if step == 20:
                    report.say("a line above" + " and more" * 20)
                    observe(Losses("training", 20, 100_000, {"pixel": 0.125}))
                if stop.is_set():
                    interrupts.check()
                time.sleep(0.01)
    except Interrupted:
        report.say("saved")
        sys.exit(interrupts.exit_code)
"""


def output(terminal: int) -> Iterator[bytes]:
    """What comes until the other side is closed, which Linux tells by an error."""
    try:
        while data := os.read(terminal, 65536):
            yield data
    except OSError:
        return


def test_a_real_terminal_and_a_real_ctrl_c(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    line = [sys.executable, "-c", CHILD]
    variables = {**environment(), "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    child = subprocess.Popen(line, stderr=theirs, stdin=subprocess.DEVNULL, env=variables, cwd=tmp_path)
    os.close(theirs)
    seen = b""
    for data in output(ours):
        if b"pixel" not in seen and b"pixel" in seen + data:
            child.send_signal(signal.SIGINT)
        seen += data
    os.close(ours)
    assert child.wait(600) == 130, seen.decode()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode())
    assert "a line above" + " and more" * 20 in text  # not cut
    assert re.search(r"│ training .*/100000 \d.*:\d\d left +│", text)
    assert text.endswith("saved\r\n")
    assert seen.count(b"\x1b[?25l") == seen.count(b"\x1b[?25h") == 1  # the cursor is back


def test_nothing_heavy_is_imported_before_a_run() -> None:
    script = "import sys, nircolor.cli.train_view; print({'rich', 'numpy', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, env=environment(), check=True)
    assert done.stdout == b"set()\n"
