"""The system whose faults are tried."""

from tests.support.portal import Portal
from tests.support.services import Service


class Sleeper(Service):
    command = ("sleep", 60)

    def is_ready(self):
        return True


def test_a_server_is_not_taken_for_a_process_of_the_portal(monkeypatch, tmp_path):
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    server = Sleeper()
    server.start()
    try:
        assert server.process.pid not in Portal(tmp_path).processes()
    finally:
        server.stop()
