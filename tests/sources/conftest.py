"""What the tests of the connectors share."""

from __future__ import annotations

import pyarrow as pa
import pytest

from cemlib.sources import Door


@pytest.fixture
def door() -> Door:
    return Door(b"the key of these tests", plmn_codes=["99901", "999018"])


def _read_all(source, door, path=None):
    batches = [one for path in ([path] if path else source.files()) for one in source.read(path, door)]
    names = {name for batch in batches for name in batch.tables}
    tables = {name: pa.concat_tables([batch.tables[name] for batch in batches if name in batch.tables]) for name in names}
    rejected = pa.concat_tables([batch.rejected for batch in batches])
    assert sum(batch.accepted for batch in batches) + rejected.num_rows == sum(batch.records for batch in batches)
    return tables, rejected.to_pylist(), batches


@pytest.fixture(scope="session")
def read_all():
    """Read all files of a source: tables, rejected rows, batches; the accounts are checked on the way."""
    return _read_all
