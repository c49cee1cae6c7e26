"""Kernels that start in a moment: forked from one process that has imported the libraries.

Half of a notebook's time goes into imports, the same ones in every kernel. With many notebooks to
execute the pipeline therefore starts a `KernelServer` beside its workers, and they launch kernels
through `PreloadedProvisioner`, a kernel provisioner (jupyter_client's extension point for how a
kernel's process is made). Such a kernel is a process of its own with the modules loaded and nothing
else: an empty namespace, no draws, no state of another notebook.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager, suppress
from importlib import import_module
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

PROVISIONER = "training-share-preloaded"  # name of the entry point in pyproject.toml
LIBRARIES = (
    "ipykernel.kernelapp",
    "training_share.report.charts",
    "SALib.analyze.sobol",
    "SALib.sample.sobol",
)  # not matplotlib's inline backend, which has to meet its kernel when it is imported
LAUNCHER = ["-m", "ipykernel_launcher"]
INLINE = "module://matplotlib_inline.backend_inline"  # what a kernel that imports matplotlib itself would be told


class KernelServer(AbstractContextManager):
    """The process that kernels are forked from, from entering to leaving; `address` is None where
    there is none.

    It is a fresh Python, so that threads and settings of the caller stay out of it, in a session of
    its own, so that an interrupt at the terminal leaves it to its caller. Linux only: elsewhere
    forking a process with so many libraries is not safe, and kernels start as they always do. So
    they do where the temporary folder's path is too long for a socket.
    """

    def __init__(self, wanted: bool = True) -> None:
        self.address: str | None = None
        self._wanted = wanted and sys.platform == "linux"

    def __enter__(self) -> KernelServer:
        if self._wanted:
            self._folder = tempfile.TemporaryDirectory(
                prefix="training_share-"
            )  # only this user may enter it
            address = os.path.join(self._folder.name, "kernels")
            with socket.socket(socket.AF_UNIX) as listening:
                try:
                    listening.bind(address)
                except OSError:  # a socket's path has at most 107 characters
                    self._folder.cleanup()
                    return self
                listening.listen()
                environment = {**os.environ, "MPLBACKEND": INLINE, "OPENBLAS_NUM_THREADS": "1"}
                self._process = subprocess.Popen(
                    [sys.executable, "-m", __name__, str(listening.fileno()), str(os.getpid())],
                    pass_fds=[listening.fileno()],
                    env=environment,
                    start_new_session=True,
                )
            self.address = address
        return self

    def __exit__(self, *_: object) -> None:
        if self.address is not None:
            self._process.terminate()
            self._process.wait()
            self._folder.cleanup()


def use(address: str | None) -> None:
    """Launch this process's kernels from the server at `address`, or as usual where it is None."""
    if address is not None:
        PreloadedProvisioner.address = address
        os.environ["JUPYTER_DEFAULT_PROVISIONER_NAME"] = PROVISIONER


class PreloadedProvisioner(LocalProvisioner):
    """Launch this interpreter's own kernel from the server, and any other kernel as a program of
    its own."""

    address: str | None = None

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel's process and return how to connect to it."""
        own = cmd[1:3] == LAUNCHER and os.path.samefile(cmd[0], sys.executable)
        request = {
            "arguments": cmd[3:],
            "cwd": kwargs.get("cwd") or os.getcwd(),
            "env": kwargs["env"],
        }
        process = _Forked.ask(self.address, request) if own and self.address else None
        if process is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.process, self.pid, self.pgid, self.cwd = (
            process,
            process.pid,
            process.pid,
            request["cwd"],
        )
        return self.connection_info


class _Forked:
    """What the provisioner asks of `subprocess.Popen`, for a process that is another one's child."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._exit = os.pidfd_open(pid)  # readable once the process has ended

    @classmethod
    def ask(cls, address: str, request: dict) -> _Forked | None:
        """Return the kernel the server forks for a request; None where the server does not answer."""
        with suppress(OSError, ValueError), socket.socket(socket.AF_UNIX) as connection:
            connection.connect(address)
            connection.sendall(json.dumps(request).encode() + b"\n")
            return cls(int(connection.makefile().readline()))
        return None

    def poll(self) -> int | None:
        """Return None while the process runs. How it ended is known to the server alone."""
        return 0 if select.select([self._exit], [], [], 0)[0] else None

    def wait(self) -> int:
        """Wait for the end of the process."""
        select.select([self._exit], [], [])
        return 0

    def send_signal(self, signum: int) -> None:
        """Send a signal unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, signum)


class _Server(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
    def __init__(self, listening: socket.socket, parent: int) -> None:
        super().__init__("", _Kernel, bind_and_activate=False)
        self.socket = listening
        self._parent = (
            parent  # as it was told: by now it may be gone, and another process in its place
        )

    def service_actions(self) -> None:
        super().service_actions()
        if os.getppid() != self._parent:  # whoever wanted kernels is gone
            raise SystemExit

    def server_close(self) -> None:
        for pid in self.active_children or ():
            os.kill(pid, signal.SIGKILL)
        super().server_close()  # waits until they have ended


class _Kernel(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Be the kernel that was asked for; runs in the forked process."""
        request = json.loads(self.rfile.readline())
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()  # a kernel has a process group of its own
        self.wfile.write(f"{os.getpid()}\n".encode())
        self.connection.close()
        self.server.socket.close()
        os.environ.clear()
        os.environ.update(request["env"])
        os.chdir(request["cwd"])
        sys.argv = ["ipykernel_launcher", *request["arguments"]]
        kernelapp = import_module("ipykernel.kernelapp")
        kernelapp.launch_new_instance(
            argv=[*request["arguments"], f"--IPKernelApp.parent_handle={os.getppid()}"]
        )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # to close the server on the way out
    with _Server(socket.socket(fileno=int(sys.argv[1])), parent=int(sys.argv[2])) as server:
        for library in LIBRARIES:
            import_module(library)
        server.serve_forever(poll_interval=0.2)
