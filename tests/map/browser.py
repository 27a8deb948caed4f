"""Drives the machine's Chromium over its DevTools protocol, on pipes: no socket, no driver.

The protocol on file descriptors 3 and 4 is Chromium's `--remote-debugging-pipe`: JSON messages,
each ended by a NUL.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
# Moves the two pipes to the descriptors Chromium looks at.
_LAUNCH = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); "
    "os.execv(sys.argv[3], sys.argv[3:])"
)
_PATIENCE = 60.0
_ENTER = 13
KEYS = {"Enter": _ENTER, "Escape": 27, "ArrowDown": 40, "ArrowUp": 38, "ArrowRight": 39, "Tab": 9}


class Browser:
    """A Chromium and the messages it sends."""

    def __init__(self, send: int, receive: int) -> None:
        self._out, self._in = send, receive
        self._left = b""
        self._last = 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Call a method and return its result; what arrives in between is kept as events."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                found: dict[str, Any] = answer["result"]
                return found
            self.events.append(answer)

    def wait_for(self, method: str, session: str) -> None:
        """Read until an event of a session arrives."""
        while not any(event.get("method") == method for event in self.of(session)):
            self.events.append(self._receive())

    def of(self, session: str) -> Iterator[dict[str, Any]]:
        return (event for event in self.events if event.get("sessionId") == session)

    def _receive(self) -> dict[str, Any]:
        end = time.monotonic() + _PATIENCE
        while b"\0" not in self._left:
            ready, _, _ = select.select([self._in], [], [], max(0.0, end - time.monotonic()))
            part = os.read(self._in, 1 << 20) if ready else b""
            if not part:
                raise RuntimeError("Chromium went away or does not answer")
            self._left += part
        message, _, self._left = self._left.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


class Page:
    """One page, opened with the network off."""

    def __init__(self, browser: Browser, url: str, width: int = 1440, height: int = 900) -> None:
        self._browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        attached = browser.call("Target.attachToTarget", targetId=target, flatten=True)
        self._target, self._session = target, attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call(
            "Network.emulateNetworkConditions",
            offline=True,
            latency=0,
            downloadThroughput=0,
            uploadThroughput=0,
        )
        self.resize(width, height)
        self.call("Page.navigate", url=url)
        browser.wait_for("Page.loadEventFired", self._session)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **parameters)

    def close(self) -> None:
        self._browser.call("Target.closeTarget", targetId=self._target)

    def resize(self, width: int, height: int) -> None:
        size: Mapping[str, Any] = {"width": width, "height": height, "deviceScaleFactor": 1}
        self.call("Emulation.setDeviceMetricsOverride", mobile=False, **size)

    def prefer(self, scheme: str) -> None:
        """Let the system prefer light or dark."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def ask(self, expression: str) -> Any:
        """Evaluate JavaScript and return its value; an exception in it is raised."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def settle(self, condition: str) -> None:
        """Wait until a condition in JavaScript holds, frame by frame."""
        expression = (
            "new Promise((done) => {const look = () => "
            f"({condition}) ? done(true) : requestAnimationFrame(look); look()}})"
        )
        self.call("Runtime.evaluate", expression=expression, awaitPromise=True)

    def texts(self, selector: str) -> list[str]:
        """Return the texts of the visible elements a selector finds."""
        found: list[str] = self.ask(
            f"[...document.querySelectorAll({json.dumps(selector)})]"
            ".filter(one => one.checkVisibility()).map(one => one.innerText.trim())"
        )
        return found

    def click(self, selector: str) -> None:
        """Click in the middle of an element, with the mouse."""
        box = self.ask(
            f"(() => {{const one = document.querySelector({json.dumps(selector)});"
            "one.scrollIntoView({block: 'center'});const box = one.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]})()"
        )
        spot = {"x": box[0], "y": box[1], "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, **spot)

    def press(self, *keys: str) -> None:
        """Press keys: names such as `Enter`, or letters."""
        for key in keys:
            code: dict[str, Any] = {"key": key}
            if key in KEYS:
                code |= {"windowsVirtualKeyCode": KEYS[key], "code": key}
            text = "\r" if key == "Enter" else key if len(key) == 1 else ""
            self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **code)
            self.call("Input.dispatchKeyEvent", type="keyUp", **code)

    def picture(self, file: Path) -> None:
        """Write what is seen as a PNG."""
        file.write_bytes(b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def print(self, file: Path) -> None:
        """Write the page as it is printed, as a PDF."""
        made = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        file.write_bytes(b64decode(made["data"]))

    @property
    def complaints(self) -> list[str]:
        """What the console would show in red, exceptions included."""
        found = []
        for event in self._browser.of(self._session):
            method, details = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                found.append(details["exceptionDetails"]["exception"].get("description", "?"))
            elif method == "Log.entryAdded" and details["entry"]["level"] in {"error", "warning"}:
                found.append(details["entry"]["text"])
            elif method == "Runtime.consoleAPICalled" and details["type"] in {"error", "warning"}:
                found.append(str(details["args"]))
        return found

    @property
    def requests(self) -> list[str]:
        """Every address the page asked for, its own included."""
        return [
            event["params"]["request"]["url"]
            for event in self._browser.of(self._session)
            if event.get("method") == "Network.requestWillBeSent"
        ]


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """Run a Chromium with an empty profile until the block ends."""
    if CHROMIUM is None:
        raise RuntimeError("there is no Chromium")
    # Above anything that the child's own 3 and 4 could overwrite.
    to_read, to_write, from_read, from_write = map(_above, (*os.pipe(), *os.pipe()))
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", _LAUNCH, str(to_read), str(from_write)),
            *(CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank"),
        ],
        pass_fds=(to_read, from_write),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_read)
    os.close(from_write)
    browser = Browser(to_write, from_read)
    try:
        yield browser
        browser.call("Browser.close")
    finally:
        os.close(to_write)
        os.close(from_read)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _above(end: int) -> int:
    moved = fcntl.fcntl(end, fcntl.F_DUPFD, 10)
    os.close(end)
    return moved
