"""Roaming agreements: their terms, and what both sides count each month."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cemlib.twin import exact
from cemlib.twin.commerce.declared import COMMERCE, DEALS, MONTH_DAYS
from cemlib.twin.dirt import Dirt
from cemlib.twin.world import World

__all__ = ["month_text", "reach_of"]

# seconds of talk beside a megabyte, and the price of a minute against that of a megabyte
_TALK_S, _MINUTE = 1.4, 18.0
_MODEL = np.array([one[3] for one in DEALS.values()])
_PRICE = np.array([one[4] for one in DEALS.values()])
# use of a year's months, March first: more in summer and at the turn of the year
_YEAR = np.array([0.88, 0.98, 1.02, 1.12, 1.42, 1.48, 1.08, 0.92, 0.78, 0.98, 0.82, 0.80])
_FIRST_OF_YEAR = -8


def reach_of(world: World) -> np.ndarray:
    """The share of all travellers (of all visitors, for an inbound deal) that the partner of each deal serves.

    Examples
    --------
    >>> from cemlib.twin.world import build_world
    >>> reach_of(build_world(3)).round(3)[:2].tolist()
    [0.115, 0.021]
    """
    found = []
    for _, plmn, direction, *_ in DEALS.values():
        row = world.row_of(plmn)
        countries = world.countries["outbound" if direction == "OUT" else "inbound"].to_numpy()
        share = world.networks["share" if direction == "OUT" else "natural"].to_numpy()
        found.append(countries[world.networks["country_row"].to_numpy()[row]] * share[row])
    return np.array(found)


def month_text(number: int) -> str:
    """A month of the model as its settlement names it; number 0 is March 2026.

    Examples
    --------
    >>> month_text(0), month_text(-3), month_text(10)
    ('2026-03', '2025-12', '2027-01')
    """
    at = 2026 * 12 + 2 + number
    return f"{at // 12}-{at % 12 + 1:02d}"


@COMMERCE.node("deal", labels=tuple(DEALS))
def deal_number(draw):
    """The agreement."""
    return draw.ids


@COMMERCE.node("deal", decimals=3)
def deal_growth(draw):
    """Growth of use in a year."""
    return 1.08 + 0.08 * draw.normal()


@COMMERCE.node("deal_month")
def deal_month_number(draw):
    """Number of the month; 0 is the first of the period."""
    return draw.number


@COMMERCE.node("deal_month", decimals=3, unit="MB")
def deal_month_mb(draw, deal_number, deal_month_number, deal_growth, deal_reach, customers):
    """Data that roamers used in the month: travellers by season, five days abroad, sixty megabytes a day."""
    usual = 0.42 * customers * deal_reach[deal_number] * 5.2 * 60
    trend = exact.power(deal_growth, (deal_month_number + 12) / 12)
    return usual * _YEAR[deal_month_number % 12] * trend * draw.of(exact.lognormal_quantile(0.06))


@COMMERCE.node("deal_month", decimals=6)
def deal_month_gap(draw):
    """What the partner counts more or less than we do: rounding and files that cross the month's end, now and then a lost file."""
    lost = draw.uniform("lost") < 0.03
    return 0.0004 * draw.normal() - np.where(lost, 0.03 + 0.05 * draw.uniform("how much"), 0.0)


@COMMERCE.node("deal_month")
def deal_month_is_over(deal_month_number, days):
    """Whether the month is over and was settled."""
    return (deal_month_number + 1) * MONTH_DAYS <= days


@COMMERCE.feed("agreement_register", "deal", file="agreements.csv", dirt=Dirt(
    {"too_few_columns": 1, "duplicate": 1, "unknown_code": 1}, {"unknown_code": "direction"}, {"unknown_code": "BOTH"}))
def agreement_register(ids, deal_number, deal_reach, customers):
    """The deal library: this year's terms from July on, and those of the year before."""
    rows: list[list[str]] = []
    for at in deal_number.tolist():
        name, (partner, _, direction, model, price, currency, committed) = list(DEALS.items())[at]
        usual = 0.42 * customers * deal_reach[at] * 5.2 * 60 * _YEAR.sum()
        for year, factor in ((24, 1.06), (25, 1.0)):
            valid = [f"20{year + 1}-04-01", f"20{year}-07-01", f"20{year + 1}-07-01"]
            code, rate = f"{name}-{year}", price * factor
            tiers = [(0, rate)] if not model.startswith("tiered") else [(0, rate), (round(usual * 0.5e6), 0.8 * rate), (round(usual * 0.9e6), 0.65 * rate)]
            amount = "" if committed is None else f"{usual * rate * 1.08 * committed * (1 + _TALK_S / 60 * _MINUTE):.2f}"
            if amount:
                rows.append([code, partner, direction, model, "ALL", "0", "", currency, amount, *valid])
            for service, charge in (("GPRS", 1.0), ("MOC", _MINUTE)):
                for start, tier in tiers if service == "GPRS" else tiers[:1]:
                    rows.append([code, partner, direction, model, service, str(start), f"{tier * charge:.6f}", currency, "", *valid])
    names = ("agreement", "partner", "direction", "model", "service", "tier_from", "price", "currency", "commitment", "notice", "from", "to")
    return {name: pa.array(list(column)) for name, column in zip(names, zip(*rows))}


@COMMERCE.feed("settlement_statement", "deal_month", file="statements.csv", keep="deal_month_is_over", dirt=Dirt(
    {"too_few_columns": 2, "too_many_columns": 1, "duplicate": 1, "unknown_code": 1}, {"unknown_code": "service"}, {"unknown_code": "FAX"}))
def settlement_statement(ids, deal_number, deal_month_number, deal_month_mb, deal_month_gap, days):
    """What we counted and what the partner counted, a line a service; of the newest month the partner's is pending."""
    newest = days // MONTH_DAYS - 1
    rows: list[list[str]] = []
    for deal, number, used, gap in zip(deal_number.tolist(), deal_month_number.tolist(), deal_month_mb.tolist(), deal_month_gap.tolist()):
        name, (_, _, direction, _, price, currency, _) = list(DEALS.items())[deal]
        year, factor = (25, 1.0) if number >= _FIRST_OF_YEAR else (24, 1.06)
        for service, quantity, charge in (("GPRS", 1e6 * used, used * price * factor), ("MOC", _TALK_S * used, _TALK_S * used / 60 * price * factor * _MINUTE)):
            theirs = ["pending", "pending"] if number == newest else [str(round(quantity * (1 + gap))), f"{charge * (1 + gap):.2f}"]
            rows.append([f"{name}-{year}", direction, service, month_text(number), str(round(quantity)), theirs[0], f"{charge:.2f}", theirs[1], currency])
    names = ("agreement", "direction", "service", "month", "own_units", "partner_units", "own_amount", "partner_amount", "currency")
    return {name: pa.array(list(column), pa.string()) for name, column in zip(names, zip(*rows, strict=True))}
