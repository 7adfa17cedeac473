"""The door: no identifier of a person or a thing passes it unhashed.

An identifier is normalised, what its hash would destroy is derived first (IMSI range, home PLMN, country, dial prefix, TAC),
then it is replaced by a keyed pseudonym: HMAC-SHA256, cut to 128 bits, over the kind of the identifier and its normal form.
The kind is part of the hashed text, so that an IMSI and a line number of the same digits do not meet.

A lake that keeps a vault asks the door to note which pseudonym stands for which identifier, and takes the notes into it; a door
that is used alone notes nothing.
"""

from __future__ import annotations

import functools
import itertools
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
import stdnum.imsi
import stdnum.luhn

from cemlib.errors import ParameterError, UnknownNameError
from cemlib.keys import Carried, derive_key, make_erasure_mark, make_pseudonym, make_pseudonyms, make_record_key
from cemlib.sources.numbering import plain_country
from cemlib.sources.plain import is_plain, plain_facts, plain_normal

__all__ = ["IDENTIFIERS", "Door", "Passed", "PassedColumn"]

#: The kinds of identifiers that the door knows.
IDENTIFIERS = ("imsi", "msisdn", "imei", "line", "account", "user")

#: More distinct values than this are forgotten and hashed again: a bound on memory, not on correctness.
_REMEMBERED = 2_000_000


class Passed(NamedTuple):
    """What is left of an identifier behind the door.

    Attributes
    ----------
    key : str or None
        The pseudonym; None when the identifier is refused.
    facts : tuple of str or None
        What was derived before hashing, in the order of :attr:`Door.facts` for the kind.
    reason : str or None
        Why it is refused; never the identifier itself.
    """

    key: str | None
    facts: tuple[str | None, ...] = ()
    reason: str | None = None


class PassedColumn(NamedTuple):
    """What is left of a column of identifiers.

    Attributes
    ----------
    keys : pyarrow.Array
        The pseudonyms; null for a missing and for a refused identifier.
    facts : dict of str to pyarrow.Array
        What was derived before hashing, by canonical column.
    reasons : pyarrow.Array
        Why an identifier is refused; null: it is not.
    """

    keys: pa.Array
    facts: dict[str, pa.Array]
    reasons: pa.Array


class Door:
    """Normalises identifiers, derives what a hash destroys, and makes keyed pseudonyms.

    Parameters
    ----------
    key : bytes, optional
        The secret of the pseudonyms, at least 16 bytes; by default the one derived from the workbench's secret.
    plmn_codes : iterable of str
        The PLMNs that are known (table ``network``): the home PLMN of an IMSI is the longest of them with which it begins.
        Without a match the length of the MNC comes from python-stdnum's table, else two digits are taken.
    dial_prefix : str
        Country calling code to put before a number in national format (one leading zero); empty: such a number is refused.

    Examples
    --------
    >>> door = Door(b"a key of an example", plmn_codes=["99901"])
    >>> door.imsi("999010000000012").facts            # IMSI range, home PLMN
    ('99901000', '99901')
    >>> len(door.imsi("999010000000012").key), door.imsi("99901").reason
    (32, 'an IMSI has 14 or 15 digits')
    >>> door.msisdn("+33 6 39 98 00 01").facts        # country, dial prefix
    ('FR', '33')
    >>> door.msisdn("0033639980001").key == door.msisdn("+33 6 39 98 00 01").key
    True
    """

    #: Per kind: the canonical columns whose values are derived before hashing.
    facts: dict[str, tuple[str, ...]] = {
        "imsi": ("imsi_range_code", "home_plmn_code"),
        "msisdn": ("country_code", "dial_prefix_code"),
        "imei": ("tac_code",),
        "line": (),
        "account": (),
        "user": (),
    }

    def __init__(self, key: bytes | None = None, plmn_codes: Iterable[str] = (), dial_prefix: str = "") -> None:
        key = derive_key("pseudonym") if key is None else key
        if len(key) < 16:
            raise ParameterError("The key of the pseudonyms is too short.", wanted="at least 16 bytes", came=f"{len(key)} bytes")
        self._key = bytes(key)
        self._plmns = frozenset(str(one) for one in plmn_codes)
        self._plmn_lengths = sorted({len(one) for one in self._plmns}, reverse=True)
        self._dial_prefix = dial_prefix.lstrip("+")
        self._known: dict[str, dict[str, pa.Array]] = {}
        self._carried, self._is_hashing = Carried(), True
        self._notes: deque[tuple[str, str, str, int]] | None = None

    @property
    def record_keys(self) -> tuple[str, ...]:
        """The secrets (hex) mixed into record ids, one after the other: without them an IMSI could be guessed from an id."""
        return self._carried.record_keys or (make_record_key(self._key),)

    def begin(self, carried: Carried, *, is_noting: bool) -> None:
        """Begin the work for a lake: forget what was passed before, and note anew what passes from now on.

        Parameters
        ----------
        carried : Carried
            What the lake remembers from its earlier ingests.
        is_noting : bool
            Whether :meth:`take_notes` will be asked which identifiers passed.
        """
        self._known, self._carried, self._notes = {}, carried, deque() if is_noting else None

    def take_notes(self) -> list[tuple[str, str, str, int]]:
        """The identifiers that passed for the first time since the last call: pseudonym, kind, normal form, life.

        These are identifiers in clear: whoever takes them encrypts them before they touch a disk.
        """
        # another thread may be adding notes: each is taken by one call, none is lost
        notes, taken = self._notes, []
        while notes:
            taken.append(notes.popleft())
        return taken

    def pseudonym(self, kind: str, normal: str) -> str:
        """The pseudonym (32 hex digits) of an identifier that is in its normal form already.

        Raises
        ------
        UnknownNameError
            For a kind that the door does not know.
        """
        if kind not in IDENTIFIERS:
            raise UnknownNameError("kind of identifier", kind, IDENTIFIERS)
        if not self._is_hashing:
            return ""
        lives = self._carried.lives
        life = lives.get(make_erasure_mark(self._carried.erasure_key, kind, normal), 0) if lives else 0
        made = make_pseudonym(self._key, kind, normal, life)
        if self._notes is not None:
            self._notes.append((made, kind, normal, life))
        return made

    def imsi(self, text: str) -> Passed:
        """An IMSI (E.212): 14 or 15 digits; MCC 999 (private networks) passes."""
        digits = text.strip()
        if not _is_digits(digits) or len(digits) not in (14, 15):
            return Passed(None, reason="an IMSI has 14 or 15 digits")
        return Passed(self.pseudonym("imsi", digits), (digits[:8], self.home_plmn(digits)))

    def home_plmn(self, imsi: str) -> str:
        """The PLMN that issued an IMSI: the longest known one, else by python-stdnum's table, else five digits."""
        for length in self._plmn_lengths:
            if imsi[:length] in self._plmns:
                return imsi[:length]
        return _issuer(imsi[:6])

    def msisdn(self, text: str) -> Passed:
        """A phone number in E.164, with or without + or 00; three to six digits are a short code, of no country."""
        digits = text.strip()
        if not digits.isalnum():
            digits = digits.translate(_PUNCTUATION)
        is_international = digits.startswith("+")
        digits = digits.removeprefix("+")
        if not _is_digits(digits):
            return Passed(None, reason="a phone number has digits only")
        if 3 <= len(digits) <= 6 and not is_international:
            return Passed(self.pseudonym("msisdn", digits), (None, None))
        if digits.startswith("00"):
            digits = digits[2:]
        elif digits.startswith("0") and not is_international and self._dial_prefix:
            digits = self._dial_prefix + digits[1:]
        if (found := plain_country(digits)) is not None:
            return Passed(self.pseudonym("msisdn", "+" + digits), found)
        try:
            number = phonenumbers.parse("+" + digits)
        except phonenumbers.NumberParseException:
            return Passed(None, reason="the number begins with no country calling code")
        if not phonenumbers.is_possible_number(number):
            return Passed(None, reason="the number's length is impossible in its country")
        normal = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return Passed(self.pseudonym("msisdn", normal), (_country(number), str(number.country_code)))

    def imei(self, text: str) -> Passed:
        """An IMEI (14 digits, 15 with check digit) or IMEISV (16); networks send 0 in place of the check digit (TS 23.003)."""
        digits = text.strip()
        if not _is_digits(digits) or len(digits) not in (14, 15, 16):
            return Passed(None, reason="an IMEI has 14 to 16 digits")
        if len(digits) == 15 and digits[14] != "0" and not stdnum.luhn.is_valid(digits):
            return Passed(None, reason="the check digit of the IMEI is wrong")
        return Passed(self.pseudonym("imei", digits[:14]), (digits[:8],))

    def line(self, text: str) -> Passed:
        """The operator's id of an access line."""
        return self._opaque("line", text)

    def account(self, text: str) -> Passed:
        """The operator's id of an account."""
        return self._opaque("account", text)

    def user(self, text: str) -> Passed:
        """The id that an application gave to its user or device."""
        return self._opaque("user", text)

    def _opaque(self, kind: str, text: str) -> Passed:
        normal = text.strip()
        if not normal or len(normal) > 200:
            return Passed(None, reason="the id is empty or longer than 200 characters")
        return Passed(self.pseudonym(kind, normal))

    def pass_column(self, kind: str, texts: pa.Array, *, is_kept: bool = True) -> PassedColumn:
        """Pass a column of identifiers; each distinct one is hashed once and remembered from batch to batch.

        Parameters
        ----------
        kind : str
            One of :data:`IDENTIFIERS`.
        texts : pyarrow.Array of string
            Null where there is no identifier.
        is_kept : bool
            Whether the pseudonyms get into a table; where only the facts do, nothing is hashed (the keys are empty texts) or noted for the vault.

        Raises
        ------
        UnknownNameError
            For a kind that the door does not know.

        Examples
        --------
        >>> passed = Door(b"a key of an example").pass_column("imsi", pa.array(["999010000000012", None, "12"]))
        >>> passed.keys.is_valid().to_pylist(), passed.facts["home_plmn_code"].to_pylist(), passed.reasons.to_pylist()
        ([True, False, False], ['99901', None, None], [None, None, 'an IMSI has 14 or 15 digits'])
        """
        if kind not in IDENTIFIERS:
            raise UnknownNameError("kind of identifier", kind, IDENTIFIERS)
        # where the facts alone are kept (of an IMEI the TAC), nothing is hashed
        self._is_hashing = is_kept
        try:
            plain = pc.fill_null(is_plain(kind, texts), False)
            if pc.all(plain).as_py():
                return self._pass_plain(kind, texts)
            return _together(plain, self._pass_plain(kind, texts.filter(plain)), self._pass_odd(kind, texts.filter(pc.invert(plain))))
        finally:
            self._is_hashing = True

    def _pass_plain(self, kind: str, texts: pa.Array) -> PassedColumn:
        """Identifiers in plain form: what is derived is a piece of the text, and only the key is looked up."""
        keys = pa.repeat("", len(texts))
        if self._is_hashing:
            known, at = self._known_at(f"plain {kind}", texts, lambda new: {"key": self._pseudonyms(kind, plain_normal(kind, new).to_pylist())})
            keys = known["key"].take(at)
        return PassedColumn(keys, plain_facts(kind, texts, self.home_plmn), pa.nulls(len(texts), pa.string()))

    def _pass_odd(self, kind: str, texts: pa.Array) -> PassedColumn:
        """All others: the distinct ones pass one by one."""
        known, at = self._known_at(kind if self._is_hashing else f"{kind} unhashed", texts, lambda new: self._odd_table(kind, new))
        return PassedColumn(known["key"].take(at), {name: known[name].take(at) for name in self.facts[kind]}, known["reason"].take(at))

    def _known_at(self, name: str, texts: pa.Array, make: Callable[[pa.Array], dict[str, pa.Array]]) -> tuple[dict[str, pa.Array], pa.Array]:
        """What is left of each distinct text so far, and where that of these texts stands; what is new is made."""
        known = self._known.get(name)
        if known is None or len(known["text"]) > _REMEMBERED:
            none = pa.array([], pa.string())
            known = {"text": none, **make(none)}
        at = pc.index_in(texts, value_set=known["text"], skip_nulls=True)
        new = texts.filter(pc.and_(pc.is_null(at), pc.is_valid(texts))).unique()
        if len(new):
            added = {"text": new, **make(new)}
            known = {part: pa.concat_arrays([known[part], added[part]]) for part in known}
            at = pc.index_in(texts, value_set=known["text"], skip_nulls=True)
        self._known[name] = known
        return known, at

    def _odd_table(self, kind: str, texts: pa.Array) -> dict[str, pa.Array]:
        passes: Callable[[str], Passed] = getattr(self, kind)
        passed = [passes(one) for one in texts.to_pylist()]
        made = {"key": pa.array([one.key for one in passed], pa.string()),
                "reason": pa.array([one.reason for one in passed], pa.string())}
        for at, name in enumerate(self.facts[kind]):
            made[name] = pa.array([one.facts[at] if one.facts else None for one in passed], pa.string())
        return made

    def _pseudonyms(self, kind: str, normals: list[str]) -> pa.Array:
        """The pseudonyms of many identifiers in normal form."""
        if self._carried.lives:
            return pa.array([self.pseudonym(kind, one) for one in normals], pa.string())
        made = make_pseudonyms(self._key, kind, normals)
        if self._notes is not None:
            self._notes.extend(zip(made, itertools.repeat(kind), normals, itertools.repeat(0)))
        return pa.array(made, pa.string())


def _together(plain: pa.Array, usual: PassedColumn, odd: PassedColumn) -> PassedColumn:
    """The two parts of a column in its order."""
    where = pc.invert(plain)

    def one(first: pa.Array, second: pa.Array) -> pa.Array:
        column = pc.replace_with_mask(pa.nulls(len(plain), first.type), plain, first)
        return pc.replace_with_mask(column, where, second)

    facts = {name: one(usual.facts[name] if name in usual.facts else pa.nulls(len(usual.keys), pa.string()), held) for name, held in odd.facts.items()}
    return PassedColumn(one(usual.keys, odd.keys), facts, one(usual.reasons, odd.reasons))


@functools.lru_cache(maxsize=10_000)
def _issuer(first: str) -> str:
    """The PLMN to which the first six digits of an IMSI belong by python-stdnum's table, which takes long to be asked for each IMSI."""
    parts = stdnum.imsi.split(first + "00000000")
    return parts[0] + parts[1] if len(parts) == 3 else first[:5]


_PUNCTUATION = str.maketrans("", "", " -./()\u00a0")


def _is_digits(text: str) -> bool:
    """Whether a text has ASCII digits only; str.isdigit takes other scripts too."""
    return text.isascii() and text.isdigit()


def _country(number: phonenumbers.PhoneNumber) -> str | None:
    """ISO code of a number's country; a possible number outside the numbering plan has it where the code is one country's."""
    region = phonenumbers.region_code_for_number(number)
    if region is None:
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(number.country_code, ())
        region = regions[0] if len(regions) == 1 else None
    return None if region in (None, "001") else region
