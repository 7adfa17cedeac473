"""Running a notebook as a report: what is written, when it is refused, and what is kept when it fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import pytest

import cemlib as cem
from cemlib.errors import CallError, ParameterError, ReportError, UnknownNameError
from cemlib.report.runner import report_folder

PAGE = "page = cem.page_parameters('tiny', globals())"
PUBLISH = "import pandas as pd\ncem.publish({'days': page.days, 'share': page.share / 3}, {'partners': pd.DataFrame({'partner_code': ['=a', 'b'], 'num': [1, 2]})})"
SHOW = "from IPython.display import HTML\nHTML(f'<b data-figure=\"days\" data-value=\"{page.days}\">{page.days}</b>')"
GOOD = ("# What runs\n\nSome words.", PAGE, "# The figures", "import sys\nprint('careful', file=sys.stderr)", SHOW, PUBLISH)


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_a_good_run_writes_everything(make_notebook, tmp_path):
    told = []
    notebook = make_notebook(*GOOD)
    before = notebook.read_bytes()
    record = cem.run_report(notebook, out=tmp_path / "out", progress=lambda *one: told.append(one), days="30", rat="5g")
    assert record.status == "ok"
    assert record.parameters == {"partner": "", "days": 30, "share": 0.5, "rat": "5g", "wide": False, "since": ""}
    assert record.figures == {"days": 30, "share": 0.5 / 3}
    assert record.role == "manager"
    assert notebook.read_bytes() == before
    # the folder's name says that the parameters are not the defaults; nothing else is left in out/
    assert record.out.name.startswith("tiny_")
    assert names(tmp_path / "out") == [record.out.name]
    assert names(record.out) == ["executed.ipynb", "partners.csv", "report.html", "run.json"]

    told_record = json.loads((record.out / "run.json").read_text())
    assert told_record == record.to_dict()
    assert {one["name"] for one in record.files} == {"executed.ipynb", "partners.csv", "report.html"}
    assert (record.out / "partners.csv").read_text() == "partner_code,num\n'=a,1\nb,2\n"

    page = (record.out / "report.html").read_text()
    assert '<b data-figure="days" data-value="30">30</b>' in page
    # no code, no warning, no result data on the page
    for word in ("page_parameters", "careful", "vnd.cem.result", "injected"):
        assert word not in page.replace("celltag_injected-parameters", "")

    titles = [one[2] for one in told]
    assert titles[-1] == "writing"
    assert "What runs" in titles
    assert [one[0] for one in told] == sorted(one[0] for one in told)
    assert told[-1][0] == told[-1][1]
    assert [one["step"] for one in record.steps][-1] == "The figures"

    # the same again: the same hash, in the same place, and with other parameters another
    again = cem.run_report(notebook, out=tmp_path / "out", parameters={"days": 30, "rat": "5g"})
    assert (again.result_hash, again.out) == (record.result_hash, record.out)
    assert names(tmp_path / "out") == [record.out.name]
    assert len(record.result_hash) == 64
    other = cem.run_report(notebook, out=tmp_path / "out", to="csv")
    assert other.result_hash != record.result_hash
    assert names(tmp_path / "out") == ["tiny", record.out.name]
    assert names(other.out) == ["executed.ipynb", "partners.csv", "run.json"]


def test_the_kernel_is_this_interpreter_in_a_known_place(make_notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("QUERY_STRING", "days=90")
    monkeypatch.setenv("VOILA_PREHEAT", "True")
    monkeypatch.delenv("CEM_ROLE", raising=False)
    monkeypatch.chdir(tmp_path)
    # the notebook's own kernel name exists nowhere; see conftest
    notebook = make_notebook(PAGE, "import os, sys", "cem.publish({name.lower(): value for name, value in {"
                             "'python': sys.executable, 'folder': os.getcwd(), 'role': os.environ['CEM_ROLE'], 'query': os.environ.get('QUERY_STRING'), "
                             "'preheat': os.environ.get('VOILA_PREHEAT'), 'lake': os.environ['CEM_LAKE'], 'days': page.days}.items()})")
    figures = cem.run_report(notebook, out="reports", to="csv").figures
    assert figures["python"] == sys.executable
    assert figures["folder"] == str(cem.settings.settings().home)
    assert figures["role"] == "manager"
    assert (figures["query"], figures["preheat"], figures["days"]) == (None, None, 7)
    assert os.path.isabs(figures["lake"])
    # a relative out is the caller's, not the kernel's
    assert names(tmp_path / "reports") == ["tiny"]


@pytest.mark.parametrize(("place", "transport"), [("short", "ipc"), ("a folder whose path is longer than that of a socket may be" * 2, "tcp")])
def test_report_and_kernel_talk_where_nobody_else_can(make_notebook, tmp_path, place, transport):
    """By sockets in a folder of the run's own: a port that was free a second ago may be taken. Where its path is too long, by ports."""
    notebook = make_notebook("from ipykernel.kernelapp import IPKernelApp", "app = IPKernelApp.instance()",
                             "cem.publish({'transport': app.transport, 'is_encrypted': str(bool(app.curve_secretkey))})")
    with tempfile.TemporaryDirectory(prefix="cem-") as short, pytest.MonkeyPatch.context() as patch:
        folder = Path(short) if place == "short" else tmp_path / place
        folder.mkdir(exist_ok=True)
        patch.setattr(tempfile, "tempdir", str(folder))
        figures = cem.run_report(notebook, out=tmp_path / "out").figures
        assert figures == {"transport": transport, "is_encrypted": "True"}
        assert names(folder) == []


@pytest.mark.parametrize(("call", "error"), [
    ({"dyas": 7}, ParameterError), ({"days": "0"}, ParameterError), ({"to": "docx"}, UnknownNameError), ({"to": ()}, CallError), ({"role": "boss"}, UnknownNameError),
    ({"timeout_s": 0}, ParameterError), ({"days; import os": 1}, ParameterError), ({"parameters": {"out": "x"}}, ParameterError),
])
def test_a_wrong_call_runs_nothing(make_notebook, tmp_path, call, error):
    with pytest.raises(error) as caught:
        cem.run_report(make_notebook("1/0"), **{"out": tmp_path / "out", **call})
    assert caught.value.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_an_unknown_notebook_is_told(tmp_path):
    with pytest.raises(UnknownNameError):
        cem.run_report("no_such_notebook", out=tmp_path)


def test_a_failure_keeps_what_was_computed_and_the_last_good_report(make_notebook, tmp_path):
    out = tmp_path / "out"
    good = cem.run_report(make_notebook("# First", SHOW.replace("page.", ""), PUBLISH.replace("page.", "")), out=out)
    kept = (good.out / "report.html").read_bytes()
    notebook = make_notebook("# First", SHOW.replace("page.", ""), PUBLISH.replace("page.", ""), "# The <second> step", "raise cem.CemError('The lake is <empty>.', todo='Fill it.')",
                             "# Third", "print('never')")
    with pytest.raises(ReportError, match="'The <second> step'") as caught:
        cem.run_report(notebook, out=out)
    error = caught.value
    assert error.exit_code == 1
    assert "The lake is <empty>." in error.came
    failed = Path(error.where)
    assert failed == out / "tiny.failed"
    assert names(failed) == ["executed.ipynb", "partners.csv", "report.html", "run.json"]
    record = json.loads((failed / "run.json").read_text())
    assert (record["status"], record["error"]["step"], record["error"]["kind"], record["result_hash"]) == ("failed", "The <second> step", "CemError", "")
    page = (failed / "report.html").read_text()
    assert 'data-figure="days"' in page
    assert "The step <strong>The &lt;second&gt; step</strong> failed" in page
    assert "The lake is &lt;empty&gt;." in page
    assert "Traceback" not in page
    assert "Third" not in page
    executed = nbformat.read(failed / "executed.ipynb", as_version=4)
    assert any(output.output_type == "error" for cell in executed.cells for output in cell.get("outputs", []))
    # the last good report is still there, and goes on when the next run is good
    assert (good.out / "report.html").read_bytes() == kept
    cem.run_report(make_notebook("1"), out=out)
    assert names(out) == ["tiny"]


@pytest.fixture(scope="module")
def pace(tmp_path_factory):
    """Seconds that a run of next to nothing takes on this machine, as busy as it is."""
    place = tmp_path_factory.mktemp("pace")
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import cemlib")]), place / "nothing.ipynb")
    started = time.monotonic()
    cem.run_report(place / "nothing.ipynb", out=place)
    return time.monotonic() - started


@pytest.mark.parametrize(("limit", "words", "runs"), [("timeout_s", "s for the report", 4), ("cell_timeout_s", "s for one step", 1)])
def test_a_time_limit_ends_the_run(make_notebook, tmp_path, pace, limit, words, runs):
    # what comes before the long cell is done within the limit, however slow the machine is
    seconds = 5.0 + round(runs * pace)
    notebook = make_notebook("# Before", "print('computed')", "# The long one", "import os, time\nprint('pid', os.getpid())\nfor _ in range(3000):\n    time.sleep(.1)", "print('never')")
    started = time.monotonic()
    with pytest.raises(ReportError, match="'The long one'") as caught:
        cem.run_report(notebook, out=tmp_path / "out", **{limit: seconds})
    assert time.monotonic() - started < 250
    assert f"{seconds:g} {words}" in caught.value.came
    failed = Path(caught.value.where)
    assert "computed" in (failed / "report.html").read_text()
    # what the long cell had printed is kept, and its kernel is gone
    text = (failed / "executed.ipynb").read_text()
    pid = int(text.split("pid ")[1].split("\\n")[0])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_kernel_that_dies_is_told(make_notebook, tmp_path):
    with pytest.raises(ReportError, match="'The end'") as caught:
        cem.run_report(make_notebook("# The end", "import os\nos._exit(9)"), out=tmp_path)
    assert "The kernel died" in caught.value.came


@pytest.mark.parametrize(("cells", "words"), [
    (("# Leaves", "import sys\nsys.exit(0)", "# After", "1"), "ended itself"),
    (("cem.publish({'a': 1})", "cem.publish({'a': 2})"), "publishes 'a' twice"),
    (("# Picture", "from IPython.display import HTML\nHTML('<img src=\"https://cdn.example/x.png\">')"), "ask another host"),
])
def test_a_run_that_only_looks_good_fails(make_notebook, tmp_path, cells, words):
    with pytest.raises(ReportError) as caught:
        cem.run_report(make_notebook(*cells), out=tmp_path)
    assert words in caught.value.came
    assert json.loads((tmp_path / "tiny.failed" / "run.json").read_text())["status"] == "failed"


def test_an_interrupt_keeps_what_was_computed_and_ends_the_kernel(make_notebook, tmp_path):
    notebook = make_notebook("# Before", "print('computed')", "# Long", "import os, pathlib, time\npathlib.Path(since).write_text(str(os.getpid()))\ntime.sleep(300)")
    mark = tmp_path / "pid"
    code = f"import cemlib as cem; cem.run_report({str(notebook)!r}, out={str(tmp_path / 'out')!r}, since={str(mark)!r})"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, start_new_session=True) as process:
        deadline = time.monotonic() + 180
        while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=180)[1]
    assert said.decode().splitlines()[-1] == "KeyboardInterrupt"
    (failed,) = (tmp_path / "out").iterdir()
    record = json.loads((failed / "run.json").read_text())
    assert (record["status"], record["error"]["kind"], record["error"]["step"]) == ("failed", "KeyboardInterrupt", "Long")
    assert "computed" in (failed / "report.html").read_text()
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


def test_a_folder_that_cannot_be_written_is_told(make_notebook, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="cannot be written"):
        cem.run_report(make_notebook("1"), out=tmp_path / "file" / "out")


def test_braces_in_a_path_are_no_template(make_notebook, tmp_path):
    folder = tmp_path / "{days}"
    folder.mkdir()
    notebook = make_notebook("1").rename(folder / "tiny.ipynb")
    assert cem.run_report(notebook, out=folder / "{out}", to="csv").out == folder / "{out}" / "tiny"


def test_the_folder_names_the_parameters_that_differ():
    defaults = {"days": 7, "rat": "all"}
    assert report_folder("r", {"days": 7, "rat": "all"}, defaults, Path("o")) == Path("o/r")
    one = report_folder("r", {"days": 8, "rat": "all"}, defaults, Path("o"))
    assert one != report_folder("r", {"days": 9, "rat": "all"}, defaults, Path("o"))
    # a default that changes later does not move the report of a value that was given
    assert one == report_folder("r", {"days": 8, "rat": "all"}, {"days": 14, "rat": "all"}, Path("o"))
