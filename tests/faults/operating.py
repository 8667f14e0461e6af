"""Read from docs/operations.md how processes are run without the supervisor."""

import re
import shlex
import sys
from pathlib import Path

from tests.support.portal import ROOT

COMMAND = re.compile(r"^\.venv/bin/(?:granian|python manage\.py (?:rqworker|clock)) ?.*$", re.MULTILINE)

RECEIVER = "skipportal.receiver:application"


def read_commands(portal, port=None):
    """Return the command of each process, for this portal's addresses."""
    chapter = (ROOT / "docs" / "operations.md").read_text().partition("## In production")[2].partition("```sh")[2]
    lines = COMMAND.findall(chapter.partition("```")[0])
    return [adapt(shlex.split(line), portal, port or portal.port) for line in lines]


def find_receiver_command(portal, port):
    """Return the command of another receiver, at another port."""
    [command] = [command for command in read_commands(portal, port) if RECEIVER in command]
    return command


def adapt(words, portal, port):
    program, *options = words
    adapted = [str(Path(sys.executable).with_name(Path(program).name)), *options]
    for option, value in {"--port": port, "--uds": portal.directory / "pages.sock"}.items():
        if option in adapted:
            adapted[adapted.index(option) + 1] = str(value)
    return adapted
