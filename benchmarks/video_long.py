"""Memory over a long video: rendered, colorized by ``nircolor video`` in a process of its own, and watched.

python benchmarks/video_long.py --minutes 60

Prints the memory in use at regular moments, and the most of it so far. Ctrl-C ends it
early, and it says how far it came. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import cv2
import numpy as np

from nircolor.scenes import render

HEIGHT, WIDTH, RATE = 80, 96, 25
_LOOK = 0.05  # seconds between looks at whether it has ended


def make(path: Path, minutes: float) -> int:
    """A camera that pans to and fro over a rendered scene, with noise; how many frames."""
    wide = np.rint(render(3, HEIGHT, 4 * WIDTH).nir * 255).astype(np.int16)
    chance = np.random.default_rng(0)
    noise = [chance.normal(0, 3, (HEIGHT, WIDTH)).astype(np.int16) for _ in range(50)]
    count = round(minutes * 60 * RATE)
    with av.open(path, "w") as container:
        video = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "23"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(count):
            left = round((1 - np.cos(number / 200)) / 2 * 3 * WIDTH)
            picture = np.clip(wide[:, left : left + WIDTH] + noise[number % len(noise)], 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB), format="rgb24")
            container.mux(video.encode(frame.reformat(format="yuv420p")))
        container.mux(video.encode(None))
    return count


def memory(pid: int) -> tuple[float, float]:
    """Megabytes in use now, and at most so far."""
    text = Path(f"/proc/{pid}/status").read_text()
    found = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+)", text, re.MULTILINE))
    return int(found.get("VmRSS", 0)) / 1024, int(found.get("VmHWM", 0)) / 1024


def watch(process: subprocess.Popen[bytes], every: float) -> None:
    begin = due = time.monotonic()
    while process.poll() is None:
        if time.monotonic() >= due:
            now, most = memory(process.pid)
            print(f"{time.monotonic() - begin:8.0f} s {now:10.1f} MB now {most:10.1f} MB at most", flush=True)
            due += every
        time.sleep(_LOOK)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="of video")
    parser.add_argument("--every", type=float, default=20.0, help="seconds between two looks")
    parser.add_argument("options", nargs="*", help="more options of nircolor video, behind --")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "long.mp4"
        begin = time.monotonic()
        count = make(source, args.minutes)
        size = source.stat().st_size / 1e6
        took = time.monotonic() - begin
        print(f"{args.minutes:g} min, {count} frames, {size:.1f} MB, made in {took:.0f} s", flush=True)
        line = [sys.executable, "-m", "nircolor", "video", str(source), "--json", *args.options]
        with subprocess.Popen(line, stdout=subprocess.PIPE, env=os.environ) as process:
            try:
                watch(process, args.every)
            except KeyboardInterrupt:  # the other process has heard it, too, and ends its work
                process.wait()
            assert process.stdout is not None
            print(process.stdout.read().decode().strip())


if __name__ == "__main__":
    main()
