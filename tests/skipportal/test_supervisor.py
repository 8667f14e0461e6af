import sys
from pathlib import Path

import pytest

from skipportal import supervisor


def test_a_full_disk_for_the_output_stops_nothing(monkeypatch):
    """Also not when the next child is forked, which flushes the standard streams first."""
    if not Path("/dev/full").exists():
        pytest.skip("Needs /dev/full, to which nothing can be written.")
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        supervisor.print_line("web ended with signal SIGKILL; restarting it in 0 s.")
        supervisor.fork.Process(target=bool).start()


def test_a_line_is_written_at_once(capfd):
    supervisor.print_line("Préparé.")
    assert capfd.readouterr().out == "Préparé.\n"
