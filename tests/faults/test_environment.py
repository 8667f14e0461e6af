"""The fault suite tells processes of the portal from other processes."""

from tests.support.portal import Portal
from tests.support.services import Service


class Sleeper(Service):
    """A service that only sleeps."""

    command = ("sleep", 60)

    def is_ready(self):
        return True


def test_a_service_is_not_mistaken_for_a_process_of_the_portal(monkeypatch, tmp_path):
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    service = Sleeper()
    service.start()
    try:
        assert service.process.pid not in Portal(tmp_path).list_processes()
    finally:
        service.stop()
