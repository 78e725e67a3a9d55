"""A headless Chromium, driven over its debugging pipe: no driver, no network port."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None
)


class Page:
    """A tab: what it said, what it asked the network for, and what a script in it returns."""

    def __init__(self, out: Any, back: Any) -> None:
        self._out, self._back, self._number, self._rest = out, back, 0, b""
        self.console: list[str] = []
        self.requests: list[str] = []
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """Send a command and return its result; events on the way are kept."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        self._out.flush()
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            data = os.read(self._back.fileno(), 1 << 20)
            assert data, "the browser went away"
            self._rest += data
        text, self._rest = self._rest.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        event, told = message.get("method"), message.get("params", {})
        if event == "Runtime.consoleAPICalled":
            self.console.append(json.dumps(told["args"]))
        elif event == "Runtime.exceptionThrown":
            self.console.append(json.dumps(told["exceptionDetails"]))
        elif event == "Log.entryAdded":
            self.console.append(told["entry"]["text"])
        elif event == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif event == "Page.javascriptDialogOpening":
            self.console.append("dialog: " + told["message"])
        return message

    def open(self, path: Path, *, width: int = 1200, height: int = 900) -> None:
        """Load a file and wait until it is complete."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.call("Page.navigate", url=path.as_uri())
        for _ in range(100):
            if self.run("document.readyState") == "complete":
                return
            time.sleep(0.05)
        raise AssertionError("the page did not load")

    def run(self, script: str) -> Any:
        """Return the value of a script."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")


@contextmanager
def page(home: Path) -> Iterator[Page]:
    """Start the browser with an empty profile below `home`, and end it."""
    assert BROWSER is not None
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()
    command = [
        BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", f"--user-data-dir={home / 'profile'}",
        "--remote-debugging-pipe", "about:blank",
    ]  # fmt: skip
    fds = [fcntl.fcntl(fd, fcntl.F_DUPFD, 64) for fd in (to_read, from_write)]  # out of the way of 3 and 4
    started = subprocess.Popen(
        command, preexec_fn=lambda: [os.dup2(fd, place) for place, fd in enumerate(fds, 3)], pass_fds=(3, 4),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    for fd in fds:
        os.close(fd)
    os.close(to_read)
    os.close(from_write)
    with os.fdopen(to_write, "wb") as out, os.fdopen(from_read, "rb") as back:
        try:
            yield Page(out, back)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(started.pid, 9)
            started.wait()
