"""The fault suite in a shorter form: script/faults runs all of it."""

import subprocess
import sys

import pytest

from tests.portal import ROOT

pytestmark = pytest.mark.whole_way


def test_no_fault_loses_a_result_or_buys_one_twice(request):
    """The sharpest cases alone, and two combinations; the seed is fixed, what races is not."""
    database = request.config.getoption("database")
    options = ["--database", database, "--seed", "short", "--combinations", "2"]
    sharpest = ["killed", "Redis restarted", "restarted under load", "locked", "without a name", "clocks"]
    only = [word for words in sharpest for word in ("--only", words)]
    command = [sys.executable, "-m", "tests.faults", *options, *only]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=560)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| **all runs** |" in done.stdout
