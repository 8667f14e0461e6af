"""Read uploaded files as rows of text, in a separate process with limits on memory and time.

A hostile file can only end its own process. The functions and their results are those of `parsing`. However the
process ends, the caller gets an UnreadableFile.
"""

import json
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from batches.files.file_format import ADVICE, OUT_OF_MEMORY, Examined, FileFormat, UnreadableFile

logger = logging.getLogger(__name__)
COMMAND = [sys.executable, "-m", "batches.files.reader_process"]
ROOT = Path(__file__).parent.parent.parent
MEGABYTE = 1 << 20

MEMORY = 2048 * MEGABYTE
"""Bytes of address space. A workbook of 100,000 rows and twenty columns takes some 300 MB, longer ones more."""
CPU_SECONDS = 30
"""For any file, because a small file can be large when unpacked."""
CPU_SECONDS_PER_MEGABYTE = 3
"""Additional seconds per megabyte of a file: about three times the measured time for a workbook."""
WAIT_FACTOR = 2
"""Seconds to wait for each second of CPU time, because other processes use the processor too."""
MAX_MESSAGE_BYTES = 64 * MEGABYTE
CHUNK_SIZE = MEGABYTE

KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")
"""The environment variables that the process gets. It needs no key and no address."""

TOO_MUCH_MEMORY = (
    "The file takes too much memory to read. Delete its empty rows, empty columns and pictures, or save it as "
    "CSV (UTF-8), and upload that."
)
TOO_MUCH_TIME = "The file takes too long to read. Split it, or save it as CSV (UTF-8), and upload that."
CUT_OFF = "The file could not be read to the end. Upload it again. If that does not help, save it as CSV (UTF-8) first."
FAILED = f"The file could not be read. {ADVICE}"


@dataclass(frozen=True)
class Limits:
    """The limits for reading one file."""

    memory: int
    cpu_seconds: int
    wait: float
    """Seconds that the caller may wait for rows in total."""


class ReaderMessage(msgspec.Struct):
    """A message of the process: one of these fields is set."""

    rows: list[tuple[int, list[str]]] = []
    examined: Examined | None = None
    problem: str = ""
    error: str = ""
    is_end: bool = False


decoder = msgspec.json.Decoder(ReaderMessage)


def examine(path: str | Path, sheet: str | None = None, with_hidden: bool = False) -> Examined:
    """Find out how to read a file, and its columns and first rows. Raises UnreadableFile and OSError."""
    [examined] = [message.examined for message in read(path, sheet, with_hidden) if message.examined]
    return examined


def rows(path: str | Path, file_format: FileFormat) -> Iterator[tuple[int, list[str]]]:
    """Yield every row below the header with its number; blank rows are empty. Raises UnreadableFile and OSError."""
    for message in read(path, file_format=file_format.as_dict()):
        yield from message.rows


def read(
    path: str | Path,
    sheet: str | None = None,
    with_hidden: bool = False,
    file_format: dict[str, Any] | None = None,
) -> Iterator[ReaderMessage]:
    """Yield the messages about a file from a new process. Raises UnreadableFile and OSError."""
    limits = find_limits(Path(path).stat().st_size)
    request: dict[str, Any] = {"path": str(Path(path).absolute()), "sheet": sheet, "file_format": file_format}
    request["with_hidden"] = with_hidden
    request |= {"memory": limits.memory, "cpu_seconds": limits.cpu_seconds}
    with start(request) as process:
        for message in receive(process, limits.wait):
            if message.is_end:
                return
            if message.error:
                logger.error("A file could not be read: %s", message.error)
                raise UnreadableFile(FAILED)
            if message.problem:
                raise UnreadableFile(message.problem)
            yield message
        raise UnreadableFile(explain(process))


def find_limits(size: int) -> Limits:
    cpu_seconds = CPU_SECONDS + CPU_SECONDS_PER_MEGABYTE * size // MEGABYTE
    return Limits(MEMORY, cpu_seconds, WAIT_FACTOR * cpu_seconds)


@contextmanager
def start(request: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    """Start the process with a request, and end it with the block.

    It has its own session, so that signals from a terminal or a supervisor to the process group reach only the parent.
    """
    process = subprocess.Popen(
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        cwd=ROOT,
        env={name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ},
        start_new_session=True,
    )
    with process:
        try:
            # If the process has already ended, its pipe shows that below.
            with suppress(BrokenPipeError):
                assert process.stdin  # noqa: S101 - a pipe, as it was asked for above
                process.stdin.write(json.dumps(request).encode() + b"\n")
            yield process
        finally:
            process.kill()


def receive(process: subprocess.Popen[bytes], wait: float) -> Iterator[ReaderMessage]:
    """Yield the messages of a process until it ends. Raises UnreadableFile if waiting for them takes too long."""
    held = b""
    assert process.stdout  # noqa: S101 - a pipe
    for piece in read_chunks(process.stdout.fileno(), wait):
        *lines, held = (held + piece).split(b"\n")
        if len(held) > MAX_MESSAGE_BYTES:
            raise UnreadableFile(FAILED)
        yield from map(decode, lines)


def read_chunks(descriptor: int, wait: float) -> Iterator[bytes]:
    """Yield the data from a pipe until it closes. Raises UnreadableFile if that takes too long."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while True:
        begin = time.monotonic()
        if not poll.poll(max(0, wait) * 1000):
            raise UnreadableFile(TOO_MUCH_TIME)
        wait -= time.monotonic() - begin
        piece = os.read(descriptor, CHUNK_SIZE)
        if not piece:
            return
        yield piece


def decode(line: bytes) -> ReaderMessage:
    try:
        return decoder.decode(line)
    except msgspec.MsgspecError:
        raise UnreadableFile(FAILED) from None


def explain(process: subprocess.Popen[bytes]) -> str:
    """Return why a process closed its pipe before it had sent everything."""
    try:
        code = process.wait(5)
    except subprocess.TimeoutExpired:
        return CUT_OFF
    logger.warning("The process that reads a file ended with code %s.", code)
    if code in (OUT_OF_MEMORY, -signal.SIGABRT):
        return TOO_MUCH_MEMORY
    return TOO_MUCH_TIME if code == -signal.SIGXCPU else CUT_OFF
