"""Where no study can be opened: why not, and an example to copy."""

from __future__ import annotations

import pandas as pd

from cemwidgets.panel.parts import Column, box, esc, table

__all__ = ["example_box", "refused_table"]

_STEPS = ("Copy templates/study/survey.yaml and survey.csv of the workbench into the folder “studies” beside the lake (data/studies for data/lake).",
          "Open this page with the study “survey”: it works as it is.",
          "Put in your own file and columns; pseudonyms only. CONTRIBUTING.md, “Add a study”, says what each key means.")


def refused_table(frame: pd.DataFrame) -> str:
    """Each study, why it cannot be opened, and what to do."""
    columns = [Column("study", "study", narrow="head"), Column("why", "why"), Column("todo", "what to do")]
    return table(columns, frame.to_dict("records"), caption="Studies that cannot be opened")


def example_box(text: str) -> str:
    """How to bring a study of one's own; ``text`` is one that opens."""
    steps = "".join(f"<li>{esc(one)}</li>" for one in _STEPS)
    shown = f'<details class="cem-details" data-key="example"><summary>survey.yaml</summary><pre class="cem-scroll" tabindex="0">{esc(text)}</pre></details>' if text else ""
    return box("A study of your own", f'<ol class="cem-note">{steps}</ol>{shown}')
