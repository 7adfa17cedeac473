"""The papermill engine of the reports: this interpreter's own kernel, a time limit for a cell and for the whole, progress.

Papermill alone has no time limit, takes whatever kernel is registered under the notebook's name, and changes the working
directory of the calling process.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.log import logger

__all__ = ["ENGINE", "Session", "step_title", "stop_all"]

#: The engine's name at papermill.
ENGINE = "cem"
_LOG_LEVEL = 100
# the path of a socket has 107 bytes at most
_LONGEST_PLACE = 80
_SESSIONS: weakref.WeakSet[Session] = weakref.WeakSet()


@dataclass(eq=False)
class Session:
    """What one run tells its engine, and what the engine tells back.

    Attributes
    ----------
    folder : Path
        The kernel's working directory.
    environment : dict
        The kernel's environment.
    log : file
        Takes what the kernel's process writes outside any cell.
    private : Path
        A folder that nobody else can read, for the sockets between the two processes.
    timeout_s, cell_timeout_s : float
    progress : callable or None
        Called with (cells done, cells in all, title of the step) before every code cell and at the end.
    notebook : NotebookNode or None
        The notebook as far as it has run; it outlives a failure.
    cell : int or None
        The cell that runs, or ran last.
    timed_out : str
        ``"cell"`` or ``"total"`` once a limit was reached.
    """

    folder: Path
    environment: dict[str, str]
    log: Any
    private: Path
    timeout_s: float
    cell_timeout_s: float
    progress: Callable[[int, int, str], None] | None = None
    notebook: Any = None
    cell: int | None = None
    timed_out: str = ""
    started: float = field(default_factory=time.monotonic)
    client: Any = None
    is_stopped: bool = False

    def __post_init__(self) -> None:
        _SESSIONS.add(self)

    def stop(self) -> None:
        """End the kernel at once, from another thread; the run then fails with a dead kernel."""
        self.is_stopped = True
        kernel = getattr(getattr(self.client, "km", None), "provisioner", None)
        process = getattr(kernel, "process", None)
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()

    def remaining(self) -> float:
        """Seconds until the whole run has taken its time."""
        return self.timeout_s - (time.monotonic() - self.started)


class _OwnKernel(AsyncKernelManager):
    """A kernel of this interpreter, whatever kernels are registered on the machine."""

    @property
    def kernel_spec(self) -> KernelSpec:
        argv = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python", metadata={"supported_encryption": ["curve"]})


class _Client(PapermillNotebookClient):
    """Runs the cells; the limit of each is the smaller of its own and what is left of the whole."""

    def __init__(self, nb_man: Any, session: Session, **kw: Any) -> None:
        self.session = session
        super().__init__(nb_man, kernel_manager_class=_OwnKernel, timeout_func=self._limit, shutdown_kernel="immediate",
                         on_cell_execute=self._tell, **kw)

    def create_kernel_manager(self) -> AsyncKernelManager:
        """Sockets in a folder of the run's own: a port that was found free may be another program's by the time the kernel takes it."""
        kernel = super().create_kernel_manager()
        if len(os.fsencode(self.session.private)) <= _LONGEST_PLACE:
            kernel.transport, kernel.connection_file = "ipc", str(self.session.private / "kernel.json")
        return kernel

    def _limit(self, cell: Any) -> float:
        left = self.session.remaining()
        self.session.timed_out = ""
        self._bound_by = "total" if left < self.session.cell_timeout_s else "cell"
        # 0 would mean no limit at all
        return max(min(left, self.session.cell_timeout_s), 0.01)

    def _tell(self, cell: Any, cell_index: int) -> None:
        if self.session.is_stopped:
            raise DeadKernelError("The run was stopped.")
        self.session.cell = cell_index
        if self.session.progress is not None:
            code = [at for at, one in enumerate(self.nb.cells) if one.cell_type == "code"]
            self.session.progress(code.index(cell_index), len(code), step_title(self.nb, cell_index))

    async def _async_handle_timeout(self, timeout: float, cell: Any = None) -> Any:
        self.session.timed_out = self._bound_by
        return await super()._async_handle_timeout(timeout, cell)


class _Engine(NBClientEngine):
    """Papermill's engine with our client."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, session: Session, start_timeout: int = 60, **_: Any) -> Any:
        """Run the notebook; it stays in the session however this ends."""
        session.notebook = nb_man.nb
        client = session.client = _Client(nb_man, session, kernel_name=kernel_name, startup_timeout=start_timeout, log=logger)
        # figures pass between the two processes encrypted, where the messaging library can: other users of the machine cannot listen
        encryption = "auto" if zmq.has("curve") else "disabled"
        return client.execute(env=session.environment, cwd=str(session.folder), stdout=session.log, stderr=session.log,
                              transport_encryption=encryption)


papermill_engines.register(ENGINE, _Engine)
# what papermill logs of a run is told by the run record; an error is raised as well
logger.setLevel(_LOG_LEVEL)


def stop_all() -> None:
    """End the kernels of all runs of this process: for whoever runs several side by side and is interrupted."""
    for session in list(_SESSIONS):
        session.stop()


def step_title(notebook: Any, cell_index: int) -> str:
    """The step a cell belongs to: the nearest heading above it, else its number.

    Examples
    --------
    >>> from types import SimpleNamespace as One
    >>> cells = [One(cell_type="markdown", source="## The partners"), One(cell_type="code", source="view = 1")]
    >>> step_title(One(cells=cells), 1)
    'The partners'
    """
    for cell in reversed(notebook.cells[:cell_index]):
        if cell.cell_type == "markdown":
            headings = [line.lstrip("# ").strip() for line in cell.source.splitlines() if line.startswith("#")]
            if headings:
                return headings[-1]
    # as the notebook's own reader counts: without the cell that papermill has put in
    added = sum("injected-parameters" in cell.metadata.get("tags", []) for cell in notebook.cells[:cell_index])
    return f"cell {cell_index + 1 - added}"
