"""``cem lake rotate-key``: a new secret for the lake."""

from __future__ import annotations

from pathlib import Path

import click

from cemlib.cli.group import CemCommand
from cemlib.cli.show import as_json, json_option, progress_bar, remark, table

__all__ = ["rotate_key"]


@click.command("rotate-key", cls=CemCommand, short_help="Give the lake a new secret.", example="""
    cem lake rotate-key --new-key-file keys/2027.key --dry-run
    cem lake rotate-key --new-key-file keys/2027.key --reason "yearly change of the secret"
""")
@click.option("--new-key-file", required=True, metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
              help="The key file with the new secret; made with a random one where there is none.")
@click.option("--reason", default="change of the lake's secret", metavar="TEXT", help="For the audit log.")
@click.option("--by", default="", metavar="NAME", help="For whom, where that is not the user of this machine.")
@click.option("--accept-unknown", is_flag=True, help="Go on although pseudonyms are not in the vault: their records will never meet later ones.")
@click.option("--dry-run", is_flag=True, help="Count and check, write nothing.")
@json_option
def rotate_key(new_key_file: Path, reason: str, by: str, accept_unknown: bool, dry_run: bool, is_json: bool) -> None:
    """Make every pseudonym anew under a new secret, and seal vault and quarantine with it.

    The fits that are kept beside the lake are removed. Call it with the present secret (CEM_KEY, CEM_KEY_FILE); afterwards the lake takes the new one only. Interrupted, the lake is as before: the
    next command that writes, with the old secret, sees to that. Older versions of the tables hold the old pseudonyms until `cem lake vacuum --keep 0d` removes them.
    """
    import secrets

    from cemlib.keys import make_key_file, read_key_file
    from cemlib.lake import rotate_key as rotate

    if dry_run and not new_key_file.exists():
        new_secret = secrets.token_bytes(32)
    else:
        if make_key_file(new_key_file):
            remark(f"A new secret was made: {new_key_file}. Keep a copy where only you can read it.")
        new_secret = read_key_file(new_key_file)
    with progress_bar("rotate", is_quiet=is_json) as bar:
        found = rotate(None, new_secret, reason=reason, by=by, dry_run=dry_run, accept_unknown=accept_unknown, progress=bar)
    if is_json:
        as_json(found.to_dict())
        return
    table(["table", "rows", "keys not in the vault"], [[name, rows, found.unknown.get(name, 0)] for name, rows in found.tables.items()])
    remark(f"{'Made anew' if found.is_done else 'Would be made anew'}: {found.keys:,} pseudonyms, {sum(found.tables.values()):,} rows, "
           f"{found.quarantine_files:,} files of the quarantine; kept fits {'removed' if found.is_done else 'to be removed'}: {found.fits:,}")
    if found.is_done:
        remark(f"From now on: CEM_KEY_FILE={new_key_file}, and no CEM_KEY. Older versions of the tables hold the old pseudonyms until "
               "cem lake vacuum --keep 0d removes them; cem lake optimize puts the rows in the order of the new ones.")
    elif found.unknown:
        remark("Pseudonyms that are not in the vault have no way to the new secret's: without --accept-unknown the rotation is refused.")
