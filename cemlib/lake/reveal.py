"""The only road from a pseudonym back to an identifier: it needs the secret and a reason, and the audit line is written first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from cemlib.errors import LakeError
from cemlib.lake.audit import AuditLog, Receipt, checked_keys, checked_reason
from cemlib.lake.change import LakeChanges, check_key
from cemlib.lake.manifest import read_manifest
from cemlib.lake.segment import halves
from cemlib.lake.vault import Vault, VaultState, fresh_state
from cemlib.settings import settings

__all__ = ["Revealed", "opened_vault", "read_audit", "reveal_identifiers"]


@dataclass(frozen=True)
class Revealed:
    """What stands behind a pseudonym.

    Attributes
    ----------
    key : str
    is_found : bool
    identifier_type : str or None
        imsi, msisdn, imei, line, account or user.
    identifier : str or None
        In its normal form.
    first_seen_at : str or None
        When the vault got it (UTC, ISO 8601).
    """

    key: str
    is_found: bool
    identifier_type: str | None = None
    identifier: str | None = None
    first_seen_at: str | None = None

    def to_dict(self) -> dict:
        """As plain data."""
        return asdict(self)


def reveal_identifiers(lake_path: str | Path | None, keys: Sequence[str], reason: str, *, by: str = "") -> list[Revealed]:
    """Tell which identifiers stand behind pseudonyms.

    Parameters
    ----------
    lake_path : str, Path or None
        The lake; None: that of the settings.
    keys : sequence of str
        Pseudonyms of 32 hex digits.
    reason : str
        Why; it stands in the audit log.
    by : str
        For whom it is done, where that is not the user of the operating system.

    Returns
    -------
    list of Revealed
        In the order of the keys; one that the vault does not have is there too.

    Raises
    ------
    ParameterError
        For a reason that says too little, or what is no pseudonym.
    LakeError
        When the secret is not the lake's, or the audit line cannot be written: then nothing is revealed.
    """
    reason, keys = checked_reason(reason, by), checked_keys(keys)
    vault, state = opened_vault(lake_path)
    high, low = halves(keys)
    order = np.lexsort((low, high))
    is_found = np.zeros(len(keys), bool)
    is_found[order] = vault.known(high[order], low[order])
    found = [bool(one) for one in is_found]
    receipt = AuditLog(vault.folder.parent, state.audit_key).write("reveal", keys, reason, by=by, found=found)
    return _revealed(vault, keys, receipt)


def _revealed(vault: Vault, keys: list[str], receipt: Receipt) -> list[Revealed]:
    """Open what an audit line stands for, and nothing else."""
    behind = vault.look_up([key for key in keys if key in receipt.keys])
    return [Revealed(key, True, behind[key]["kind"], behind[key]["value"],
                     datetime.fromtimestamp(behind[key]["seen"], UTC).isoformat()) if key in behind else Revealed(key, False)
            for key in keys]


def read_audit(lake_path: str | Path | None = None) -> tuple[list[dict], str]:
    """The lines of the audit log, and what is wrong with it: an empty text when its chain is whole.

    Raises
    ------
    LakeError
        When the secret is not the lake's, or the log cannot be read.
    """
    vault, state = opened_vault(lake_path)
    return AuditLog(vault.folder.parent, state.audit_key).read()


def opened_vault(lake_path: str | Path | None) -> tuple[Vault, VaultState]:
    """The vault of a lake, after what a crashed writer left was undone, and what it carries.

    Raises
    ------
    LakeError
        When there is no lake, or the secret is not the lake's.
    """
    folder = Path(settings().lake_path if lake_path is None else lake_path).absolute()
    manifest = read_manifest(folder)
    if manifest is None:
        raise LakeError("There is no lake.", where=str(folder), todo="Set CEM_LAKE to the folder of the lake.")
    check_key(folder, manifest)
    vault = Vault(folder)
    state = None if (folder / "journal.json").exists() else vault.read_state()
    if state is None or not state.audit_key:
        if state is not None and (folder / "audit.jsonl").exists():
            raise LakeError("The vault's sealed state is missing beside an audit log.", where=str(vault.state_path),
                            todo="Bring it back from a backup together with the vault.")
        changes = LakeChanges(folder)
        with changes.locked():
            changes.recovered()
            state = vault.read_state()
            if not state.audit_key:
                state = fresh_state()
                vault.make_folder()
                AuditLog(folder, state.audit_key).start()
                vault.write_state(state)
    return vault, state
