"""The supervisor survives a full disk and failed starts, and deletes only its own files."""

import sys
from pathlib import Path

import pytest

from skipportal import supervisor


def test_a_full_disk_for_the_output_does_not_stop_the_supervisor(monkeypatch):
    """Also fork a process, because that flushes the standard streams first."""
    if not Path("/dev/full").exists():
        pytest.skip("Needs /dev/full, to which nothing can be written.")
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        supervisor.print_line("web ended with signal SIGKILL; restarting it in 0 s.")
        supervisor.fork.Process(target=bool).start()


def test_a_line_is_written_at_once(capfd):
    supervisor.print_line("Préparé.")
    assert capfd.readouterr().out == "Préparé.\n"


class Settings:
    """Settings with only the one that the test needs."""

    def __init__(self, directory):
        self.METRICS_DIR = directory


def test_only_metrics_files_are_deleted(tmp_path):
    for name in ("1.prom", "2.new", "skipportal.sqlite3"):
        (tmp_path / name).touch()
    supervisor.Supervisor(Settings(tmp_path)).delete_metrics()
    assert [path.name for path in tmp_path.iterdir()] == ["skipportal.sqlite3"]


def test_starting_a_child_is_tried_again_if_it_cannot_be_forked(monkeypatch, capfd):
    child = supervisor.Child("pages", bool)
    child.start()
    child.process.join()
    # A child that ran for a while is restarted at once.
    child.started_at -= supervisor.STABLE_AFTER + 1

    def refuse(*_args, **_options):
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(supervisor.fork, "Process", refuse)
    child.keep_alive()
    assert "pages cannot be started: Resource temporarily unavailable" in capfd.readouterr().out
    monkeypatch.undo()
    # The restart is due.
    child.restart_at = 0.1
    child.keep_alive()
    child.process.join()
    assert child.process.exitcode == 0


def test_results_are_received_although_the_pages_do_not_start(capfd):
    system = supervisor.Supervisor(None)
    pages = system.add("pages", sys.exit, supervisor.PAGES)
    system.try_to_wait(pages, "the web server of the pages", lambda: False)
    assert "ended with exit code 0 while starting. Results are still being received." in capfd.readouterr().out
    system.stop()
    with pytest.raises(supervisor.StartError):
        system.try_to_wait(pages, "the web server of the pages", lambda: False)
