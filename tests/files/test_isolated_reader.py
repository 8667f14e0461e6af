import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from batches.files import isolated_reader, parsing
from batches.files.file_format import FileFormat, UnreadableFile
from batches.files.isolated_reader import CUT_OFF, FAILED, TOO_MUCH_MEMORY, TOO_MUCH_TIME
from batches.files.writers import write_xlsx
from tests.factories import HEADER, people, to_csv
from tests.support.hostile_files import HARMLESS, HOSTILE, make_workbook_with_far_cell
from tests.support.services import MAX_WAIT

CSV_FORMAT = FileFormat("csv", "utf-8-sig", ",", header_row=1)
WORKBOOK_FORMAT = FileFormat("xlsx", sheet="Results 1", sheets=["Results 1"], header_row=1)
ENDLESS = """
from batches.files import parsing, reader_process
def rows(path, file_format):
    yield 1, ["a" * 200_000]
    while True:
        pass
parsing.read_rows = rows
reader_process.main()
"""
"""Code of a reader that never finishes."""


@pytest.fixture
def replace_reader(monkeypatch):
    """Return a function that makes the reader process run other code."""

    def replace(code):
        monkeypatch.setattr(isolated_reader, "COMMAND", [sys.executable, "-c", code])

    return replace


def list_readers():
    """Return the running reader processes, without zombies that other tests left behind."""
    return [child for child in psutil.Process().children() if is_reader(child)]


def is_reader(process):
    try:
        return "reader_process" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def measure_peak_memory():
    """Return the peak memory of this process so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_isolation_does_not_change_what_is_read(write):
    for content in (to_csv(people(3, City="Zoëtown 🐝")), b"".join(write_xlsx([HEADER, *people(3)]))):
        path = write(content)
        examined = isolated_reader.examine(path)
        assert examined == parsing.examine(path)
        assert list(isolated_reader.read_rows(path, examined.file_format)) == list(
            parsing.read_rows(path, examined.file_format)
        )
    assert list_readers() == []


def test_the_messages_of_the_parser_are_kept(write):
    with pytest.raises(UnreadableFile, match="PDF document"):
        isolated_reader.examine(write(b"%PDF-1.7"))
    with pytest.raises(UnreadableFile, match="no sheet “Nope”"):
        isolated_reader.examine(write(b"".join(write_xlsx([HEADER, *people(1)]))), "Nope")


def test_a_missing_file_raises_file_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        isolated_reader.examine(tmp_path / "gone.csv")
    with pytest.raises(FileNotFoundError):
        list(isolated_reader.read_rows(tmp_path / "gone.csv", CSV_FORMAT))


def test_an_unexpected_error_is_logged_without_its_text(write, caplog):
    path = write(to_csv(people(3)) + b"\xff secret")
    with pytest.raises(UnreadableFile, match="could not be read"):
        list(isolated_reader.read_rows(path, CSV_FORMAT))
    assert "UnicodeDecodeError" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_a_message(write, name):
    content, message = HOSTILE[name]
    before = measure_peak_memory()
    with pytest.raises(UnreadableFile, match=message):
        isolated_reader.examine(write(content))
    assert measure_peak_memory() - before < 30


@pytest.mark.parametrize("name", HARMLESS)
def test_files_that_slow_down_bad_patterns_are_read_quickly(write, monkeypatch, name):
    monkeypatch.setattr(isolated_reader, "CPU_SECONDS", 10)
    monkeypatch.setattr(isolated_reader, "WAIT_FACTOR", 60)
    assert isolated_reader.examine(write(HARMLESS[name])).columns[:6] == HEADER[:6]


@pytest.mark.parametrize(("column", "row"), [("XFD", 1_048_576), ("AH", 1_000_000)])
def test_a_table_that_is_too_large_ends_only_the_reader_process(write, monkeypatch, column, row):
    monkeypatch.setattr(isolated_reader, "MAX_MEMORY_BYTES", 256 << 20)
    before = measure_peak_memory()
    with pytest.raises(UnreadableFile, match="too much memory"):
        list(isolated_reader.read_rows(write(make_workbook_with_far_cell(column, row)), WORKBOOK_FORMAT))
    assert measure_peak_memory() - before < 30


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise SystemExit(3)", TOO_MUCH_MEMORY),
        ("import os; os.abort()", TOO_MUCH_MEMORY),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", TOO_MUCH_TIME),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", CUT_OFF),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", CUT_OFF),
        ("raise SystemExit(0)", CUT_OFF),
        ("print('{\"rows\": [[1, [')", FAILED),
        ("print('{\"rows\": [[1, [2]]]}')", FAILED),
    ],
)
def test_every_way_in_which_the_process_can_end_has_a_message(write, replace_reader, code, message):
    replace_reader(code)
    with pytest.raises(UnreadableFile) as raised:
        isolated_reader.examine(write(b"a"))
    assert str(raised.value) == message


def test_a_reader_that_uses_too_much_cpu_time_is_ended(write, replace_reader, monkeypatch):
    replace_reader(ENDLESS)
    monkeypatch.setattr(isolated_reader, "CPU_SECONDS", 1)
    monkeypatch.setattr(isolated_reader, "WAIT_FACTOR", 60)
    with pytest.raises(UnreadableFile, match="takes too long to read"):
        list(isolated_reader.read_rows(write(b"a"), CSV_FORMAT))


def test_a_reader_that_does_nothing_is_ended(write, replace_reader, monkeypatch):
    replace_reader("import time; time.sleep(60)")
    monkeypatch.setattr(isolated_reader, "WAIT_FACTOR", 0.01)
    with pytest.raises(UnreadableFile, match="takes too long to read"):
        isolated_reader.examine(write(b"a"))


def test_a_process_that_is_killed_midway_is_reported_with_a_message(write):
    rows = isolated_reader.read_rows(write(to_csv(people(20_000))), CSV_FORMAT)
    assert next(rows)[0] == 2
    [child] = list_readers()
    child.kill()
    with pytest.raises(UnreadableFile, match="could not be read to the end"):
        list(rows)
    assert list_readers() == []


def test_closing_the_rows_ends_the_process(write):
    rows = isolated_reader.read_rows(write(to_csv(people(20_000))), CSV_FORMAT)
    next(rows)
    assert len(list_readers()) == 1
    rows.close()
    assert list_readers() == []


def test_the_process_ends_with_its_parent_even_if_it_is_busy(write):
    code = f"""
import sys, time
from batches.files import isolated_reader
from batches.files.file_format import FileFormat
isolated_reader.COMMAND = [sys.executable, "-c", {ENDLESS!r}]
rows = isolated_reader.read_rows({str(write(b"a"))!r}, FileFormat("csv"))
next(rows)
print("reading", flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=isolated_reader.PROJECT_ROOT, stdout=subprocess.PIPE)
    assert parent.stdout.readline() == b"reading\n"
    [child] = psutil.Process(parent.pid).children()
    parent.kill()
    parent.communicate()
    psutil.wait_procs([child], timeout=MAX_WAIT)
    assert not child.is_running()


def test_the_process_ignores_signals_meant_for_its_parent(write):
    rows = isolated_reader.read_rows(write(to_csv(people(20_000))), CSV_FORMAT)
    next(rows)
    [child] = list_readers()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        child.send_signal(number)
    assert sum(1 for _ in rows) == 19_999


def test_the_process_gets_no_secrets_and_is_killed_first_if_memory_is_short(write, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "a-secret")
    rows = isolated_reader.read_rows(write(to_csv(people(20_000))), CSV_FORMAT)
    next(rows)
    [child] = list_readers()
    assert "SECRET_KEY" not in child.environ()
    assert os.getsid(child.pid) != os.getsid(0)
    if (score := Path(f"/proc/{child.pid}/oom_score_adj")).exists():
        assert score.read_text() == "1000\n"


def test_a_long_workbook_is_read_in_chunks(write):
    path = write(b"".join(write_xlsx([["Name", "Zip"], *(["Ada Abbott", "20170"] for _ in range(100_000))])))
    before = measure_peak_memory()
    assert sum(1 for _ in isolated_reader.read_rows(path, WORKBOOK_FORMAT)) == 100_000
    assert measure_peak_memory() - before < 10


def test_the_process_starts_without_django():
    code = "import sys, batches.files.reader_process; print([name for name in sys.modules if 'django' in name])"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=isolated_reader.PROJECT_ROOT, capture_output=True, check=True
    )
    assert result.stdout == b"[]\n"


def test_a_hostile_file_is_refused_quickly(write):
    """Count the processor's seconds of the reader: how long it takes by the clock depends on other programs."""
    seconds_before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with pytest.raises(UnreadableFile):
        isolated_reader.examine(write(make_workbook_with_far_cell("XFD", 1_048_576)))
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - seconds_before < 5
