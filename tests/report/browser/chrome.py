"""A real Chromium without a window, driven through the DevTools protocol over two pipes: no port, no other program."""

import base64
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 30.0
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-extensions",
    "--no-first-run", "--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-pipe",
)  # fmt: skip


def executable() -> str | None:
    """The browser's path, or None where there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Page:
    """One tab. `events` is all that the browser said: console messages, requests, exceptions."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self.events: list[dict[str, Any]] = []
        self._to, self._from, self._held = to_browser, from_browser, b""
        self._numbers = itertools.count(1)
        self._session = ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of one command; what arrives before it is kept as events."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") != number:
                self.events.append(answer)
            elif "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']}")
            else:
                result: dict[str, Any] = answer["result"]
                return result

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._held:
            if not select.select([self._from], [], [], PATIENCE)[0]:
                raise TimeoutError("the browser does not answer")
            data = os.read(self._from, 1 << 20)
            if not data:
                raise EOFError("the browser has ended")
            self._held += data
        message, _, self._held = self._held.partition(b"\0")
        reply: dict[str, Any] = json.loads(message)
        return reply

    def open(self, path: Path, fragment: str = "") -> None:
        """Load a file, and wait until its scripts have run."""
        self.call("Page.navigate", url="about:blank")
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri() + fragment)
        self.wait("document.readyState === 'complete' && location.protocol === 'file:'")

    def run(self, script: str) -> Any:
        """The value of an expression on the page; promises are awaited. Raises RuntimeError where it throws."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", "it throws"))
        return answer["result"].get("value")

    def wait(self, condition: str) -> None:
        """Until an expression on the page is true."""
        end = time.monotonic() + PATIENCE
        while not self.run(condition):
            if time.monotonic() > end:
                raise TimeoutError(f"never true: {condition}")
            time.sleep(0.02)

    def press(self, key: str) -> None:
        """One key, as a person would."""
        text = {"Enter": "\r", " ": " "}.get(key, "")
        code = {
            "Enter": 13,
            "Tab": 9,
            "Escape": 27,
            " ": 32,
            "ArrowLeft": 37,
            "ArrowUp": 38,
            "ArrowRight": 39,
            "ArrowDown": 40,
        }
        about = {"key": key, "code": key, "windowsVirtualKeyCode": code.get(key, 0)}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
        self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def click(self, x: float, y: float) -> None:
        """A click of the mouse at a place of the window."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def size(self, width: int, height: int, *, phone: bool = False) -> None:
        """The size of the window."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)

    def theme(self, name: str) -> None:
        """What the system prefers: light or dark."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def screenshot(self, path: Path, clip: str = "") -> None:
        """A picture of the window, or of the rectangle ([x, y, width, height]) that a script returns."""
        area = dict(zip(("x", "y", "width", "height"), self.run(clip), strict=True), scale=1) if clip else None
        image = self.call("Page.captureScreenshot", format="png", **({"clip": area} if area else {}))
        path.write_bytes(base64.b64decode(image["data"]))

    @property
    def complaints(self) -> list[str]:
        """Errors and warnings that the page caused."""
        wrong = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
        return [json.dumps(event["params"]) for event in self.events if event.get("method") in wrong]

    @property
    def requests(self) -> list[str]:
        """Addresses that were asked for, without the page itself and what it made of its own memory."""
        urls = [e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(("file:", "about:", "blob:", "data:"))]


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """A tab of a browser that keeps its files in `folder` and ends with the block."""
    reply = executable()
    assert reply
    read_ours, write_theirs = os.pipe()
    read_theirs, write_ours = os.pipe()

    def pipes() -> None:
        # Chromium reads commands from 3 and answers on 4; go by high numbers, so that neither covers the other first.
        high = [os.dup2(one, number) for one, number in ((read_theirs, 200), (write_theirs, 201))]
        for one, number in zip(high, (3, 4), strict=True):
            os.dup2(one, number)
            os.close(one)

    process = subprocess.Popen(
        [reply, *FLAGS, f"--user-data-dir={folder / 'chromium'}"],
        preexec_fn=pipes,  # noqa: PLW1509 - only dup2 runs between fork and exec
        close_fds=False,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"HOME": str(folder)},
    )
    os.close(read_theirs)
    os.close(write_theirs)
    try:
        yield Page(write_ours, read_ours)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(write_ours)
        os.close(read_ours)
