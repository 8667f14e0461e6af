"""Stopping, killing and restarting the processes, and readers who disconnect."""

import csv
import os
import signal
import stat
import time

import pytest
import requests

from tests.end_to_end.test_whole_way import check_export, make_list, read_csv
from tests.support.portal import Portal, run_portal
from tests.support.services import wait_until


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    """A portal with the sandbox vendor; each test leaves it running."""
    with run_portal(tmp_path_factory.mktemp("p") / "v") as portal:
        yield portal


def test_a_restart_after_ctrl_c_completes_the_list(portal, tmp_path):
    given = make_list(portal, tmp_path / "people.csv", 600)
    upload = portal.trace(tmp_path / "people.csv", "--look-back", "0")
    answered = f"Item.objects.filter(upload={upload['upload']}, answered_at__isnull=False).count()"
    wait_until(lambda: portal.ask(answered) >= 60, "60 answers", 60)
    portal.stop(signal.SIGINT)
    assert portal.processes() == {}
    assert 60 <= portal.ask(answered) < upload["items"]
    portal.start()
    complete = f"Upload.objects.get(pk={upload['upload']}).status"
    wait_until(lambda: portal.ask(complete) == "complete", "the list", 90)
    out = tmp_path / "out.csv"
    assert portal.manage("export", upload["upload"], "--out", out).returncode == 0
    outcomes = check_export(given, read_csv(out))
    assert outcomes.count("pending") == outcomes.count("missing") == 0


def test_children_are_restarted_and_end_if_the_supervisor_is_killed(portal):
    children = set(portal.processes()) - {portal.process.pid}
    assert len(children) >= 7
    for child in children:
        os.kill(child, signal.SIGKILL)
    wait_until(lambda: is_answering(f"{portal.address}/readyz"), "the new children", 30)
    wait_until(lambda: len(portal.processes()) == len(children) + 1, "all children", 30)
    portal.stop(signal.SIGKILL)
    end = time.monotonic() + 30
    while left := portal.processes():
        assert time.monotonic() < end, left
        time.sleep(0.1)
    portal.start()
    assert is_answering(f"{portal.address}/readyz")


def test_a_second_supervisor_on_the_same_var_is_refused(portal):
    second = Portal(portal.directory, portal.environment.get("DATABASE_URL"))
    with pytest.raises(AssertionError, match="already uses"):
        second.start()


def test_only_the_user_who_started_the_server_can_open_its_sockets(portal):
    sockets = {path.name: stat.S_IMODE(path.stat().st_mode) for path in portal.directory.glob("*.sock")}
    assert sockets == {"pages.sock": 0o600, "redis.sock": 0o700}


def is_answering(address):
    try:
        return requests.get(address, timeout=2).ok
    except requests.RequestException:
        time.sleep(0.1)
        return False


READ_BIG_LIST = """
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
    """The list is too large for the buffers between the server and a client that has stopped reading."""
    path = tmp_path / "big.csv"
    with path.open("w", newline="") as file:
        rows = (["Ada", "Abbott", f"{n} Oak St", "Herndon", "VA", "20170", "x" * 5_000] for n in range(8_000))
        csv.writer(file).writerows([["First Name", "Last Name", "Address", "City", "State", "Zip", "Note"], *rows])
    portal.do(READ_BIG_LIST.format(path=str(path)))
    pk = portal.ask("big.pk")
    session, address = log_in(portal), f"{portal.address}/uploads/{pk}/export/"
    with session.get(address, stream=True) as response:
        # Keep the iterator: the connection closes when it is collected.
        pieces = response.iter_content(1_000)
        assert next(pieces)
        time.sleep(1)
        assert portal.ask(f"Export.objects.get(upload={pk}).ended_at") is None
    ended = f"Export.objects.filter(upload={pk}, ended_at__isnull=False).values_list('is_complete', flat=True).first()"
    wait_until(lambda: portal.ask(ended) is not None, "the end of the export", 20)
    assert portal.ask(ended) is False
    assert len(session.get(address).content.splitlines()) == 8_001


def log_in(portal):
    session, (name, password) = requests.Session(), portal.login()
    session.get(f"{portal.address}/login/")
    form = {"username": name, "password": password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
    assert session.post(f"{portal.address}/login/", form, headers={"Referer": portal.address}).ok
    return session
