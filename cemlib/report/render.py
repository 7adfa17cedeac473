"""The executed notebook as one HTML file that asks no other host for anything, and that file as PDF."""

from __future__ import annotations

import html
import os
import re
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import HTMLExporter

from cemlib.errors import ReportError
from cemlib.report.publish import RESULT_MIME
from cemlib.settings import settings

__all__ = ["HOW_TO_GET_PDF", "error_card", "external_references", "find_chromium", "print_pdf", "render_html"]

HOW_TO_GET_PDF = (
    "No PDF: it is printed by Chromium, which was not found. Install it (Debian, Ubuntu: apt-get install chromium) "
    "or set CEM_CHROMIUM to its path; the Python package is the extra 'pdf'."
)
_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# No host may be asked for anything, whatever a cell's output holds; inline pictures, styles and scripts work.
_POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data: blob:; media-src data:; font-src data:; '
    "style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval' blob:; worker-src blob:; frame-src blob: data:; "
    "base-uri 'none'; form-action 'none'\">"
)
# attributes that make a browser fetch; the href of <a> and <area> is followed by a reader alone
_FETCHING = {"src", "srcset", "data", "poster", "background", "href", "xlink:href", "action", "formaction", "ping", "manifest", "imagesrcset"}
_FOLLOWED = {"a", "area"}
_INLINE = re.compile(r"\s*(data:|blob:|#|about:|javascript:|$)", re.IGNORECASE)
_STYLE_URL = re.compile(r"url\(\s*['\"]?\s*([^'\")]*)|@import\s+(?:url\()?\s*['\"]?([^'\");]+)", re.IGNORECASE)


class _References(HTMLParser):
    """Collects everything in a page that a browser would fetch."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        for name, value in attrs:
            value = value or ""
            if name == "srcdoc":
                self.found += external_references(value)
            elif name == "style":
                self._style(value)
            elif name in _FETCHING and not (tag in _FOLLOWED and name == "href") and not _INLINE.match(value):
                self.found.append(f"<{tag} {name}={value[:100]!r}>")

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._style(data)

    def _style(self, text: str) -> None:
        for match in _STYLE_URL.finditer(text):
            target = match[1] if match[1] is not None else match[2]
            if not _INLINE.match(target):
                self.found.append(f"style {target[:100]!r}")


def external_references(page: str) -> list[str]:
    """Everything that a page would fetch from elsewhere: scripts, styles, pictures, frames, and what is within frames.

    Links that a reader may follow are not fetched and not counted.

    Examples
    --------
    >>> external_references('<img src="data:image/png;base64,AA=="><a href="https://example.org">more</a>')
    []
    >>> external_references('<script src="//cdn.example/x.js"></script>')
    ["<script src='//cdn.example/x.js'>"]
    """
    parser = _References()
    parser.feed(page)
    parser.close()
    return parser.found


def error_card(step: str, message: str) -> str:
    """The card that stands where a step failed: which one, why in one sentence, and that what is above it holds."""
    return (
        '<section class="cem-error" role="alert"><h2>This report is not complete</h2>'
        f"<p>The step <strong>{html.escape(step)}</strong> failed; what stands above it was computed, what follows was not.</p>"
        f"<pre>{html.escape(message[:1000])}</pre></section>"
    )


def _readable(notebook: Any) -> Any:
    """A copy with what a reader is to see: no result data, no warnings, no tracebacks."""
    shown = nbformat.from_dict(dict(notebook))
    shown.cells = []
    for cell in notebook.cells:
        cell = nbformat.from_dict(dict(cell))
        if cell.cell_type == "code":
            kept = []
            for output in cell.outputs:
                if output.output_type == "error" or (output.output_type == "stream" and output.name == "stderr"):
                    continue
                if "data" in output:
                    data = {kind: value for kind, value in output.data.items() if kind != RESULT_MIME}
                    if "text/html" in data:
                        # the static twin; the live view would need a widget manager from elsewhere
                        data.pop("application/vnd.jupyter.widget-view+json", None)
                    if not data:
                        continue
                    output = nbformat.from_dict({**output, "data": data})
                kept.append(output)
            cell.outputs = kept
        shown.cells.append(cell)
    # the state of live widgets is of no use without their code, and large
    shown.metadata = nbformat.from_dict({name: value for name, value in notebook.metadata.items() if name != "widgets"})
    return shown


def render_html(notebook: Any, facts: dict[str, Any], failure: tuple[int, str] | None = None) -> str:
    """Render an executed notebook.

    Parameters
    ----------
    notebook : NotebookNode
    facts : dict
        What the template shows around it: title, question, status, parameters, snapshot, started_at, result_hash; there
        as ``resources.cem``.
    failure : tuple of int and str, optional
        The cell below which nothing was computed, and the card to put there.

    Raises
    ------
    ReportError
        When the page would ask another host for something.
    """
    shown = _readable(notebook)
    if failure is not None:
        at, card = failure
        # what a cell shows as mere text when it fails is the name of an object that could not show itself
        if shown.cells[at].cell_type == "code":
            shown.cells[at].outputs = [one for one in shown.cells[at].outputs if "data" not in one or set(one.data) != {"text/plain"}]
        output = nbformat.v4.new_output("display_data", data={"text/html": card})
        cell = nbformat.v4.new_code_cell("", outputs=[output])
        shown.cells = [*shown.cells[: at + 1], cell]
    folder = settings().home / "templates" / "nbconvert"
    has_template = (folder / "cem_report" / "conf.json").is_file()
    exporter = HTMLExporter(
        template_name="cem_report" if has_template else "basic",
        extra_template_basedirs=[str(folder)],
        exclude_input=True, exclude_input_prompt=True, exclude_output_prompt=True, exclude_anchor_links=True, embed_images=True,
    )
    # what a page may not fetch is checked below; a template that asks for these names finds them empty
    exporter.require_js_url = exporter.mathjax_url = exporter.jquery_url = exporter.mermaid_js_url = exporter.html_manager_url = ""
    with warnings.catch_warnings():
        # a warning of a library in the renderer is nothing that a reader of the report could act on
        warnings.simplefilter("ignore")
        body, _ = exporter.from_notebook_node(shown, resources={"cem": facts, "metadata": {"name": facts.get("title", "")}})
    if "<html" not in body[:2000].lower():
        title = html.escape(str(facts.get("title", "")))
        body = f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head><body><main>{body}</main></body></html>\n'
    found = external_references(body)
    if found:
        raise ReportError("The report would ask another host for something.", wanted="one file that holds everything", came="; ".join(found[:5]),
                          todo="Inline it, or take it out of the notebook's output.")
    # after the charset, which must stand within the first 1024 bytes
    return re.sub(r"(<head[^>]*>\s*(?:<meta charset=[^>]*>)?)", lambda match: match[1] + _POLICY, body, count=1, flags=re.IGNORECASE)


def find_chromium() -> str | None:
    """The path of a Chromium on this machine: ``CEM_CHROMIUM``, else the usual names; None where there is none."""
    for name in (os.environ.get("CEM_CHROMIUM", ""), *_CHROMIUM_NAMES):
        found = shutil.which(name) if name else None
        if found:
            return found
    return None


def print_pdf(page: Path, target: Path, timeout_s: float = 120.0) -> None:
    """Print an HTML file as PDF with the machine's own Chromium; it is given no network.

    Raises
    ------
    ReportError
        When there is no Chromium or no Playwright, or the page cannot be printed.
    """
    chromium = find_chromium()
    if chromium is None:
        raise ReportError(HOW_TO_GET_PDF)
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise ReportError(HOW_TO_GET_PDF) from None

    def run() -> None:
        with sync_playwright() as playwright:
            # Chromium refuses its sandbox to the superuser; the page is our own and has no network
            arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=chromium, args=arguments, timeout=timeout_s * 1000)
            try:
                context = browser.new_context(offline=True, color_scheme="light", viewport={"width": 1280, "height": 1600})
                tab = context.new_page()
                tab.set_default_timeout(timeout_s * 1000)
                tab.goto(page.resolve().as_uri(), wait_until="load")
                tab.emulate_media(media="print")
                tab.evaluate("document.fonts.ready.then(() => true)")
                tab.pdf(path=str(target), format="A4", print_background=True, prefer_css_page_size=True, display_header_footer=True,
                        margin={"top": "14mm", "bottom": "16mm", "left": "12mm", "right": "12mm"}, header_template="<span></span>",
                        footer_template='<div style="font:8px sans-serif;width:100%;text-align:center">'
                                        '<span class="title"></span> · <span class="pageNumber"></span> / <span class="totalPages"></span></div>')
            finally:
                browser.close()

    try:
        # in a thread of its own: Playwright refuses to run in one that has an event loop, as a notebook's has
        with ThreadPoolExecutor(max_workers=1) as pool:
            pool.submit(run).result()
    except Error as error:
        raise ReportError("The report could not be printed as PDF.", came=str(error).splitlines()[0], where=chromium) from None
