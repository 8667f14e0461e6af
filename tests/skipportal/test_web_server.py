"""The web server stops whenever it is told to."""

import os
import signal
import subprocess

import pytest

from skipportal.supervisor import web_command
from tests.support.portal import ROOT
from tests.support.services import MAX_WAIT, free_port, wait_until

SLOW_APPLICATION = """
import os, time
from pathlib import Path
(Path(__file__).parent / f"{os.getpid()}.loading").touch()
time.sleep(3600)
"""
"""A module that workers never finish to load."""


@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["to the server", "to all of its processes"])
def test_workers_that_are_still_loading_stop_by_themselves(tmp_path, send):
    (tmp_path / "slow.py").write_text(SLOW_APPLICATION)
    *command, _ = web_command("127.0.0.1", free_port())
    server = subprocess.Popen(
        [*command, "slow:application"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(lambda: len(list(tmp_path.glob("*.loading"))) == 2, "two workers that are loading")
        send(server.pid, signal.SIGTERM)
        output, _ = server.communicate(timeout=MAX_WAIT)
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
    assert "Killing" not in output
