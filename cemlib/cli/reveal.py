"""``cem reveal`` and ``cem erase``: from a pseudonym back to an identifier, and a person out of the lake; both are audited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cemlib.cli.group import CemCommand
from cemlib.cli.show import as_json, json_option, progress_bar, remark, table

if TYPE_CHECKING:
    from cemlib.lake import ErasureResult

__all__ = ["erase", "reveal"]


@click.command(cls=CemCommand, short_help="Tell which identifier stands behind a pseudonym (audited).", example="""
    cem reveal 0b8c5e0b1d1f4f0c9a3c2b1a09f8e7d6 --reason "complaint 4711 of the regulator"
    cem reveal KEY KEY --reason "court order 12/2026" --by "Legal, A. Example" --json
    cem reveal --log
""")
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option("--reason", metavar="TEXT", help="Why: a sentence that names the case. It stands in the audit log.")
@click.option("--by", default="", metavar="NAME", help="For whom, where that is not the user of this machine.")
@click.option("--log", "is_log", is_flag=True, help="Show the audit log and whether its chain is whole.")
@json_option
def reveal(keys: tuple[str, ...], reason: str | None, by: str, is_log: bool, is_json: bool) -> None:
    """Tell which identifiers stand behind pseudonyms (KEY: 32 hex digits, as in subscriber_key).

    Needs the lake's secret and a reason. A line in the audit log tells who asked when for which keys and why; it is on the disk before anything
    is shown, and where it cannot be written nothing is shown. Exit code 1 when a key is not in the vault, or the log's chain is broken.
    """
    if is_log:
        if keys or reason:
            raise click.UsageError("--log stands alone.")
        _show_log(is_json)
        return
    if not keys:
        raise click.UsageError("Name a KEY, or --log.")
    if reason is None:
        raise click.UsageError("Missing option '--reason'.")
    from cemlib.lake import reveal_identifiers

    found = reveal_identifiers(None, keys, reason, by=by)
    if is_json:
        as_json([one.to_dict() for one in found])
    else:
        table(["key", "type", "identifier", "first seen"],
              [[one.key, one.identifier_type or "not in the vault", one.identifier, one.first_seen_at] for one in found])
    missing = sum(not one.is_found for one in found)
    if missing:
        remark(f"{missing} of {len(found)} keys are not in the vault.")
        click.get_current_context().exit(1)


def _show_log(is_json: bool) -> None:
    from cemlib.lake import read_audit

    lines, wrong = read_audit()
    if is_json:
        as_json({"is_whole": not wrong, "wrong": wrong, "lines": lines})
    else:
        table(["number", "at", "user", "by", "event", "keys", "reason"],
              [[line.get("number"), line.get("at"), line.get("user"), line.get("by"), line.get("event"), ", ".join(line.get("keys", [])),
                line.get("reason")] for line in lines])
        remark(f"The chain of {len(lines)} lines is whole; the last hash is {lines[-1]['chain'] if lines else 'none'}."
               if not wrong else click.style("The log was changed: ", fg="red") + wrong)
    if wrong:
        click.get_current_context().exit(1)


@click.command(cls=CemCommand, short_help="Erase a person from the lake (audited).", example="""
    cem erase 0b8c5e0b1d1f4f0c9a3c2b1a09f8e7d6 --reason "request of 2026-11-02, case 4711" --dry-run
    cem erase 0b8c5e0b1d1f4f0c9a3c2b1a09f8e7d6 --reason "request of 2026-11-02, case 4711" --yes
""")
@click.argument("key")
@click.option("--reason", metavar="TEXT", required=True, help="Why: a sentence that names the case. It stands in the audit log.")
@click.option("--by", default="", metavar="NAME", help="For whom, where that is not the user of this machine.")
@click.option("--dry-run", is_flag=True, help="Count, write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def erase(key: str, reason: str, by: str, dry_run: bool, yes: bool, is_json: bool) -> None:
    """Erase the person behind a pseudonym: there is no way back.

    The person's identifiers leave the vault and the quarantine; in the tables random pseudonyms take the place of theirs. The records stay, as nobody's.
    The fits that are kept beside the lake, which have a row for each customer, are removed.
    Later records of the same identifiers get another pseudonym and do not meet the old ones. Older versions of the tables hold the old
    pseudonyms until `cem lake vacuum --keep 0d` removes them. Exit code 1 when the lake does not know the key.
    """
    from cemlib.lake import erase_person

    if not dry_run and not yes:
        _show_erasure(erase_person(None, key, reason, by=by, dry_run=True))
        click.confirm("Erase this person? It cannot be taken back", abort=True, err=True)
    with progress_bar("erase", is_quiet=is_json) as bar:
        found = erase_person(None, key, reason, by=by, dry_run=dry_run, progress=bar)
    if is_json:
        as_json(found.to_dict())
    else:
        _show_erasure(found)
    if not found.is_found:
        remark("The lake does not know this pseudonym.")
        click.get_current_context().exit(1)
    if found.is_done:
        remark("Older versions of the tables hold the old pseudonyms until cem lake vacuum --keep 0d removes them. The files that were ingested, and what was "
               "exported, are not in the lake: erase the person there too.")


def _show_erasure(found: ErasureResult) -> None:
    table(["table", "rows"], [[name, rows] for name, rows in found.tables.items()])
    remark(f"{'Erased' if found.is_done else 'Would be erased'}: {len(found.keys)} pseudonyms of the person, {found.vault_entries} entries of the vault, "
           f"{found.quarantined} rejected records, {found.fits} kept fits"
           + (f"; {len(found.shared_keys)} identifiers are somebody else's at another time" if found.shared_keys else ""))
    if found.is_found and not found.vault_entries:
        remark("The vault does not have the identifiers: the quarantine could not be searched, and later records would get the old pseudonym.")
