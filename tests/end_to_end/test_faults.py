"""The fault suite in a shorter form: script/faults runs all of it."""

import os
import signal
import subprocess
import sys

import pytest

from tests.faults.__main__ import WAYS
from tests.support.portal import ROOT

SHARPEST = ["before the acknowledgement", "under load", "without a name"]
TIME_LIMIT = 900
"""Seconds. It takes about a minute."""


@pytest.mark.parametrize("way", range(len(WAYS)))
def test_no_fault_loses_a_result_or_buys_one_twice(request, way):
    """The sharpest cases alone, and two combinations; the seed is fixed, what races is not."""
    command = [sys.executable, "-m", "tests.faults", "--database", request.config.getoption("database")]
    command += ["--way", str(way)]
    command += ["--seed", "short", "--combinations", "2", *(word for case in SHARPEST for word in ("--only", case))]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as suite:
        try:
            said, _ = suite.communicate(timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            # It stops what it has started.
            os.killpg(suite.pid, signal.SIGINT)
            said, _ = suite.communicate(timeout=120)
    assert suite.returncode == 0, said
    assert "| **all runs** |" in said
