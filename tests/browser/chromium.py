"""A real Chromium, driven over its DevTools protocol: no driver and no dependency beside the browser itself."""

import base64
import json
import os
import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from websockets.sync.client import connect


def chromium_path():
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


class Browser:
    """One tab. `PAGE_SCREENSHOTS` names a folder to keep pictures in."""

    def __init__(self, profile):
        command = [
            chromium_path(), "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
            f"--user-data-dir={profile}", "--no-first-run", "--disable-background-networking", "about:blank",
        ]  # fmt: skip
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port_file = Path(profile) / "DevToolsActivePort"
        deadline = time.monotonic() + 60
        while not port_file.exists() or len(port_file.read_text().splitlines()) < 2:
            if time.monotonic() > deadline:
                raise TimeoutError("chromium")
            time.sleep(0.1)
        port, path = port_file.read_text().splitlines()
        self._open = ExitStack()
        self._socket = self._open.enter_context(connect(f"ws://127.0.0.1:{port}{path}", max_size=None))
        self._number = 0
        self.faults = []
        target = self._send("Target.createTarget", {"url": "about:blank"}, session=False)["targetId"]
        self._session = self._send("Target.attachToTarget", {"targetId": target, "flatten": True}, session=False)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "DOM", "Log", "Network"):
            self._send(f"{domain}.enable")

    def close(self):
        self._open.close()
        self._process.terminate()
        self._process.wait(20)

    def size(self, width, height, *, is_phone=False):
        self._send("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone,
        })  # fmt: skip

    def open(self, url):
        self._send("Page.navigate", {"url": url})
        self.wait("document.readyState === 'complete'")

    def run(self, script):
        answer = self._send("Runtime.evaluate", {"expression": script, "returnByValue": True, "awaitPromise": True})
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def wait(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if self.run(condition):
                    return
            except AssertionError:
                pass
            time.sleep(0.1)
        raise TimeoutError(f"{condition}: {self.run('document.body.innerText')[:800]}")

    def type(self, selector, text):
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        self._send("Input.insertText", {"text": text})

    def press(self, key, code):
        for kind in ("keyDown", "keyUp"):
            self._send("Input.dispatchKeyEvent", {
                "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code,
                **({"text": "\r"} if key == "Enter" and kind == "keyDown" else {}),
            })  # fmt: skip

    def go(self, action, condition):
        """Do what leads to another page, and wait until it is there."""
        self.run("window.before = true")
        self.run(action)
        self.wait(f"!window.before && document.readyState === 'complete' && ({condition})")

    def choose_file(self, selector, path):
        root = self._send("DOM.getDocument")["root"]["nodeId"]
        node = self._send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
        self._send("DOM.setFileInputFiles", {"files": [str(path)], "nodeId": node})

    def download(self, action, folder, seconds=30):
        """Do what begins a download, and return the file when it is whole."""
        told = {"behavior": "allow", "downloadPath": str(folder)}
        self._send("Browser.setDownloadBehavior", told, session=False)
        self.run(action)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            files = [path for path in folder.iterdir() if path.suffix != ".crdownload"] if folder.is_dir() else []
            if files:
                return files[0]
            time.sleep(0.1)
        raise TimeoutError("download")

    def shoot(self, name):
        folder = os.environ.get("PAGE_SCREENSHOTS")
        data = self._send("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": False})["data"]
        picture = base64.b64decode(data)
        if folder:
            (Path(folder) / f"{name}.png").write_bytes(picture)
        return picture

    def _send(self, method, params=None, *, session=True):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(timeout=90))
            if answer.get("method") == "Log.entryAdded" and answer["params"]["entry"]["level"] == "error":
                self.faults.append(answer["params"]["entry"]["text"])
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise AssertionError(answer["error"])
                return answer["result"]
