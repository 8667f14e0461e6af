"""A short form of the fault suite; script/faults runs all of it."""

import os
import signal
import subprocess
import sys

import pytest

from tests.faults.__main__ import WAYS
from tests.support.portal import ROOT

HARDEST = ["before the acknowledgement", "under load", "without a name", "backup restored"]
TIME_LIMIT = 900
"""Seconds. It takes about a minute."""


@pytest.mark.parametrize("way", range(len(WAYS)))
def test_no_fault_causes_a_lost_or_repeated_purchase(request, way):
    """Run the hardest cases alone, and two combinations. The seed is fixed, but real processes race.

    On the other database, a case is run with the other settings.
    """
    command = [sys.executable, "-m", "tests.faults", "--database", request.config.getoption("database")]
    command += ["--way", str(way), "--deal"]
    command += ["--seed", "short", "--combinations", "2", *(word for case in HARDEST for word in ("--only", case))]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as suite:
        try:
            output, _ = suite.communicate(timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            # Let it stop its own processes.
            os.killpg(suite.pid, signal.SIGINT)
            output, _ = suite.communicate(timeout=120)
    assert suite.returncode == 0, output
    assert "| **all runs** |" in output
