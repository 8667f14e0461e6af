"""A short form of the fault suite. script/faults runs all of it."""

import os
import signal
import subprocess
import sys

import pytest

from tests.faults.__main__ import POLICIES
from tests.support.portal import ROOT

HARDEST_CASES = ["before the acknowledgement", "under load", "without a name", "backup restored"]
TIME_LIMIT = 1_800
"""Seconds. A run takes about a minute."""


@pytest.mark.parametrize("policy_number", range(len(POLICIES)))
def test_no_fault_causes_a_lost_or_repeated_purchase(request, policy_number):
    """Run the hardest cases alone, and two combinations. The seed is fixed, but real processes race.

    Each case is run with one policy here, and with the other one when the suite runs on the other database.
    """
    command = [sys.executable, "-m", "tests.faults", "--database", request.config.getoption("database")]
    command += ["--policy", str(policy_number), "--one-policy"]
    command += ["--seed", "short", "--combinations", "2"]
    for words in HARDEST_CASES:
        command += ["--only", words]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as suite:
        try:
            output, _ = suite.communicate(timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            # Interrupt instead of killing, so that the suite stops its own processes.
            os.killpg(suite.pid, signal.SIGINT)
            output, _ = suite.communicate(timeout=120)
    assert suite.returncode == 0, output
    assert "| **all runs** |" in output
