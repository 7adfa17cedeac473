"""``cem apps`` and ``cem lab``: the notebooks in a browser."""

from __future__ import annotations

import click

from cemlib.cli.group import CemCommand

__all__ = ["apps", "lab", "serve_portal"]


def serve_portal(*, port: int, role: str, with_token: bool = True, open_browser: bool = False) -> None:
    """Serve the portal until it is interrupted; its address is printed when it is ready."""
    from cemlib.report.serve import serve_apps

    serve_apps(port=port, token=None if with_token else "", role=role, open_browser=open_browser)


@click.command(cls=CemCommand, short_help="Serve the portal with every app.", example="""
    cem apps
    cem apps --port 9000 --role analyst
""")
@click.option("--port", type=click.IntRange(1, 65535), default=8866, show_default=True)
@click.option("--role", type=click.Choice(["manager", "analyst", "care"]), default="manager", show_default=True, help="As whom the apps run.")
@click.option("--no-token", is_flag=True, help="Let anybody in who reaches the port; for use behind a proxy that asks who it is.")
@click.option("--browser/--no-browser", default=False, help="Open it in a browser.")
def apps(port: int, role: str, no_token: bool, browser: bool) -> None:
    """Serve the portal with every app, and print its address."""
    serve_portal(port=port, role=role, with_token=not no_token, open_browser=browser)


@click.command(cls=CemCommand, short_help="Open JupyterLab on the notebooks.", example="""
    cem lab
    cem lab --no-browser --port 9999
""")
@click.option("--port", type=click.IntRange(1, 65535), default=8888, show_default=True)
@click.option("--browser/--no-browser", default=True, help="Open it in a browser.")
def lab(port: int, browser: bool) -> None:
    """Open JupyterLab on the notebooks, with this environment's kernel, until Ctrl-C."""
    from cemlib.report.serve import serve_lab

    serve_lab(port=port, open_browser=browser)
