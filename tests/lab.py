"""A JupyterLab server on this machine and a Chromium that looks at it, for tests and for
screenshots."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
FLAGS = [*FLAGS.split(), "--disable-component-update", "--disable-sync"]
PLACES = "JUPYTER_CONFIG_DIR JUPYTER_DATA_DIR JUPYTER_RUNTIME_DIR IPYTHONDIR TRAINING_SHARE_FIGURES"
PLACES += " JUPYTERLAB_SETTINGS_DIR JUPYTERLAB_WORKSPACES_DIR"
QUIET = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    "@jupyterlab/docmanager-extension/plugin.jupyterlab-settings": {"autosave": False},
}


class Server:
    """The address and the token of a running JupyterLab."""

    def __init__(self, port: int, token: str) -> None:
        self.url, self.token = f"http://127.0.0.1:{port}", token

    def status(self, path: str, token: str = "") -> int:
        """Return the status of a request to the server's API."""
        headers = {"Authorization": f"token {token}"} if token else {}
        try:
            with urllib.request.urlopen(
                urllib.request.Request(self.url + path, headers=headers), timeout=5
            ) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def page(self, notebook: str) -> str:
        """Return the address of a notebook, with an empty workspace."""
        return f"{self.url}/lab/tree/{notebook}?token={self.token}&reset"


@contextmanager
def jupyter_lab(folder: Path, scratch: Path) -> Iterator[Server]:
    """Serve the notebooks of a folder on 127.0.0.1; the server's own process is ended, and waited
    for, at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(port, secrets.token_hex(16))
    places = {name: str(scratch / name.lower()) for name in PLACES.split()}
    for name, content in QUIET.items():
        path = Path(places["JUPYTERLAB_SETTINGS_DIR"], name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
    environment = {**os.environ, **places, "JUPYTER_TOKEN": server.token}
    environment.pop("MPLBACKEND", None)
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", *root]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--expose-app-in-browser"]
    command += [f"--ServerApp.root_dir={folder}"]
    with (scratch / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=folder
        )
    try:
        _await(server, process, scratch / "server.log")
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(server: Server, process: subprocess.Popen, log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            if server.status("/api/status", server.token) == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(
        f"JupyterLab did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
    )


def chromium() -> str:
    """Return the path of a Chromium, the system's or Playwright's own, or "" where there is
    none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return ""
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else ""


@contextmanager
def browser_page(width: int = 1280, height: int = 900, zoom: float = 1.0):
    """Open a page in a headless Chromium. A zoom of 1.25 leaves 1/1.25 of the window's width in CSS
    pixels."""
    from playwright.sync_api import sync_playwright

    path = chromium()  # which starts a Playwright of its own where it has to
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            page = browser.new_page(
                viewport={"width": round(width / zoom), "height": round(height / zoom)},
                device_scale_factor=zoom,
            )
            page.set_default_timeout(30_000)
            yield page
        finally:
            browser.close()


RUN_ALL = """async () => {
  const panel = window.jupyterapp.shell.currentWidget;
  await panel.sessionContext.session.kernel.info;
  await window.jupyterapp.commands.execute('notebook:run-all-cells');
}"""


def run_all(page, server: Server, notebook: str) -> None:
    """Open a notebook, wait until its kernel answers (idle is not ready), and run all its cells."""
    page.goto(server.page(notebook))
    page.wait_for_function(
        "window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel != null"
    )
    page.evaluate(RUN_ALL)


def cells(page) -> list[dict]:
    """Return the code cells of the notebook in front: source, execution count and outputs."""
    return page.evaluate(
        "window.jupyterapp.shell.currentWidget.content.model.toJSON().cells"
        ".filter(cell => cell.cell_type == 'code')"
    )


def shut_down(page) -> None:
    """End the kernel of the notebook in front."""
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
