"""From a moved lever to the redrawn chart, in the browser, on 100,000 customers: prints medians and the slowest tenth in milliseconds.

Needs Chromium (``CEM_CHROMIUM``). Each figure is one position of the first lever of the app ``whatif_satisfaction``; the first move fits a regression and
is told apart.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from pathlib import Path

from tests.bench.whatif_study import write_study

_MOVE = """async (moves) => {
  const out = [], field = document.querySelector('[data-live]');
  const chart = () => document.querySelector('[data-figure="effect"]')?.dataset.value;
  for (let k = 0; k < moves; k++) {
    const before = chart(), begun = performance.now();
    field.value = Number(field.min) + (k % 2 ? 0.2 : 0.5) * (field.max - field.min) + k;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((done) => {
      const seen = new MutationObserver(() => { if (chart() !== before) { seen.disconnect(); requestAnimationFrame(() => setTimeout(done)); } });
      seen.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
    });
    out.push(performance.now() - begun);
    await new Promise((rest) => setTimeout(rest, 200));
  }
  return out;
}"""


def run(size: int) -> list[dict]:
    """Rows of the common table; the number of customers is fixed."""
    from playwright.sync_api import sync_playwright

    from cemlib.report.serve import start_apps

    chromium = os.environ.get("CEM_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        return [{"name": "lever to redrawn chart: no Chromium here", "value": float("nan"), "unit": "ms"}]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CEM_LAKE"] = str(Path(folder) / "lake")
        write_study(Path(folder) / "studies", 100_000)
        server = start_apps(0, role="analyst")
        try:
            base, token = server.url.split("/?")
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
                page = browser.new_page()
                page.goto(f"{base}/voila/render/whatif_satisfaction.ipynb?{token}&study=invented", wait_until="domcontentloaded", timeout=600_000)
                page.wait_for_selector(".cem-footer", timeout=600_000)
                first, *times = page.evaluate(_MOVE, 40)
                browser.close()
        finally:
            server.stop()
    rows = (("lever to redrawn chart, 100,000 customers: median (wanted < 150)", statistics.median(times)), ("slowest tenth", statistics.quantiles(times, n=10)[-1]), ("first move", first))
    return [{"name": name, "value": round(value), "unit": "ms"} for name, value in rows]


if __name__ == "__main__":
    for row in run(0):
        print(row["name"], row["value"], row["unit"])
