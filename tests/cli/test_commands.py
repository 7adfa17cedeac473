"""The command: what it says, where it says it, and how it ends."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import nbformat
import pandas as pd
import pytest
from click.testing import CliRunner

import cemlib
from cemlib.cli import cem
from cemlib.cli.names import pairs
from cemlib.cli.show import plain
from cemlib.errors import LakeError
from cemlib.lake import IngestSummary
from cemlib.lake.results import FileResult

COMMAND = [sys.executable, "-W", "error", "-c", "from cemlib.cli import main; main()"]


def run(*arguments: str, given: str | None = None):
    return CliRunner().invoke(cem, list(arguments), input=given)


def commands(group: click.Group = cem, path: tuple[str, ...] = ()):
    for name, one in group.commands.items():
        yield (*path, name)
        if isinstance(one, click.Group):
            yield from commands(one, (*path, name))


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_command_has_help_with_an_example(path):
    result = run(*path, "--help")
    assert result.exit_code == 0
    one = cem
    for name in path:
        one = one.commands[name]
    if not isinstance(one, click.Group):
        assert f"cem {' '.join(path)}" in result.stdout
        assert "--debug" in result.stdout
    assert len(one.get_short_help_str(100)) < 60


def test_the_commands_of_the_contract_are_there():
    assert list(cem.commands) == ["demo", "sources", "ingest", "lake", "kpi", "index", "report", "apps", "lab", "reveal", "erase", "twin", "grade",
                                  "completion"]


@pytest.mark.parametrize("arguments", [
    ("reprot",), ("kpi", "evla"), ("report", "no_such_notebook"), ("report", "roaming_monitoring", "-p", "days"), ("report", "--to"), ("demo", "--days", "1"),
    ("sources", "show", "ratnig"), ("ingest", "ratnig", "x.csv"), ("ingest", "rating"), ("kpi", "show", "sms_delivery_maen"), ("lake", "rejects", "--source", "ratnig"),
    ("kpi", "eval", "sms_delivery_mean", "--where", "nonsense"), ("completion", "tcsh"), ("report", "roaming_monitoring", "-p", "a=1", "-p", "a=2"),
    ("report", "roaming_monitoring", "--to", "docx"), ("report", "roaming_monitoring", "-p", "dyas=7"), ("report", "roaming_monitoring", "-p", "days=0", "-p", "rta=4g"),
    ("report", "roaming_monitoring", "--timeout", "0"), ("kpi", "rows", "sms_delivery_mean", "--cell", "is_success=perhaps"),
])
def test_a_wrong_call_ends_with_2_and_no_traceback(arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.strip()
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("arguments", "words"), [
    (("reprot",), "Did you mean 'report'"), (("kpi", "lits"), "Did you mean 'list'"), (("report", "roaming_monitorin"), "Did you mean 'roaming_monitoring'"),
    (("report", "roaming_monitoring", "-p", "parnter=1"), "Did you mean 'partner'"), (("ingest", "ratnig", "x"), "Did you mean 'rating'"),
    (("kpi", "show", "sms_delivery_maen"), "'sms_delivery_mean'"),
])
def test_a_misspelt_name_gets_the_nearest(arguments, words):
    assert words in run(*arguments).stderr


def test_a_failed_job_ends_with_1_and_tells_what_to_do(monkeypatch):
    def broken(*_, **__):
        raise LakeError("The lake is newer.", todo="Update.")

    monkeypatch.setattr(cemlib, "open_lake", broken)
    result = run("lake", "status")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: The lake is newer.\n  to do: Update.\n"
    assert "Traceback" in run("lake", "status", "--debug").stderr
    assert "Traceback" in run("--debug", "lake", "status").stderr


def test_what_nobody_expected_is_one_line(monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr(cemlib, "open_lake", broken)
    result = run("lake", "freshness")
    assert result.exit_code == 1
    assert result.stderr == "Error: ZeroDivisionError: division by zero. Call again with --debug for the traceback.\n"


def test_an_interrupt_ends_with_130(monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(cemlib, "open_lake", interrupted)
    result = run("lake", "status")
    assert (result.exit_code, result.stderr.strip()) == (130, "Interrupted.")


class FakeLake:
    def __init__(self, files=()):
        self.files, self.calls = list(files), []

    def ingest(self, source, *, dry_run, progress):
        self.calls.append((source, dry_run))
        progress({"event": "file", "file": "a.csv", "index": 1, "files": 1, "records": 0})
        return IngestSummary(source.code, files=self.files, dry_run=dry_run, seconds=2.0)

    def freshness(self):
        return pd.DataFrame({"source_code": ["rating"], "records": [1284], "delay_p50_s": [0.5], "last_event_at": [pd.Timestamp("2026-03-01")]})

    def rejects(self):
        return pd.DataFrame({"source_code": ["rating", "speed_test"], "file_name": ["a", "b"], "reason_code": ["bad_time", "x"], "reason": ["r", "s"], "records": [3, 4]})


@pytest.fixture
def lake(monkeypatch):
    fake = FakeLake([FileResult("in/a.csv", "ingested", 1000, 990, 10, {"bad_time": 7, "duplicate": 3}), FileResult("in/b.csv", "already")])
    monkeypatch.setattr(cemlib, "open_lake", lambda *_, **__: fake)
    return fake


def test_ingest_tells_what_became_of_each_file(lake, tmp_path):
    (tmp_path / "a.csv").write_text("x")
    result = run("ingest", "rating", str(tmp_path / "a.csv"), "--mapping", "trai_mycall", "--event-time", "2019-09-01", "--dry-run")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[1].split() == ["a.csv", "checked", "1,000", "990", "10", "bad_time", "7,", "duplicate", "3"]
    # 10 of 1,000 records are 1 %; 1,000 records in 2 s
    assert result.stderr.splitlines()[-1] == "Would be taken: 990 of 1,000 records; 10 rejected (1.00%); 1 of 2 files were there already; 2.0 s, 500 records/s"
    ((source, dry_run),) = lake.calls
    assert (source.code, dry_run) == ("trai_mycall", True)


def test_ingest_as_json_says_the_same(lake):
    result = run("ingest", "rating", "a.csv", "--json")
    told = json.loads(result.stdout)
    assert told["records"] == 1000
    assert [one["status"] for one in told["files"]] == ["ingested", "already"]


def test_a_file_that_failed_ends_with_1(lake):
    lake.files.append(FileResult("in/c.csv", "failed", error="The header has changed."))
    result = run("ingest", "rating", "c.csv")
    assert result.exit_code == 1
    assert "The header has changed." in result.stderr
    assert "Traceback" not in result.stderr


def test_freshness_and_rejects_as_text_and_json(lake):
    assert "1,284" in run("lake", "freshness").stdout
    assert json.loads(run("lake", "freshness", "--json").stdout) == [
        {"source_code": "rating", "records": 1284, "delay_p50_s": 0.5, "last_event_at": "2026-03-01T00:00:00"}]
    assert [one["records"] for one in json.loads(run("lake", "rejects", "--source", "rating", "--json").stdout)] == [3]


def test_an_empty_lake_is_told_as_empty(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "lake"))
    told = json.loads(run("lake", "status", "--json").stdout)
    assert (told["tables"], told["records"]) == ([], 0)
    # no data is null, not zero
    (row,) = json.loads(run("kpi", "eval", "sms_delivery_success_ratio", "--json").stdout)["rows"]
    assert (row["den"], row["value"], row["state"]) == (0, None, "no_data")


def test_a_manager_sees_no_records(monkeypatch):
    monkeypatch.setenv("CEM_ROLE", "manager")
    result = run("kpi", "rows", "sms_delivery_success_ratio")
    assert result.exit_code == 1
    assert "manager" in result.stderr


def test_conditions_reach_evaluate_typed(monkeypatch, lake):
    seen = {}

    def evaluate(_, names, **given):
        seen.update(given, names=names)
        raise LakeError("enough")

    monkeypatch.setattr(cemlib, "evaluate", evaluate)
    run("kpi", "eval", "a_kpi", "--by", "partner, day", "--by", "rat", "--where", "direction=outbound", "--where", "setup_s>=1.5", "--where", "is_success=no", "--where", "rat!=2g,3g",
        "--where", "cause_code=5004,0", "--where", "hub_code=", "--since", "2026-03-01")
    assert seen == {"names": ["a_kpi"], "by": ["partner", "day", "rat"], "since": "2026-03-01", "until": None, "subscribers": False,
                    "where": {"direction": "outbound", "setup_s": (">=", 1.5), "is_success": False, "rat": ("not in", ["2g", "3g"]), "cause_code": ["5004", "0"],
                              "hub_code": None}}


def test_the_sources_and_their_mapping():
    listed = json.loads(run("sources", "list", "--json").stdout)
    assert {"source": "rating", "title": "call ratings", "tables": ["survey_answer"]} in listed
    shown = json.loads(run("sources", "show", "roaming_signalling", "--json").stdout)
    ours = {one["theirs"]: one["ours"] for one in shown["columns"]}
    assert ours["vplmn"] == "visited_plmn_code"
    text = run("sources", "show", "rating", "--yaml").stdout
    assert text == run("sources", "show", "rating", "--mapping", "demo_rating", "--yaml").stdout
    assert text.lstrip("# ").strip()


def test_the_kpis_and_one_of_them():
    listed = json.loads(run("kpi", "list", "--json").stdout)
    assert any(one["code"] == "voice_call_mos_mean" for one in listed)
    shown = run("kpi", "show", "voice_call_mos_mean").stdout
    assert "unit:" in shown
    assert ">>>" in shown
    assert "formula: sum of mos_value ÷ number of records, over the records where mos_method_code = 'g107_nb' and mos_value is known" in shown
    assert "filled by: fixed_voice" in shown
    sql = run("kpi", "show", "data_session_rtt_median", "--sql").stdout
    assert sql.count("-- ") == 2
    assert "FROM data_session AS f" in sql
    told = json.loads(run("kpi", "show", "voice_call_mos_mean", "--json").stdout)
    assert told["code"] == "voice_call_mos_mean"
    assert told["example"]["value"] == 3.5
    assert told["lineage"]["table"] == "voice_call"
    assert [one["code"] for one in json.loads(run("kpi", "list", "promoters", "9", "--json").stdout)] == ["survey_nps_promoter_ratio", "survey_nps_score"]


def test_kpis_of_ones_own_are_added_and_forgotten(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_KPIS", str(tmp_path / "kpis"))
    skeleton = str(Path(__file__).parents[2] / "templates" / "new_kpis.py")
    assert "nothing was kept" in run("kpi", "add", skeleton, "--check").output
    assert not (tmp_path / "kpis").exists()
    assert "1 added" in run("kpi", "add", skeleton).output
    assert "Quick sessions" in run("kpi", "list", "quick").output
    assert json.loads(run("kpi", "eval", "quick_session_share_ratio", "--json").stdout)["rows"][0]["state"] == "no_data"
    (tmp_path / "broken.py").write_text("from cemlib.kpi import kpi\n\n@kpi(table=\n")
    result = run("kpi", "add", str(tmp_path / "broken.py"))
    assert result.exit_code == 1
    assert "broken.py, line 3" in result.output
    assert "quick_session_share_ratio" in run("kpi", "remove", "new_kpis").output
    assert run("kpi", "show", "quick_session_share_ratio").exit_code == 2


def test_the_reports_and_their_parameters():
    listed = json.loads(run("report", "--json").stdout)
    assert {"roaming_monitoring", "mobile_insights"} <= {one["notebook"] for one in listed}
    declared = json.loads(run("report", "roaming_monitoring", "--parameters", "--json").stdout)
    assert {"days", "partner"} <= {one["name"] for one in declared}


@pytest.fixture
def tiny(tmp_path):
    notebook = nbformat.v4.new_notebook(metadata={"cem": {"title": "Tiny"}})
    cell = nbformat.v4.new_code_cell("days: int = 7  # how far back\nfail: bool = False  # whether to fail")
    cell.metadata["tags"] = ["parameters"]
    notebook.cells = [cell, nbformat.v4.new_markdown_cell("# The sum"), nbformat.v4.new_code_cell("1 / (not fail)")]
    nbformat.write(notebook, tmp_path / "tiny.ipynb")
    return tmp_path / "tiny.ipynb"


def test_a_report_from_the_command_line(tiny, tmp_path, monkeypatch):
    out = tmp_path / "out"
    result = run("report", str(tiny), "-p", "days=30", "--to", "html", "--out", str(out), "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["parameters"] == {"days": 30, "fail": False}
    assert os.path.isfile(os.path.join(told["out"], "report.html"))

    # PDF asked for, and no Chromium: the rest is written, the way to a PDF is told, and a schedule can see it
    monkeypatch.setenv("CEM_CHROMIUM", "no-such-browser")
    monkeypatch.setattr("cemlib.report.render._CHROMIUM_NAMES", ())
    result = run("report", str(tiny), "--to", "html,pdf", "--out", str(out))
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [str(out / "tiny" / "report.html")]
    assert "Warning: No PDF" in result.stderr

    result = run("report", str(tiny), "-p", "fail=yes", "--out", str(out), "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["status"], told["error"]["step"]) == ("failed", "The sum")
    assert "Traceback" not in result.stderr
    assert "failed in step 'The sum'" in result.stderr


def test_the_shell_completes_names(tiny):
    def completed(words: str) -> list[str]:
        environment = {**os.environ, "_CEM_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
        code = "import sys; from cemlib.cli import cem; cem.main(prog_name='cem')"
        answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
        return [line.split(",", 1)[1] for line in answer.stdout.splitlines()]

    assert "roaming_monitoring" in completed("cem report roam")
    assert completed("cem kpi show voice_call_mos") == ["voice_call_mos_bad_ratio", "voice_call_mos_mean"]
    assert completed(f"cem report {tiny} -p f") == ["fail="]
    assert "rating" in completed("cem ingest ra")
    for shell in ("bash", "zsh", "fish"):
        assert f"{shell}_source" in run("completion", shell).stdout


def seconds_of_work() -> float:
    """What all processes that were started here and have ended took of the processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_is_quick_and_imports_nothing_heavy():
    code = "import sys; from cemlib.cli import cem\ntry: cem.main(['--help'])\nexcept SystemExit: pass\n" \
           "heavy = {'pandas', 'duckdb', 'papermill', 'numpy', 'pyarrow', 'rich', 'narwhals'} & set(sys.modules); sys.exit(3 if heavy else 0)"
    times = []
    for _ in range(3):
        started, work = time.monotonic(), seconds_of_work()
        answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
        times.append(min(time.monotonic() - started, seconds_of_work() - work))
        assert answer.returncode == 0
    # the fastest of three, by the clock or by its own work: what the machine is busy with is not the command's
    assert min(times) < 0.5


def test_nothing_but_the_answer_is_written(tmp_path):
    """A KPI of an empty lake in a process of its own: stderr is empty (DuckDB's binding tells of leaks at exit otherwise)."""
    environment = {**os.environ, "CEM_LAKE": str(tmp_path / "lake"), "NO_COLOR": "1"}
    answer = subprocess.run([*COMMAND, "kpi", "eval", "data_session_rtt_median", "--json"], env=environment, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert json.loads(answer.stdout)["rows"][0]["den"] == 0
    assert "\x1b" not in answer.stdout


def test_a_pipe_that_closes_early_is_no_error(tmp_path):
    answer = subprocess.run(["bash", "-c", f"'{sys.executable}' -c 'from cemlib.cli import main; main()' kpi list | head -1"], capture_output=True, text=True, check=False)
    assert answer.stdout.startswith("kpi")
    assert "Traceback" not in answer.stderr
    assert "BrokenPipe" not in answer.stderr


def test_values_become_json():
    assert plain({"a": pd.NaT, "b": float("nan"), "c": pd.Timestamp("2026-03-01"), "d": {1}, "e": pd.NA, "f": object}) == {
        "a": None, "b": None, "c": "2026-03-01T00:00:00", "d": [1], "e": None, "f": "<class 'object'>"}


def test_pairs_are_taken_apart_at_the_first_equals_sign():
    assert pairs(("a=b=c", " d =", "e= f"), "-p") == {"a": "b=c", "d": "", "e": " f"}
    for wrong in (("a",), ("=b",), ("a=1", "a=2")):
        with pytest.raises(click.BadParameter):
            pairs(wrong, "-p")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_ended_keeps_what_it_had(tmp_path, number, code):
    notebook = nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_markdown_cell("# Waits"),
        nbformat.v4.new_code_cell(f"import os, pathlib, time\npathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\ntime.sleep(300)")])
    nbformat.write(notebook, tmp_path / "waits.ipynb")
    arguments = ["report", str(tmp_path / "waits.ipynb"), "--out", str(tmp_path / "out")]
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 180
        while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(number)
        said = process.communicate(timeout=180)
    assert (process.returncode, said[0], said[1].strip()) == (code, "", "Interrupted.")
    assert json.loads((tmp_path / "out" / "waits.failed" / "run.json").read_text())["status"] == "failed"
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
