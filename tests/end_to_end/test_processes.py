"""The processes survive being stopped and killed, and downloads that are interrupted."""

import csv
import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress

import pytest
import requests

from skipportal.supervisor import is_listening
from tests.end_to_end.test_whole_way import check_export, make_list, read_csv
from tests.support.portal import ROOT, Portal, run_portal
from tests.support.services import MAX_WAIT, free_port, wait_until


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    """Return a portal with the sandbox vendor. Each test leaves it running."""
    with run_portal(tmp_path_factory.mktemp("p") / "v") as portal:
        yield portal


def test_a_restart_after_ctrl_c_completes_the_list(portal, tmp_path):
    original = make_list(portal, tmp_path / "people.csv", 1_200)
    summary = portal.trace(tmp_path / "people.csv", "--look-back", "0")
    count_answered = f"Item.objects.filter(upload={summary['upload']}, answered_at__isnull=False).count()"
    portal.wait_until(lambda: portal.ask(count_answered) >= 60, "60 answers")
    portal.stop(signal.SIGINT)
    assert portal.list_processes() == {}
    assert 60 <= portal.ask(count_answered) < summary["items"]
    portal.start()
    status = f"Upload.objects.get(pk={summary['upload']}).status"
    portal.wait_until(lambda: portal.ask(status) == "complete", "the completion of the list")
    out = tmp_path / "out.csv"
    assert portal.manage("export", summary["upload"], "--out", out).returncode == 0
    outcomes = check_export(original, read_csv(out))
    assert outcomes.count("pending") == outcomes.count("missing") == 0


def test_killed_children_are_restarted_and_all_children_end_with_the_supervisor(portal):
    children = set(portal.list_processes()) - {portal.process.pid}
    # All children of the supervisor must be running. Otherwise, killing them would prove little.
    assert len(children) >= 7
    for child in children:
        # The supervisor may already have killed those that a killed child had started.
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    wait_until(lambda: responds_ok(f"{portal.address}/readyz"), "the new children")
    wait_until(lambda: len(portal.list_processes()) == len(children) + 1, "all children")
    portal.stop(signal.SIGKILL)
    wait_until(lambda: portal.list_processes() == {}, "the end of all children")
    portal.start()
    wait_until(lambda: responds_ok(f"{portal.address}/readyz"), "the portal")


def test_a_wait_in_vain_says_what_the_portal_was_doing(portal):
    with pytest.raises(TimeoutError, match=r"not ready(.*\n)+list\(SendingBlock.*: \[\](.*\n)+.*is ready at"):
        portal.wait_until(lambda: False, "nothing", seconds=0)


def test_a_second_supervisor_in_the_same_directory_is_refused(portal):
    second = Portal(portal.directory, portal.environment.get("DATABASE_URL"))
    with pytest.raises(AssertionError, match="already uses"):
        second.start()


def test_only_the_user_who_started_the_server_can_open_its_sockets(portal):
    permissions = {path.name: stat.S_IMODE(path.stat().st_mode) for path in portal.directory.glob("*.sock")}
    assert permissions == {"pages.sock": 0o600, "redis.sock": 0o700}


def test_only_the_user_who_started_the_server_can_read_what_it_writes(portal):
    written = [path for path in portal.directory.rglob("*") if "static" not in path.parts and path != portal.log]
    open_to_others = [path.name for path in written if path.stat().st_mode & 0o077]
    assert len(written) > 5
    assert not open_to_others


def responds_ok(address):
    try:
        return requests.get(address, timeout=10).ok
    except requests.RequestException:
        time.sleep(0.1)
        return False


@pytest.mark.parametrize("role", [["worker", "messages"], ["clock"]])
def test_a_worker_and_a_clock_serve_their_counts_at_the_metrics_port(portal, role):
    port, token = free_port(), "a-long-random-token-for-metrics"
    environment = portal.environment | {"METRICS_PORT": str(port), "METRICS_TOKEN": token}
    process = subprocess.Popen([sys.executable, "-m", "skipportal.process", *role], cwd=ROOT, env=environment)
    address = f"http://127.0.0.1:{port}/metrics"
    try:
        wait_until(lambda: process.poll() is not None or is_listening(port), f"the {role[0]}")
        reply = requests.get(address, headers={"authorization": f"Bearer {token}"}, timeout=MAX_WAIT)
        assert reply.status_code == 200
        assert "# TYPE skipportal_vendor_call_seconds histogram" in reply.text
        assert "# TYPE skipportal_database_errors_total counter" in reply.text
        assert requests.get(address, timeout=MAX_WAIT).status_code == 403
    finally:
        process.terminate()
        process.wait(MAX_WAIT)


IMPORT_BIG_LIST = """
from pathlib import Path
from django.core.files import File
from batches.intake import row_import, uploads
from batches.intake.trace_settings import TraceSettings
with Path({path!r}).open("rb") as file:
    big = uploads.receive(File(file, name="big.csv"), None)
uploads.accept_settings(big, TraceSettings.from_upload(big), None)
row_import.check_rows(big.pk)
"""


def test_an_interrupted_download_is_recorded(portal, tmp_path):
    """The list must be too large for the buffers between the server and a client that has stopped reading."""
    path = tmp_path / "big.csv"
    with path.open("w", newline="") as file:
        rows = (["Ada", "Abbott", f"{number} Oak St", "Herndon", "VA", "20170", "x" * 5_000] for number in range(8_000))
        csv.writer(file).writerows([["First Name", "Last Name", "Address", "City", "State", "Zip", "Note"], *rows])
    portal.do(IMPORT_BIG_LIST.format(path=str(path)))
    pk = portal.ask("big.pk")
    session, address = log_in(portal), f"{portal.address}/uploads/{pk}/export/"
    with session.get(address, stream=True) as response:
        # Keep a reference to the iterator, because the connection closes when it is garbage-collected.
        chunks = response.iter_content(1_000)
        assert next(chunks)
        time.sleep(1)
        assert portal.ask(f"Export.objects.get(upload={pk}).ended_at") is None
    ended_exports = f"Export.objects.filter(upload={pk}, ended_at__isnull=False)"
    is_complete = f"{ended_exports}.values_list('is_complete', flat=True).first()"
    portal.wait_until(lambda: portal.ask(is_complete) is not None, "the end of the export")
    assert portal.ask(is_complete) is False
    # A header and 8,000 people.
    assert len(session.get(address).content.splitlines()) == 8_001


def log_in(portal):
    """Return a session that is logged in."""
    session = requests.Session()
    name, password = portal.read_login()
    session.get(f"{portal.address}/login/")
    form = {"username": name, "password": password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
    assert session.post(f"{portal.address}/login/", form, headers={"Referer": portal.address}).ok
    return session
