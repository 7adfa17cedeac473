"""A page with every widget, on invented figures: what the browser tests click on."""

from __future__ import annotations

import cemwidgets as cw
import numpy as np
import pandas as pd

PARTNERS = pd.DataFrame(
    [
        ("P17", "Boreal Mobil", "99917", "TR", 4102, 0.871, 0.860, 0.881, "ok", "HSS says roaming not allowed", "home side"),
        ("P31", "Delta Wireless", "99931", "EG", 812, 0.930, 0.910, 0.946, "ok", "no answer on hub IPX-2", "interconnect side"),
        ("P08", "Isla Cel", "99908", "MX", 1377, 0.955, 0.943, 0.965, "ok", "within its band", ""),
        ("P22", "Nusantara", "99922", "ID", 690, 0.949, 0.930, 0.963, "ok", "within its band", ""),
        ("P40", "Adria Net", "99940", "HR", 3260, 0.986, 0.981, 0.990, "ok", "within its band", ""),
        ("P41", "Melita Go", "99941", "MT", 560, 0.978, 0.962, 0.987, "ok", "within its band", ""),
        ("P42", "Anatolia", "99942", "TR", 900, 0.981, 0.969, 0.988, "ok", "within its band", ""),
        ("P12", "Lumo", "99912", "KE", 14, 0.857, 0.601, 0.960, "too_few", "too few to judge", ""),
    ],
    columns=["key", "label", "plmn", "country_code", "den", "value", "low", "high", "state", "why", "side"],
)


def countries(rat: str) -> pd.DataFrame:
    """Invented success by country; 4G is a little better."""
    codes = ["DE", "FR", "GB", "ES", "IT", "PT", "NL", "BE", "AT", "CH", "SE", "NO", "DK", "FI", "IE", "PL", "CZ", "SK", "HU", "RO", "BG", "GR", "HR", "SI", "US", "CA", "BR", "AR", "CL", "CO", "PE", "MA", "DZ", "TN", "EG", "ZA", "NG", "KE", "IN", "CN", "JP", "KR", "TH", "VN", "MY", "SG", "ID", "AU", "NZ", "MX", "TR", "SA", "AE", "IL", "MT", "MV", "IS"]
    draw = np.random.default_rng(3)
    value = np.clip(draw.normal(0.975, 0.014, len(codes)) + (0.004 if rat == "4g" else 0), 0, 1)
    rows = pd.DataFrame({"country_code": codes, "value": value, "den": draw.integers(200, 9000, len(codes)), "state": "ok"})
    rows.loc[rows["country_code"].eq("TR"), "value"] = 0.885
    rows.loc[rows["country_code"].eq("EG"), "value"] = 0.93
    rows.loc[rows["country_code"].eq("DZ"), "value"] = 0.915
    rows.loc[rows["country_code"].isin(["KE", "PE", "NG"]), ["state", "den"]] = ["too_few", 14]
    rows.loc[rows["country_code"].eq("IS"), "state"] = "suppressed"
    return rows.assign(low=rows["value"] - 0.01, high=np.minimum(rows["value"] + 0.008, 1))


def course(partner: str) -> pd.DataFrame:
    """Four days by hour: a fall for P17, a gap, and a night with too few."""
    at = pd.date_range("2026-03-18", periods=92, freq="h", tz="UTC")
    draw = np.random.default_rng(sum(map(ord, partner)))
    value = 0.982 + draw.normal(0, 0.003, len(at)) + 0.004 * np.sin(np.arange(len(at)) / 24 * 6.28)
    if partner == "P17":
        value[62:] = 0.87 + draw.normal(0, 0.011, len(at) - 62)
    frame = pd.DataFrame({"at": at, "value": value, "den": 120, "state": "ok"})
    frame["low"], frame["high"] = frame["value"] - 0.02, frame["value"] + 0.012
    frame["expected_low"], frame["expected_high"] = 0.968 + 0.004 * np.sin(np.arange(len(at)) / 24 * 6.28), 0.993
    frame.loc[26:30, ["state", "den"]] = ["too_few", 9]
    return frame.drop(index=range(40, 44))


def records() -> pd.DataFrame:
    """1,234 invented records."""
    draw = np.random.default_rng(5)
    return pd.DataFrame({
        "attempted_at": pd.date_range("2026-03-18", periods=1234, freq="min"), "visited_plmn_code": draw.choice(["99917", "99931"], 1234),
        "rat_code": draw.choice(["4g", "5g"], 1234), "cause_code": draw.choice(["5004", "5001", "0"], 1234), "duration_ms": draw.integers(80, 4000, 1234),
    })


class WidgetPage:
    """The composition: what an app's page does with the widgets."""

    def __init__(self, rat: str = "all", partner: str = "P17") -> None:
        self.partner = partner
        self.filters = cw.FilterBar(
            [
                cw.Choice("direction", "", (("outbound", "Outbound"), ("inbound", "Inbound")), "outbound"),
                cw.Choice("rat", "RAT", (("all", "all"), ("4g", "4G"), ("5g", "5G")), "all"),
                cw.Day("since", "from", "2026-03-01", "2026-03-30"),
            ],
            {"rat": rat}, on_change=self.refilter, tail=lambda query: cw.actions(share=query, more=[("export", "Export")]),
        )
        self.answer = cw.Panel(self._answer())
        self.cards = cw.Panel(self._cards())
        self.map = cw.CountryMap(countries(rat), PARTNERS.rename(columns={}), title="Registration success by country")
        self.map.on("map", self.on_map)
        self.partners = cw.Panel()
        self.partners.on("select_partner", lambda event: self.select(event["partner_code"]))
        self.partners.on("break", lambda event: 1 / 0)
        self.trend = cw.Trend(course(partner), change_at="2026-03-20T14:00", change_text="20 Mar 14:00 change found", description="hourly registration success")
        self.trend_box = cw.Boxed("Boreal Mobil", self.trend, note="hourly registration success, expected band in grey")
        self.causes = cw.Panel(self._causes())
        self.causes.on("records", lambda event: self.records.show(records(), title="Records", note="Boreal Mobil, since the change"))
        self.records = cw.Records()
        self.footer = cw.Panel(cw.footer(["snapshot 2031", "KPI roaming_registration_episode_success_ratio 1.2 (GSMA IR.42)", "95 % Wilson intervals", "groups under 10 subscribers hidden"]))
        self.select(partner)

    def view(self) -> cw.Stack:
        """The whole page."""
        return cw.Stack(
            self.answer, self.filters, self.cards, cw.Columns(cw.Boxed("Success by country", self.map, note="episode rate, colour; circles: partners"), self.partners),
            cw.Columns(self.trend_box, self.causes), self.records, self.footer,
        )

    def on_map(self, event: dict) -> None:
        """A mark selects its partner, a country its first one."""
        here = PARTNERS.loc[PARTNERS["country_code"].eq(event["code"]), "key"]
        if event["kind"] == "mark":
            self.select(event["key"])
        elif len(here):
            self.select(here.iloc[0])
        self.map.selected = event["key"]

    def refilter(self, values: dict) -> None:
        """Recolour."""
        self.map.show(countries(values["rat"]), PARTNERS)

    def select(self, key: str) -> None:
        """Select a partner in table, map and trend."""
        self.partner = key
        row = PARTNERS.set_index("key").loc[key]
        self.partners.html = self._partners()
        self.map.selected = row["country_code"]
        self.trend.show(course(key), change_at="2026-03-20T14:00" if key == "P17" else None)
        self.trend_box.rename(row["label"], "hourly registration success, expected band in grey")

    def _answer(self) -> str:
        return cw.question(
            "Which partners are failing our roamers, and why?",
            ["**Two of 40.** Boreal Mobil (Türkiye) has rejected one registration in eight since 20 March 14:00 – **our HSS answers \"roaming not allowed\"**, 1,031 roamers affected.",
             "Delta Wireless (Egypt) shares a hub with three others that stopped answering for an hour.", "Four partners are too small to judge."],
        )

    def _cards(self) -> str:
        draw = np.random.default_rng(1)
        flat = [0.98 + one for one in draw.normal(0, 0.002, 60)] + [0.965 + one for one in draw.normal(0, 0.002, 20)]
        return cw.cards([
            cw.card("Registration success", cw.percent(0.98123), unit="%", note="episode, last 24 h", interval="95 % 97.9 – 98.3", compare="−0.9 points against expected", verdict="worse", spark=cw.sparkline(flat), name="success_ratio", exact=0.98123),
            cw.card("Affected roamers", cw.number(1284), note="failed episodes", interval="95 % 1,190 – 1,377", compare="+1,050 against last Monday", verdict="worse", spark=cw.sparkline([1 - one for one in flat]), name="affected", exact=1284),
            cw.card("Data session setup", "0.42", unit="s", note="median", interval="95 % 0.41 – 0.43", compare="as expected", verdict="better", spark=cw.sparkline(list(draw.normal(0.42, 0.01, 80)))),
            cw.card("Steering share", "78.6", unit="%", note="of registrations, target 80 %", interval="95 % 78.2 – 79.0", compare="1.4 points under target", verdict="watch", spark=cw.sparkline(list(draw.normal(0.79, 0.01, 80)))),
        ])

    def _partners(self) -> str:
        columns = [
            cw.Column("label", "Partner", narrow="head"), cw.Column("den", "Attempts", "number"), cw.Column("glyph", "Interval and expected band", "picture"),
            cw.Column("shown", "%", "number", narrow="main"), cw.Column("why", "Why"),
        ]
        rows = []
        for row in PARTNERS.sort_values("low").sort_values("state", kind="stable").to_dict("records"):
            glyph = cw.interval_glyph(row["value"], row["low"], row["high"], domain=(0.84, 1), band=(0.965, 0.985), state=row["state"], below=row["high"] < 0.965, label=f"{cw.percent(row['low'])} to {cw.percent(row['high'])} %, expected 96.5 to 98.5 %")
            few = row["state"] == "too_few"
            rows.append({**row, "partner_code": row["key"], "label_note": f"{row['plmn']} · {row['country_code']}", "glyph": glyph, "shown": None if few else cw.percent(row["value"]), "why_note": row["side"], "_few": few})
        return cw.box("Partners", cw.table(columns, rows, caption="Partners, worst first", event="select_partner", key="partner_code", selected=self.partner), note="worst first, by lower bound",
                      foot='<button type="button" class="cem-link" data-event="break" data-key="break">all 40 partners</button>')

    def _causes(self) -> str:
        columns = [cw.Column("cause", "Cause", narrow="head"), cw.Column("area", "Area"), cw.Column("side", "Side"), cw.Column("rejects", "Rejects", "number"), cw.Column("bar", "", "picture"), cw.Column("share", "Share", "number", narrow="main")]
        rows = [
            {"cause": cause, "cause_note": note, "area": area, "side": side, "rejects": count, "bar": cw.meter(count / 4100), "share": f"{100 * count / 4100:.0f} %"}
            for cause, note, area, side, count in [
                ("S6a 5004", "ROAMING_NOT_ALLOWED", "agreement or steering", "home", 3118), ("S6a 5001", "USER_UNKNOWN", "provisioning", "home", 402),
                ("no answer", "timer expired", "transport", "interconnect", 334), ("S6a 5421", "RAT_NOT_ALLOWED", "agreement or steering", "home", 110),
            ]
        ]
        foot = ("<strong>First action.</strong> Check that the agreement for 999 17 covers LTE in our HSS profile. "
                '<button type="button" class="cem-link" data-event="records" data-key="records">3,964 records</button>')
        return cw.box("Reject causes", cw.table(columns, rows, caption="Reject causes"), note="since the change", foot=foot)
