"""Read from docs/operations.md the processes that run without the supervisor."""

import re
import sys

from skipportal.supervisor import web_command
from tests.support.portal import ROOT

PROCESS = re.compile(r"^\.venv/bin/python -m skipportal\.process ((?!prepare)[\w ]*\w)", re.MULTILINE)
"""The arguments of a process that keeps running."""
RECEIVER = "skipportal.receiver:application"


def read_commands():
    """Return the command of each process. It starts in the environment of a portal."""
    _, _, chapter = (ROOT / "docs" / "operations.md").read_text().partition("## In production")
    _, _, rest = chapter.partition("```sh")
    code_block, _, _ = rest.partition("```")
    return [[sys.executable, "-m", "skipportal.process", *words.split()] for words in PROCESS.findall(code_block)]


def find_receiver_command(port, application=RECEIVER):
    """Return the command of another receiver, which listens on `port`."""
    return [application if word == RECEIVER else word for word in web_command("127.0.0.1", port)]
