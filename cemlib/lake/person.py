"""Who a pseudonym stands for: the pseudonyms that belong to one person, and since when.

Identifiers are linked by the table ``identity``, lines by ``access_line``, accounts by ``subscriber``. A number or a line may have
been somebody else's before or after: of such a one only the time in which it was the person's counts. An account belongs to the
person when nobody else is on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cemlib.errors import LakeError

if TYPE_CHECKING:
    import duckdb

__all__ = ["Person", "find_person"]

_NEVER = 2**62
# {table} and {key} are names of the declared schema, put in by _held alone
_HELD = """
SELECT {key} AS key, subscriber_key, epoch_us(valid_from_at) AS since,
       least(coalesce(epoch_us(valid_to_at), $never),
             coalesce(lead(epoch_us(valid_from_at)) OVER (PARTITION BY {key} ORDER BY valid_from_at), $never)) AS until
FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE subscriber_key = $subject) AND subscriber_key IS NOT NULL
"""


@dataclass
class Person:
    """The pseudonyms of one person.

    Attributes
    ----------
    subject : str
        The pseudonym of the SIM, line or thing.
    own : list of str
        Pseudonyms that are the person's alone, the subject first.
    shared : dict of str to list of tuple
        Pseudonyms that are somebody else's at another time, with the times in which they were the person's: from and until,
        in microseconds of Unix time.
    shared_accounts : list of str
        Accounts on which others are too.
    """

    subject: str
    own: list[str] = field(default_factory=list)
    shared: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    shared_accounts: list[str] = field(default_factory=list)


def find_person(connection: duckdb.DuckDBPyConnection, tables: set[str], key: str) -> Person:
    """Find the person of a pseudonym.

    Parameters
    ----------
    connection : DuckDB connection
        With the stored tables as views.
    tables : set of str
        Which views there are.
    key : str

    Raises
    ------
    LakeError
        When the pseudonym is that of an account, or of an identifier that was several persons'.
    """
    person = Person(_subject(connection, tables, key))
    person.own.append(person.subject)
    for name, column in (("identity", "identifier_key"), ("access_line", "line_key")):
        if name not in tables:
            continue
        held = connection.execute(_HELD.format(table=name, key=column), {"subject": person.subject, "never": _NEVER}).fetchall()
        others = {row[0] for row in held if row[1] != person.subject}
        for one, subscriber, since, until in held:
            if subscriber != person.subject or one in person.own:
                continue
            if one in others:
                person.shared.setdefault(one, []).append((since, until))
            else:
                person.own.append(one)
    if "subscriber" in tables:
        accounts = connection.execute(
            "SELECT account_key, bool_or(subscriber_key <> $subject) FROM subscriber WHERE account_key IN "
            "(SELECT account_key FROM subscriber WHERE subscriber_key = $subject) GROUP BY 1 ORDER BY 1", {"subject": person.subject}).fetchall()
        for one, is_shared in accounts:
            (person.shared_accounts if is_shared else person.own).append(one)
    return person


def _subject(connection: duckdb.DuckDBPyConnection, tables: set[str], key: str) -> str:
    """The pseudonym under which the person's SIM, line or thing is known."""
    found: set[str] = set()
    for name, column in (("identity", "identifier_key"), ("access_line", "line_key")):
        if name in tables:
            found |= {one for (one,) in connection.execute(
                f"SELECT DISTINCT subscriber_key FROM {name} WHERE ({column} = $key OR subscriber_key = $key) "  # noqa: S608
                "AND subscriber_key IS NOT NULL", {"key": key}).fetchall()}
    if key in found:
        return key
    if len(found) > 1:
        raise LakeError("The identifier of this pseudonym was several persons'.", came=", ".join(sorted(found)),
                        todo="Name the pseudonym of the person who is to be erased.")
    if "subscriber" in tables and not found:
        on_it = connection.execute("SELECT DISTINCT subscriber_key FROM subscriber WHERE account_key = $key ORDER BY 1", {"key": key}).fetchall()
        if on_it:
            raise LakeError("This is the pseudonym of an account.", came=f"{len(on_it)} subscribers: " + ", ".join(one for (one,) in on_it[:10]),
                            todo="Erase its subscribers; the account goes with the last of them.")
    return found.pop() if found else key
