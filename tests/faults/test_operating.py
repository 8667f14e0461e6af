"""docs/operations.md names the commands that the supervisor runs."""

from pathlib import Path
from types import SimpleNamespace

from django.conf import settings

from skipportal.supervisor import pages_command, web_command
from tests.faults.operating import RECEIVER, find_receiver_command, read_commands

PORTAL = SimpleNamespace(port=8123, directory=Path("/srv/var"))
SUPERVISOR_OPTIONS = {"--log-level", "warning", "--process-name", "--uds-permissions", "0600"}
SUPERVISOR_OPTIONS |= {"--respawn-failed-workers", "--respawn-interval", "0.5", "skipportal: web", "skipportal: pages"}
"""Options that only the supervisor sets."""


def test_the_document_names_every_process():
    commands = read_commands(PORTAL)
    queues = {command[3] for command in commands if "rqworker" in command}
    assert queues == set(settings.RQ_QUEUES)
    assert len(commands) == len(queues) + 3


def test_the_document_runs_web_servers_like_the_supervisor():
    named = [set(command[1:]) for command in read_commands(PORTAL) if command[0].endswith("/granian")]
    ours = [web_command("127.0.0.1", 8123), pages_command("/srv/var/pages.sock")]
    assert named == [set(command[3:]) - SUPERVISOR_OPTIONS for command in ours]


def test_another_receiver_has_its_own_port():
    command = find_receiver_command(PORTAL, 8999)
    assert "8999" in command
    assert RECEIVER in command
