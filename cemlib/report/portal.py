"""The server of the apps: Voilà with our template, every app's kernel started ahead, and nothing from elsewhere.

It runs in a process of its own (``python -m cemlib.report.portal``), started by :mod:`cemlib.report.serve`, which sets the
environment that it reads: Jupyter's own folders below a temporary one, so that no configuration of the user changes it.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import tornado.web
from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.ioloop import PeriodicCallback
from traitlets.config import Config
from voila.app import Voila

from cemlib.errors import ReportError
from cemlib.report.ahead_of_readers import AheadOfReaders
from cemlib.report.freshness import Freshness
from cemlib.settings import settings

__all__ = ["Portal", "find_apps", "portal_config"]

#: what an app's page loads of JupyterLab's extensions: widgets, nothing else
EXTENSIONS = ["@voila-dashboards/widgets-manager8", "@jupyter-widgets/jupyterlab-manager", "anywidget"]
#: a page whose browser went away without a word: its kernel is ended after this long
LONELY_S = 600.0
#: how often is looked for studies and records that have changed
LOOK_S = 30.0


def find_apps(notebooks: Path) -> list[dict]:
    """Return the apps of a folder, in the order that they ask for: notebooks whose metadata has ``cem.title``."""
    apps = []
    for path in sorted(notebooks.glob("*.ipynb")):
        try:
            about = json.loads(path.read_text(encoding="utf-8"))["metadata"]["cem"]
            title = str(about["title"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        thumb = next((f"thumbs/{path.stem}{ending}" for ending in (".svg", ".png") if (notebooks / "thumbs" / f"{path.stem}{ending}").is_file()), "")
        apps.append({
            "name": path.stem, "path": path.name, "title": title, "question": str(about.get("question", title)),
            "description": str(about.get("description", "")), "order": about.get("order", 999), "thumb": thumb,
        })
    return sorted(apps, key=lambda app: (app["order"], app["title"]))


class StateHandler(JupyterHandler):
    """How fresh the data is; asked by every page. It also sets the cookie that the page ends its kernel with."""

    def initialize(self, freshness: Freshness) -> None:
        """Take what is shared by all requests."""
        self._freshness = freshness

    @tornado.web.authenticated
    async def get(self) -> None:
        """Answer with JSON."""
        _ = self.xsrf_token
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(await self._freshness.words()))


class Portal(Voila):
    """Voilà with one more address, and a sweep for the kernels of pages that went away without a word."""

    def init_handlers(self) -> list:
        """Voilà's addresses and ours."""
        return [*super().init_handlers(), (url_path_join(self.server_url, "/cem/state"), StateHandler, {"freshness": Freshness(settings().lake_path)})]

    def listen(self) -> None:
        """Begin to sweep when the server begins to listen."""
        self._lonely: dict[str, float] = {}
        self._parent = os.getppid()
        PeriodicCallback(self._sweep, 30_000).start()
        PeriodicCallback(self._leave_with_parent, 2_000).start()
        # who starts no kernel ahead wants no fit ahead either
        if settings().fits_megabytes and apps_ahead(os.environ.get("CEM_PREHEAT", "")):
            PeriodicCallback(AheadOfReaders().look, 1000 * LOOK_S).start()
        super().listen()

    def _leave_with_parent(self) -> None:
        """End when the program that started the server was killed: nobody else would end it."""
        if os.getppid() != self._parent:
            self.ioloop.stop()

    async def _sweep(self) -> None:
        kernels = self.kernel_manager
        ahead = set()
        for pool in getattr(kernels, "_pools", {}).values():
            for task in pool:
                # one that is still being started has no id yet: then nobody is judged in this round
                if not task.done():
                    return
                if task.exception() is None:
                    ahead.add(task.result()["kernel_id"])
        now, here = time.monotonic(), set(kernels.list_kernel_ids())
        self._lonely = {kernel: since for kernel, since in self._lonely.items() if kernel in here}
        for kernel in here - ahead:
            if kernels.get_kernel(kernel) and kernels._kernel_connections.get(kernel, 0) > 0:
                self._lonely.pop(kernel, None)
            elif now - self._lonely.setdefault(kernel, now) > LONELY_S:
                self.log.warning("ending the kernel %s of a page that is gone", kernel)
                await ensure_async(kernels.shutdown_kernel(kernel, now=True))


def apps_ahead(text: str) -> int:
    """Of how many apps a kernel is started ahead: what ``CEM_PREHEAT`` says, else twice as many as there are cores.

    Each takes a few hundred megabytes and some seconds of a core when the portal starts; the first apps of the menu are the ones.

    Raises
    ------
    ReportError
        For a text that is no whole number.

    Examples
    --------
    >>> apps_ahead("0"), apps_ahead("3"), apps_ahead("") >= 2
    (0, 3, True)
    """
    if not text.strip():
        return 2 * (os.cpu_count() or 1)
    if not text.strip().isdecimal():
        raise ReportError("CEM_PREHEAT is no number of apps.", wanted="0, 1, 2 …", came=text[:40], where="environment")
    return int(text)


def portal_config(notebooks: Path, port: int, token: str, empty: Path) -> Config:
    """Return the server's configuration.

    Parameters
    ----------
    notebooks : Path
        The folder of the apps.
    port : int
    token : str
        Empty: everybody who reaches the port may look.
    empty : Path
        A folder without configuration files, so that none is found by chance.
    """
    apps = find_apps(notebooks)

    def hook(page_config: dict, **_: object) -> dict:
        page_config["cem"] = {"apps": find_apps(notebooks)}
        return page_config

    config = Config()
    config.Voila.root_dir = str(notebooks)
    config.Voila.ip = "127.0.0.1"
    config.Voila.port = port
    config.Voila.port_retries = 0
    config.Voila.open_browser = False
    config.Voila.token = token
    config.Voila.config_file_paths = [str(empty)]
    config.Voila.log_level = "ERROR"
    # sockets in a folder of our own instead of ports that every user of the machine can reach; their paths must be short
    if len(str(empty)) < 40:
        config.KernelManager.transport = "ipc"
    config.Voila.connection_dir_root = str(empty)
    config.VoilaConfiguration.template = "cem"
    config.VoilaConfiguration.theme = "light"
    # light or dark is the page's own affair; a theme in the address must not pass by the kernels that were started ahead
    config.VoilaConfiguration.allow_theme_override = "NO"
    config.VoilaConfiguration.allow_template_override = "NO"
    config.VoilaConfiguration.show_tracebacks = False
    config.VoilaConfiguration.extension_allowlist = EXTENSIONS
    config.VoilaConfiguration.file_allowlist = [r"thumbs/[\w.-]+\.(svg|png)"]
    config.VoilaConfiguration.page_config_hook = hook
    ahead = apps[:apps_ahead(os.environ.get("CEM_PREHEAT", ""))]
    config.VoilaConfiguration.preheat_kernel = bool(ahead)
    config.VoilaKernelManager.kernel_pools_config = {"default": {"pool_size": 0}} | {app["path"]: {"pool_size": 1} for app in ahead}
    config.VoilaKernelManager.fill_delay = 0.5
    # a kernel started ahead waits for its reader: no time-out for a cell, and no culling
    config.VoilaExecutor.timeout = None
    config.MappingKernelManager.cull_idle_timeout = 0
    return config


def main() -> None:
    """Serve until a signal comes."""
    empty = Path(os.environ["CEM_PORTAL_FOLDER"])
    config = portal_config(Path(os.environ["CEM_NOTEBOOKS"]), int(os.environ["CEM_PORT"]), os.environ.get("CEM_TOKEN", ""), empty)
    # the instance of the process, or what goes wrong in a notebook would be logged nowhere
    portal = Portal.instance(config=config)
    portal.initialize([])
    portal.start()


if __name__ == "__main__":
    main()
