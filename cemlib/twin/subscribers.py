"""Who there is: our customers with their numbers and devices, and the partners' customers who visit us."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cemlib.errors import ParameterError
from cemlib.twin import exact
from cemlib.twin.season import DAY_MS, WARM_UP_DAYS
from cemlib.twin.streams import Streams
from cemlib.twin.world import World

__all__ = ["FICTION_RANGES", "build_population", "check_subscribers", "customer_lines", "customer_numbers", "fiction_numbers", "padded"]

#: French numbers reserved for works of fiction: country code and the first digits; four more digits follow.
FICTION_RANGES = ("+3363998", "+3319900", "+3326191", "+3335301", "+3346571", "+3353649")
# the first four ranges are for our customers, the others for everybody else; beyond 40,000 customers Australian ranges follow, which are
# reserved for fiction too (eight geographic ones of ten thousand each)
_OWN_RANGES = ("+3363998", "+3319900", "+3326191", "+3335301", "+6125550", "+6127010", "+6135550", "+6137010", "+6175550", "+6177010", "+6185550", "+6187010")
_INBOUND = 1 << 20
_BLOCK = 10_000


def padded(numbers: np.ndarray, width: int) -> np.ndarray:
    """Whole numbers as text with leading zeros.

    Examples
    --------
    >>> padded(np.array([7, 42]), 3).tolist()
    ['007', '042']
    """
    digits = np.asarray(numbers).astype(np.int64)[:, None] // 10 ** np.arange(width - 1, -1, -1) % 10
    return (digits.astype(np.uint32) + ord("0")).view(f"<U{width}")[:, 0]


def fiction_numbers(index: np.ndarray, first_range: int = 0) -> np.ndarray:
    """The E.164 numbers at some places of the ranges reserved for fiction; neighbours in index are far apart in number.

    Examples
    --------
    >>> fiction_numbers(np.array([0, 10_000])).tolist()
    ['+33639984321', '+33199004321']
    """
    return _numbers(np.array(FICTION_RANGES)[first_range + index // _BLOCK], index)


def customer_numbers(customers: np.ndarray) -> np.ndarray:
    """The numbers of our customers."""
    return _numbers(np.array(_OWN_RANGES)[customers // _BLOCK], customers)


def _numbers(ranges: np.ndarray, index: np.ndarray) -> np.ndarray:
    return np.char.add(ranges, padded((index * 7919 + 4321) % _BLOCK, 4))


def _imei(tac: np.ndarray, serial: np.ndarray) -> np.ndarray:
    """TAC, six digits of serial number and the Luhn digit."""
    body = np.char.add(tac, padded(serial, 6))
    digits = np.frombuffer(body.astype("S14").tobytes(), dtype=np.uint8).reshape(-1, 14).astype(np.int64) - ord("0")
    doubled = digits[:, 1::2] * 2
    total = digits[:, ::2].sum(axis=1) + (doubled - 9 * (doubled > 9)).sum(axis=1)
    return np.char.add(body, padded(-total % 10, 1))


def _devices(world: World, streams: Streams, ids: np.ndarray) -> dict[str, np.ndarray]:
    device = streams.pick("subscriber.device", ids, world.devices["weight"])
    return {
        "device": device,
        "imei": _imei(world.devices["tac"].to_numpy().astype(str)[device], ids * 104_729 % 1_000_000),
        "volte_roaming": world.devices["volte_roaming"].to_numpy()[device] == 1,
        "fiveg": world.devices["fiveg"].to_numpy()[device] == 1,
    }


def check_subscribers(count: int) -> None:
    """Refuse a number of customers for which there are no numbers.

    Raises
    ------
    ParameterError
    """
    if not 100 <= count <= len(_OWN_RANGES) * _BLOCK:
        raise ParameterError("The number of subscribers is out of range.", wanted=f"100 … {len(_OWN_RANGES) * _BLOCK:,}",
                             came=f"{count:,}", todo="The number ranges reserved for fiction hold no more.")


def _own(world: World, streams: Streams, ids: np.ndarray) -> pd.DataFrame:
    chosen = streams.pick("subscriber.imsi_range", ids, list(world.imsi_ranges.values()))
    ranges = np.array(list(world.imsi_ranges))[chosen]
    kind = np.array(["consumer", "household", "enterprise"])[streams.pick("subscriber.account_type", ids, [0.62, 0.24, 0.14])]
    # people of a household and staff of an enterprise share an account
    # who shares one is found among neighbours by id, however many customers there are
    group = np.select([kind == "household", kind == "enterprise"],
                      [ids // 48 * 4 + (4 * streams.uniform("subscriber.household", ids)).astype(np.int64),
                       ids // 3600 * 20 + (20 * exact.power(streams.uniform("subscriber.enterprise", ids), 2.2)).astype(np.int64)], ids)
    letter = np.select([kind == "household", kind == "enterprise"], ["H", "E"], "C")
    is_business = kind == "enterprise"
    tier = np.array(["", "gold", "platinum"])[streams.pick("subscriber.vip", ids, [0.975, 0.019, 0.006])]
    age_days = (exact.power(streams.uniform("subscriber.age", ids), 1.6) * 2500).astype(np.int64) + 1
    return pd.DataFrame({
        "sub": ids, "is_own": True, "plmn_row": -1, "is_business": is_business,
        "imsi_range": ranges, "imsi": np.char.add(ranges, padded((ids * 7919 + 1_234_567) % 10_000_000, 7)),
        "msisdn": _numbers(np.array(_OWN_RANGES)[ids // _BLOCK], ids), **_devices(world, streams, ids),
        "account_id": np.char.add(np.char.add("A-", letter), padded(group + 1, 6)), "account_type": kind,
        "plan": np.where(is_business, np.array(["business_s", "business_l"])[streams.pick("subscriber.plan_b", ids, [0.6, 0.4])],
                         np.array(["basic", "plus", "max", "travel"])[streams.pick("subscriber.plan", ids, [0.3, 0.38, 0.2, 0.12])]),
        "vip_tier": tier, "status": np.array(["active", "suspended", "ended"])[streams.pick("subscriber.status", ids, [0.965, 0.022, 0.013])],
        "valid_from": -age_days * DAY_MS,
        "travels": np.where(is_business, 0.60, 0.38),
    })


def _visitors(world: World, streams: Streams, numbers: np.ndarray) -> pd.DataFrame:
    ids = _INBOUND + numbers
    # a partner's share among the visitors of its country is its share at home
    weight = (world.countries["inbound"].to_numpy()[world.networks["country_row"]] * world.networks["natural"]).to_numpy()
    row = streams.pick("visitor.network", ids, weight)
    plmn = world.networks["plmn"].to_numpy().astype(str)[row]
    serial = (numbers * 7919 + 7_654_321) % 1_000_000_000
    imsi = np.where(np.char.str_len(plmn) == 6, np.char.add(plmn, padded(serial, 9)), np.char.add(plmn, padded(serial, 10)))
    return pd.DataFrame({
        "sub": ids, "is_own": False, "plmn_row": row, "is_business": streams.uniform("visitor.business", ids) < 0.22,
        "imsi_range": np.array([one[:8] for one in imsi.tolist()]), "imsi": imsi, "msisdn": "",
        **_devices(world, streams, ids), "status": "active", "travels": 1.0,
    })


def build_population(world: World, streams: Streams, subscribers: int, part: tuple[int, int] | None = None) -> pd.DataFrame:
    """Our customers and the visitors, one row per SIM.

    Parameters
    ----------
    world : World
    streams : Streams
    subscribers : int
        Our own customers; the visitors of 30 days are half as many.
    part : tuple of int, optional
        First customer and the one after the last of a block; the block has its part of the visitors.

    Returns
    -------
    pandas.DataFrame
        sub (id), is_own, plmn_row (home network of a visitor), imsi_range, imsi, msisdn, imei, device, volte_roaming, fiveg,
        account_id, account_type, plan, vip_tier, status, valid_from, travels (probability), activity.

    Examples
    --------
    >>> from cemlib.twin.world import build_world
    >>> people = build_population(build_world(3), Streams(1), 500)
    >>> len(people), set(people["imsi"].str[:3]), set(people["imei"].str[:3])
    (603, {'999'}, {'001'})
    """
    # as with our own travellers, a short period has fewer visitors
    visitors = round(subscribers * 0.5 * (world.days + WARM_UP_DAYS) / (30 + WARM_UP_DAYS))
    check_subscribers(subscribers)
    first, end = part or (0, subscribers)
    visiting = np.arange(visitors * first // subscribers, visitors * end // subscribers)
    people = pd.concat([_own(world, streams, np.arange(first, end)), _visitors(world, streams, visiting)], ignore_index=True)
    people["activity"] = exact.exp(0.65 * streams.normal("subscriber.activity", people["sub"]) - 0.21)
    return people


def customer_lines(people: pd.DataFrame, streams: Streams, since_epoch_ms: int) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """The customer base's export: its columns, the row ids and the order in which they are written."""
    own = people[people["is_own"]]
    ids = own["sub"].to_numpy()
    valid_from = pc.strftime(pa.array(own["valid_from"].to_numpy(np.int64) + since_epoch_ms).cast(pa.timestamp("ms")), "%Y-%m-%dT%H:%M:%SZ")
    columns = {"imsi": own["imsi"], "msisdn": own["msisdn"], "account_id": own["account_id"], "account_type": own["account_type"],
               "plan": own["plan"], "vip_tier": own["vip_tier"], "status": own["status"]}
    table = pa.table({name: pa.array(column.to_numpy(object), pa.string()) for name, column in columns.items()} | {"valid_from": valid_from})
    return table, ids, np.argsort(streams.uniform("customer.order", ids), kind="stable")
