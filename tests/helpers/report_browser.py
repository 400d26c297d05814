"""A real Chromium, driven through its debugging pipe: clicks, keys, screenshots, and what the console says.

Nothing but the standard library; the pipe needs no port and no network.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE = 600  # seconds
_CODES = {"ArrowLeft": 37, "ArrowRight": 39, "Escape": 27, "PageDown": 34, "PageUp": 33, "Enter": 13, "Tab": 9}
_FLAGS = (
    "--headless",
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--enable-logging=stderr",
)
_WORKERS = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}  # and theirs


def find() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _profile() -> TemporaryDirectory[str]:
    """A fresh profile, which is the browser's folder for temporary files, too. Its name is short, unlike those of
    pytest: the browser puts a socket into it, and the name of a socket has at most 107 characters."""
    return TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)


def _start(executable: str, folder: str, reads: int, writes: int) -> int:
    """A browser that takes commands from one pipe and answers into another, both closed here; its process id."""
    # it reads from 3 and writes to 4; neither may be one of these when it is put in place
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (reads, writes)]
    process = os.posix_spawn(
        executable,
        [executable, *_FLAGS, "--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank"],
        {**os.environ, "TMPDIR": folder},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, f"{folder}/log", os.O_WRONLY | os.O_CREAT, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            (os.POSIX_SPAWN_DUP2, high[0], 3),
            (os.POSIX_SPAWN_DUP2, high[1], 4),
        ],
        setpgroup=0,
    )
    for fd in (reads, writes, *high):
        os.close(fd)
    return process


class Browser:
    """One page of a Chromium that ends with the block. ``messages`` collects what the console and the network say."""

    def __init__(self, executable: str) -> None:
        self.messages: list[str] = []
        self.requests: list[str] = []
        self._last = 0
        self._received = b""
        self._profile = _profile()
        here, self._out = os.pipe()
        self._in, there = os.pipe()
        self.process = _start(executable, self._profile.name, here, there)
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session: str | None = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self._send("Target.setAutoAttach", self._session, **_WORKERS)

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._out)  # a browser whose pipe closes ends by itself
        os.close(self._in)
        os.killpg(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        self._profile.cleanup()

    def open(self, url: str, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        """Load ``url`` and wait until the page says that it is ready."""
        self.dress(width, height, scheme)
        self.call("Page.navigate", url="about:blank")  # else a change of the fragment alone would load nothing
        self.call("Page.navigate", url=url)
        self.until("document.documentElement?.dataset.ready === 'yes'")

    def dress(self, width: int, height: int, scheme: str) -> None:
        """Another window, and colours, for the page that is there."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def until(self, script: str) -> None:
        end = time.monotonic() + _PATIENCE
        while not self.run(script):
            assert time.monotonic() < end, f"never came true: {script}"
            time.sleep(0.05)

    def press(self, key: str) -> None:
        code = _CODES[key]
        text = {"text": "\r"} if key == "Enter" else {}  # without it a button is not pressed
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def press_at(self, x: float, y: float) -> None:
        """A click of the mouse at a place in the window."""
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def drag(self, *places: tuple[float, float]) -> None:
        """The mouse, pressed at the first place, moved over the others, let go at the last."""
        kinds = ["mousePressed", *["mouseMoved"] * (len(places) - 1), "mouseReleased"]
        for kind, (x, y) in zip(kinds, [*places, places[-1]], strict=True):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def swipe(self, *places: tuple[float, float]) -> None:
        """The same with a finger."""
        for number, (x, y) in enumerate(places):
            kind = "touchMove" if number else "touchStart"
            self.call("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def drop(self, x: float, y: float, *files: Path) -> None:
        """Files that are dragged from elsewhere and let go at a place in the window."""
        data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def choose(self, selector: str, *files: Path) -> None:
        """Files for an input, as if somebody had chosen them."""
        document = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=document, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(file) for file in files])

    def download(self, click: str, folder: Path) -> Path:
        """The file that a script makes the browser download, in a folder that was empty."""
        self._call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        self.run(click)
        end = time.monotonic() + _PATIENCE
        while not (found := [path for path in folder.iterdir() if path.suffix != ".crdownload"]):
            assert time.monotonic() < end, "nothing was downloaded"
            time.sleep(0.05)
            self.run("0")  # hears what the browser says
        return found[0]

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the DevTools protocol, on the page."""
        return self._call(method, self._session, **parameters)

    def _send(self, method: str, session: str | None = None, **parameters: Any) -> int:
        """Send a command, whose number this returns; its answer comes some time."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters} | (
            {"sessionId": session} if session else {}
        )
        os.write(self._out, json.dumps(message).encode() + b"\0")
        return self._last

    def _call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        number = self._send(method, session, **parameters)
        while (answer := self._receive()).get("id") != number:
            self._note(answer)
        assert "error" not in answer, (method, answer["error"])
        return answer["result"]

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            assert select.select([self._in], [], [], _PATIENCE)[0], "the browser does not answer"
            data = os.read(self._in, 1 << 20)
            assert data, "the browser has ended"
            self._received += data
        message, self._received = self._received.split(b"\0", 1)
        return json.loads(message)

    def _note(self, event: dict[str, Any]) -> None:
        """Keep what a page should not do: exceptions, console messages, violations of its policy, requests."""
        name, parameters = event.get("method", ""), event.get("params", {})
        if name in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
            self.messages.append(json.dumps(parameters)[:500])
        if name == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"][:200])
        if name == "Target.attachedToTarget" and parameters["waitingForDebugger"]:  # a worker: it waits to be watched
            session = parameters["sessionId"]
            for method in ("Network.enable", "Runtime.enable", "Log.enable"):
                self._send(method, session)
            self._send("Target.setAutoAttach", session, **_WORKERS)
            self._send("Runtime.runIfWaitingForDebugger", session)
