"""The customer base: whose SIM it is, on which account, with which number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from cemlib.schema import table
from cemlib.sources.base import Batch, rejected_records
from cemlib.sources.door import Door
from cemlib.sources.mapped import MappedSource

__all__ = ["CustomerBase"]


class CustomerBase(MappedSource):
    """SIMs with number and account, into ``identity`` (one row an identifier), ``subscriber`` and ``account``.

    Examples
    --------
    >>> CustomerBase("incoming").default_tables
    ('identity', 'account', 'subscriber')
    """

    code: ClassVar[str] = "customer_base"
    default_tables: ClassVar[tuple[str, ...]] = ("identity", "account", "subscriber")
    mapping_name: ClassVar[str] = "customer_base"
    golden: ClassVar[str] = "customer_base.csv"

    def read(self, path: Path, door: Door) -> Iterator[Batch]:
        """Read one file; the accounts come with the last batch, as an account's SIMs may stand anywhere in the file."""
        accounts = []
        for batch in super().read(path, door):
            accounts.append(batch.tables.pop("account"))
            yield batch
        yield Batch(0, {"account": _one_row_each(pa.concat_tables(accounts))}, 0, rejected_records([]))

    def rows(self, found: dict[str, pa.Array]) -> dict[str, dict[str, pa.Array]]:
        """Two identities a SIM (IMSI, and phone number where it has one), one subscriber, one account."""
        count = len(found["subscriber_key"])
        by_imsi = {
            **{name: found[name] for name in ("subscriber_key", "home_plmn_code", "imsi_range_code", "valid_from_at")},
            "identifier_key": found["subscriber_key"], "identifier_type_code": pa.repeat("imsi", count),
            "country_code": pa.nulls(count, pa.string()), "dial_prefix_code": pa.nulls(count, pa.string()),
        }
        has_number = pc.is_valid(found["identifier_key"])
        by_number = {name: found[name].filter(has_number) for name in
                     ("identifier_key", "subscriber_key", "country_code", "dial_prefix_code", "valid_from_at")}
        numbers = len(by_number["identifier_key"])
        by_number |= {"identifier_type_code": pa.repeat("msisdn", numbers),
                      "home_plmn_code": pa.nulls(numbers, pa.string()), "imsi_range_code": pa.nulls(numbers, pa.string())}
        identity = {name: pa.concat_arrays([by_imsi[name], by_number[name]]) for name in by_imsi}
        has_account = pc.is_valid(found["account_key"])
        account = {name: found[name].filter(has_account) for name in
                   ("account_key", "account_type_code", "vip_tier_code", "valid_from_at")}
        subscriber = {**found, "subscriber_kind_code": pa.repeat("mobile", count)}
        return {"identity": identity, "subscriber": subscriber, "account": account}


def _one_row_each(accounts: pa.Table) -> pa.Table:
    """One row an account: from its oldest SIM on; type and tier as its first record that has them says."""
    found = accounts.group_by("account_key", use_threads=False).aggregate([
        ("account_type_code", "first"), ("vip_tier_code", "first"), ("valid_from_at", "min")])
    declared = table("account")
    named = {"account_key": found["account_key"], "account_type_code": found["account_type_code_first"],
             "vip_tier_code": found["vip_tier_code_first"], "valid_from_at": found["valid_from_at_min"]}
    columns = [named.get(one.name, pa.nulls(found.num_rows, one.arrow_type)) for one in declared.fields()]
    return pa.Table.from_arrays(columns, schema=declared.arrow_schema())
