"""The document lists every process."""

from django.conf import settings

from tests.faults.operating import RECEIVER, find_receiver_command, read_commands


def test_the_document_has_a_command_for_every_process():
    workers = [f"worker {queue}" for queue in settings.RQ_QUEUES]
    processes = [" ".join(command[3:]) for command in read_commands()]
    assert sorted(processes) == sorted(["receiver", "pages", "clock", *workers])


def test_the_command_of_another_receiver_has_its_own_port():
    command = find_receiver_command(8999)
    assert "8999" in command
    assert RECEIVER in command
