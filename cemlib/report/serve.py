"""Serve the apps and JupyterLab: a port that is free, a token, quiet logs, and an end with Ctrl-C.

Both servers run in a process of their own, with Jupyter's folders below a temporary one: no configuration of the user can
change or break what is served, and nothing is left behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cemlib.errors import ParameterError, ReportError
from cemlib.settings import ROLES, settings

__all__ = ["Server", "serve_apps", "serve_lab", "start_apps", "start_lab"]

# a machine that is busy, or compiles every module anew, takes a minute
_PATIENCE_S = 120
_ANY_PORT = range(20_000, 32_768)


@dataclass
class Server:
    """A server that runs.

    Attributes
    ----------
    url : str
        Its address, with the token.
    port : int
    process : subprocess.Popen
    log : Path
        Where it writes what goes wrong.
    folder : Path
        Its temporary folder.
    """

    url: str
    port: int
    process: subprocess.Popen
    log: Path
    folder: Path

    def stop(self) -> None:
        """End the server, its kernels, and what it has left in the temporary folder."""
        for sign, patience in ((signal.SIGTERM, 8), (signal.SIGKILL, 5)):
            if self.process.poll() is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.process.pid, sign)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(patience)
        # kernels are in the server's process group: none outlives it
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port(wanted: int, tries: int = 20) -> int:
    """Return the port when it is free, else the next free one.

    Parameters
    ----------
    wanted : int
        0 takes any, of those that no system hands out by itself: what was free stays free until the server has started.

    Raises
    ------
    ReportError
        When none of the next ports is free.
    """
    for port in random.sample(_ANY_PORT, tries) if wanted == 0 else range(wanted, min(wanted + tries, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ReportError("No port is free.", wanted=f"one of {wanted} to {wanted + tries - 1}" if wanted else "any", todo="End the program that holds them, or give another --port.")


def _environment(folder: Path) -> dict[str, str]:
    """The environment of a server: this Python, our template, and none of the user's Jupyter folders."""
    home = settings().home
    template = folder / "share" / "voila" / "templates" / "cem"
    shutil.copytree(home / "templates" / "voila" / "cem", template)
    (template / "static").mkdir(exist_ok=True)
    shutil.copy(home / "widgets" / "cemwidgets" / "style" / "cem.css", template / "static" / "cem.css")
    for name in ("config", "data", "runtime", "ipython", "settings", "workspaces", "empty"):
        (folder / name).mkdir(mode=0o700)
    # JupyterLab without what would ask somebody else: news, packages to install
    lab = folder / "config" / "labconfig"
    lab.mkdir()
    off = ["@jupyterlab/apputils-extension:announcements", "@jupyterlab/extensionmanager-extension"]
    (lab / "page_config.json").write_text(json.dumps({"disabledExtensions": dict.fromkeys(off, True)}), encoding="utf-8")
    # what a page of an app asked for must not leak into the servers that a notebook starts
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("VOILA_", "JUPYTER", "JPY_")) and name not in {"QUERY_STRING", "SERVER_SOFTWARE", "CEM_FACE"}}
    return inherited | {
        "JUPYTER_PATH": str(folder / "share"), "JUPYTER_CONFIG_DIR": str(folder / "config"), "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"), "IPYTHONDIR": str(folder / "ipython"), "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"), "JUPYTER_PLATFORM_DIRS": "1", "CEM_HOME": str(home),
        # `cem` and `python` of a notebook's shell are those of this environment
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]), "PYTHONWARNINGS": "ignore",
    }


def _start(command: list[str], environment: dict[str, str], folder: Path, log: Path, port: int, token: str, probe: str, page: str, patience_s: float) -> Server:
    with open(log, "ab") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file, stdin=subprocess.DEVNULL, start_new_session=True)
    base, query = f"http://127.0.0.1:{port}", f"?token={token}" if token else ""
    server = Server(f"{base}{page}{query}", port, process, log, folder)
    end = time.monotonic() + patience_s
    # a proxy of the environment must not be asked for our own address
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        if process.poll() is not None or time.monotonic() > end:
            server.stop()
            tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-6:])
            raise ReportError("The server did not start.", came=tail, where=str(log))
        try:
            opener.open(f"{base}{probe}{query}", timeout=5).close()
            return server
        except urllib.error.HTTPError as error:
            error.close()
            if error.code < 500:
                server.stop()
                raise ReportError("The server answers, but not to its own token.", came=f"HTTP {error.code}", where=str(log)) from None
        except OSError:
            pass
        time.sleep(0.1)


def _log_file(name: str) -> Path:
    folder = settings().out
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_bytes(b"")
    except OSError as error:
        raise ReportError("The log cannot be written.", came=error.strerror or str(error), where=str(folder), todo="Set CEM_OUT to a folder that can be written.") from None
    return path


def start_apps(port: int = 8866, token: str | None = None, role: str = "manager", notebooks: str | Path | None = None) -> Server:
    """Start the server of the apps and return when it answers.

    Parameters
    ----------
    port : int
        The next free one is taken when it is in use; 0 takes any.
    token : str, optional
        What opens the apps; a random one when left out, none at all when empty.
    role : str
        Who looks: manager, analyst or care (see :func:`cemlib.settings.settings`).
    notebooks : path, optional
        The folder of the apps; default notebooks/ of the project.

    Raises
    ------
    ParameterError
        When the role is none.
    ReportError
        When no port is free, or the server does not start.
    """
    if role not in ROLES:
        raise ParameterError("This is not a role.", wanted=", ".join(ROLES), came=repr(role))
    place = Path(notebooks) if notebooks else settings().home / "notebooks"
    if not place.is_dir():
        raise ReportError("The folder of the apps does not exist.", where=str(place))
    chosen, token = free_port(port), secrets.token_urlsafe(18) if token is None else token
    folder = Path(tempfile.mkdtemp(prefix="cem-apps-"))
    try:
        environment = _environment(folder) | {
            "CEM_ROLE": role, "CEM_NOTEBOOKS": str(place.resolve()), "CEM_PORT": str(chosen), "CEM_TOKEN": token, "CEM_PORTAL_FOLDER": str(folder / "empty"),
        }
        return _start([sys.executable, "-m", "cemlib.report.portal"], environment, folder, _log_file("apps.log"), chosen, token, "/voila/tree", "/", _PATIENCE_S)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def start_lab(port: int = 8888, token: str | None = None) -> Server:
    """Start JupyterLab on the project's folder and return when it answers.

    Raises
    ------
    ReportError
        When no port is free, or the server does not start.
    """
    chosen, token = free_port(port), secrets.token_urlsafe(18) if token is None else token
    folder = Path(tempfile.mkdtemp(prefix="cem-lab-"))
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={chosen}", "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={settings().home}", f"--IdentityProvider.token={token}", "--LabApp.news_url=None", "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--ServerApp.log_level=ERROR", "--LabApp.log_level=ERROR",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    try:
        return _start(command, _environment(folder), folder, _log_file("lab.log"), chosen, token, "/api/status", "/lab/tree/notebooks", _PATIENCE_S)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@contextlib.contextmanager
def _until_signal() -> Iterator[threading.Event]:
    """Turn SIGTERM into the end that Ctrl-C brings, so that a supervisor ends the server cleanly too."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    before = signal.signal(signal.SIGTERM, lambda *_: event.set())
    try:
        yield event
    finally:
        signal.signal(signal.SIGTERM, before)


def _serve(server: Server, words: str, wanted: int, open_browser: bool, say: Callable[[str], None]) -> None:
    try:
        if wanted and server.port != wanted:
            say(f"Port {wanted} is in use; {server.port} is taken instead.")
        say(f"{words}: {server.url}")
        say("Ctrl-C ends it.")
        if open_browser:
            webbrowser.open(server.url)
        with _until_signal() as event:
            while server.process.poll() is None and not event.wait(0.3):
                pass
        if server.process.poll() not in (None, 0, -signal.SIGTERM):
            raise ReportError("The server has ended.", came=f"exit code {server.process.returncode}", where=str(server.log))
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
    say("Ended.")


def _print(text: str) -> None:
    print(text, flush=True)


def serve_apps(
    port: int = 8866, token: str | None = None, role: str = "manager", open_browser: bool = False, notebooks: str | Path | None = None, say: Callable[[str], None] = _print,
) -> None:
    """Serve the apps until Ctrl-C; see :func:`start_apps`."""
    _serve(start_apps(port, token, role, notebooks), "The apps are ready", port, open_browser, say)


def serve_lab(port: int = 8888, token: str | None = None, open_browser: bool = False, say: Callable[[str], None] = _print) -> None:
    """Serve JupyterLab until Ctrl-C; see :func:`start_lab`."""
    _serve(start_lab(port, token), "JupyterLab is ready", port, open_browser, say)
