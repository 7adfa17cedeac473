"""``cem completion``: the line that makes a shell complete names."""

from __future__ import annotations

import click

from cemlib.cli.group import CemCommand

__all__ = ["completion"]

_LINES = {
    "bash": 'eval "$(_CEM_COMPLETE=bash_source cem)"',
    "zsh": 'eval "$(_CEM_COMPLETE=zsh_source cem)"',
    "fish": "_CEM_COMPLETE=fish_source cem | source",
}
_FILES = {"bash": "~/.bashrc", "zsh": "~/.zshrc", "fish": "~/.config/fish/completions/cem.fish"}


@click.command(cls=CemCommand, short_help="The line that lets a shell complete names.", example="""
    cem completion bash >> ~/.bashrc
""")
@click.argument("shell", type=click.Choice(list(_LINES)))
def completion(shell: str) -> None:
    """Print the line that lets SHELL complete commands, KPIs, sources, notebooks and their parameters."""
    click.echo(_LINES[shell])
    click.echo(f"Put this line into {_FILES[shell]}.", err=True)
