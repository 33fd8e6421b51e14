"""The processes beside the browser: a simulated gateway and JupyterLab, each on a free port."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from sellkit.simgateway.control import Control
from tests.browser.workspace import CHECKOUT, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_START_SECONDS = 90.0
_END_SECONDS = 30.0


@dataclass(frozen=True)
class GatewayProcess:
    """A simulated gateway that runs."""

    port: int
    control_file: Path

    def control(self) -> Control:
        """Steers it: faults, its clock, its prices."""
        return Control.of_file(self.control_file)


@contextmanager
def gateway(folder: Path, scenario: Path, *flags: str) -> Iterator[GatewayProcess]:
    """A simulated gateway in a process of its own.

    Parameters
    ----------
    folder
        Where its control file and its log are written.
    scenario
        Its portfolio.
    flags
        Further ones of `sellkit gateway`, `--at` and `--speed` for instance.
    """
    folder.mkdir(parents=True, exist_ok=True)
    control = folder / "gateway-control.json"
    words = ["-m", "sellkit", "gateway", "--port", "0", "--scenario", str(scenario)]
    words += ["--control-port", "0", "--control-file", str(control), *flags]
    with _process(words, folder, folder / "gateway.log", environment(folder)) as process:
        said = _wait(process, folder / "gateway.log", lambda: _ready_line(folder / "gateway.log"))
        port = said.partition("ready: ")[2].partition(",")[0].rpartition(":")[2]
        yield GatewayProcess(int(port), control)


@dataclass(frozen=True)
class LabServer:
    """A JupyterLab that runs on a workspace."""

    url: str
    token: str = field(repr=False)

    def ask(self, path: str, method: str = "GET") -> Any:
        """Ask its REST interface."""
        request = Request(f"{self.url}/api/{path}", method=method)
        request.add_header("Authorization", f"token {self.token}")
        with urlopen(request, timeout=60) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def end_kernels(self) -> None:
        """Shut down every kernel."""
        for session in self.ask("sessions"):
            self.ask(f"sessions/{session['id']}", "DELETE")


@contextmanager
def lab_server(workspace: Workspace) -> Iterator[LabServer]:
    """JupyterLab in a process of its own, with a token that stands in no list of processes."""
    token = token_hex(16)
    own = {"JUPYTER_TOKEN": token, **workspace.variables()}
    words = ["-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--ServerApp.port=0"]
    words += [f"--ServerApp.root_dir={workspace.folder}", "--allow-root"]
    # Asks a package index at each start, else.
    words += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    words += ["--LabApp.news_url=", "--LabApp.expose_app_in_browser=True"]
    log = workspace.folder / "lab.log"
    with _process(words, workspace.folder, log, environment(workspace.folder, own)) as process:
        told = _wait(process, log, workspace.server_file)
        server = LabServer(f"http://127.0.0.1:{json.loads(told)['port']}", token)
        yield server
        server.end_kernels()


def environment(folder: Path, own: dict[str, str] | None = None) -> dict[str, str]:
    """The variables of a process: the operator's own play no part, and loopback is guarded."""
    kept = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("SELLKIT_", "JUPYTER", "IPYTHON", "XDG_"))
    }
    guard = folder / "guard"
    if not guard.is_dir():
        guard.mkdir(parents=True)
        (guard / "sitecustomize.py").write_text(_GUARD, encoding="utf-8")
    kept["PYTHONPATH"] = os.pathsep.join((str(guard), str(CHECKOUT)))
    kept["HOME"] = str(folder / "home")
    return {**kept, **(own or {})}


_GUARD = """\
import sys

from tests.loopback import refuse_other_machines

sys.addaudithook(refuse_other_machines)
"""


@contextmanager
def _process(
    words: list[str], folder: Path, log: Path, variables: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], log: Path, ready: Any) -> str:
    """What `ready` tells as soon as it tells anything."""
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if told := ready():
            return str(told)
        time.sleep(0.05)  # another process: nothing here could be waited for
    said = log.read_text(encoding="utf-8", errors="replace")
    raise RuntimeError(f"{process.args} is not ready:\n{said}")


def _ready_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8").splitlines()
    return next((line for line in lines if "gateway ready: " in line), "")
