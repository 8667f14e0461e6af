"""Each process can be started on its own."""

import http.server
import os
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from django.conf import settings

from batches.database import UNREACHABLE
from skipportal import process
from tests.support.services import free_port


@pytest.mark.parametrize(
    ("arguments", "expected", "name"),
    [
        (["receiver"], "skipportal.receiver:application", "skipportal receiver"),
        (["pages"], "skipportal.pages:application", "skipportal pages"),
        (["worker", "results", "messages"], "rqworker results messages", "skipportal worker results messages"),
        (["clock"], "manage.py clock", "skipportal clock"),
        (["prepare"], "manage.py prepare --no-static", "skipportal prepare"),
        (["manage", "drain", "--wait"], "manage.py drain --wait", "skipportal manage"),
    ],
)
def test_a_role_has_a_command_and_a_name_for_its_connections(arguments, expected, name):
    options = process.read_arguments(arguments)
    assert expected in " ".join(process.find_command(options, settings))
    assert process.find_name(options) == name


def test_only_the_metrics_of_receivers_that_have_ended_are_deleted(tmp_path):
    ended, running = tmp_path / "1-1.prom", tmp_path / "2-2.prom"
    for path in (ended, running):
        path.touch()
    os.utime(ended, (time.time() - 3600, time.time() - 3600))
    process.delete_old_metrics(tmp_path)
    assert list(tmp_path.iterdir()) == [running]


def test_a_wrong_setting_ends_the_start_with_one_sentence(tmp_path):
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "ITEMS_IN_FLIGHT": "0"}
    command = [sys.executable, "-m", "skipportal.process", "clock"]
    ended = subprocess.run(command, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr == "skipportal: ITEMS_IN_FLIGHT is 0; it must be 1 or more.\n"


@pytest.mark.parametrize(("host", "at"), [("127.0.0.2", "127.0.0.2"), ("::", "127.0.0.1")])
def test_the_health_check_asks_a_receiver_where_it_listens(host, at):
    with http.server.HTTPServer((at, 0), Healthy) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        role = SimpleNamespace(HOST=host, PORT=server.server_address[1])
        assert process.is_alive(role, "receiver")
        server.shutdown()
    assert not process.is_alive(role, "receiver")


class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_command_without_the_database_ends_with_one_sentence_and_repeats_no_password(tmp_path):
    url = f"postgresql://user:secret@127.0.0.1:{free_port()}/name"
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "DATABASE_URL": url}
    command = [sys.executable, "-m", "skipportal.process", "prepare"]
    ended = subprocess.run(command, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr == f"skipportal: {UNREACHABLE}\n"
