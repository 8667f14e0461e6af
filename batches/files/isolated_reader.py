"""Read uploaded files as rows of text, in a separate process with limits on memory and time.

At worst, a hostile file ends the process that reads it, and the caller gets an UnreadableFile. `examine` and
`read_rows` have the same arguments and results as those in `parsing`. `unpacked` opens archives in such a process too.
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
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec

from batches.files import archives
from batches.files.file_format import ADVICE, OUT_OF_MEMORY, ExaminedFile, FileFormat, UnreadableFile, read_head

logger = logging.getLogger(__name__)
COMMAND = [sys.executable, "-m", "batches.files.reader_process"]
PROJECT_ROOT = Path(__file__).parent.parent.parent
MEGABYTE = 1 << 20

MAX_MEMORY_BYTES = 2048 * MEGABYTE
"""Bytes of address space. A workbook of 100,000 rows and twenty columns takes some 300 MB, longer ones more."""
CPU_SECONDS = 30
"""CPU time that is allowed for any file, because a small file can be large when unpacked."""
CPU_SECONDS_PER_MEGABYTE = 3
"""Additional CPU time per megabyte of a file: about three times the measured time for a workbook."""
WAIT_FACTOR = 2
"""Seconds to wait for each second of CPU time, because other processes use the processor too."""
MAX_MESSAGE_BYTES = 64 * MEGABYTE
CHUNK_SIZE = MEGABYTE

KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")
"""The environment variables that the reader process gets. It needs no API keys or database address."""

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
    """A message from the reader process. One of its fields is set."""

    rows: list[tuple[int, list[str]]] = []
    examined: ExaminedFile | None = None
    unpacked: list[str] = []
    """The names of the files in an archive."""
    problem: str = ""
    """Why the file cannot be read, for the user."""
    error: str = ""
    """The unexpected error that ended the reading, for the log."""
    is_end: bool = False


decoder = msgspec.json.Decoder(ReaderMessage)


def examine(path: str | Path, sheet: str | None = None, with_hidden: bool = False) -> ExaminedFile:
    """Find a file's format, columns and first rows. Raise UnreadableFile or OSError if it cannot be read."""
    [examined] = [message.examined for message in read_messages(path, sheet, with_hidden) if message.examined]
    return examined


def read_rows(path: str | Path, file_format: FileFormat) -> Iterator[tuple[int, list[str]]]:
    """Yield every row below the header with its number. A blank row has no cells.

    Raise UnreadableFile or OSError if the file cannot be read.
    """
    for message in read_messages(path, file_format=file_format.as_dict()):
        yield from message.rows


class UnpackedFile(NamedTuple):
    """A file from an archive."""

    name: str
    """Its name in the archive. Empty for a file that is not from one."""
    path: Path


@contextmanager
def unpacked(path: str | Path) -> Iterator[list[UnpackedFile]]:
    """Yield the files in a zip archive, unpacked within the block, or the file itself if it is no archive.

    Raise UnreadableFile or OSError if an archive cannot be unpacked.
    """
    itself = UnpackedFile("", Path(path))
    if not read_head(path, 4).startswith(archives.SIGNATURES):
        yield [itself]
        return
    with TemporaryDirectory(prefix="skipportal-unpacked-") as directory:
        names = [name for message in read_messages(path, directory=directory) for name in message.unpacked]
        # A workbook is an archive too, but is read as it is.
        files = [UnpackedFile(name, Path(directory) / str(position)) for position, name in enumerate(names)]
        yield files or [itself]


def read_messages(
    path: str | Path,
    sheet: str | None = None,
    with_hidden: bool = False,
    file_format: dict[str, Any] | None = None,
    directory: str = "",
) -> Iterator[ReaderMessage]:
    """Start a reader process for a file and yield its messages. With a `directory`, it unpacks the file into that.

    Raise UnreadableFile or OSError if the file cannot be read.
    """
    limits = find_limits(Path(path).stat().st_size)
    request = {
        "path": str(Path(path).absolute()),
        "sheet": sheet,
        "with_hidden": with_hidden,
        "file_format": file_format,
        "directory": directory,
        "file_size": archives.MAX_UNPACKED_BYTES if directory else 0,
        "memory": limits.memory,
        "cpu_seconds": limits.cpu_seconds,
    }
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
        raise UnreadableFile(explain_end(process))


def find_limits(size: int) -> Limits:
    cpu_seconds = CPU_SECONDS + CPU_SECONDS_PER_MEGABYTE * size // MEGABYTE
    return Limits(MAX_MEMORY_BYTES, cpu_seconds, WAIT_FACTOR * cpu_seconds)


@contextmanager
def start(request: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a reader process and send it a request. Kill it at the end of the block.

    The process has its own session, so signals that a terminal or a supervisor sends to our process group do not
    reach it.
    """
    process = subprocess.Popen(
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        cwd=PROJECT_ROOT,
        env={name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ},
        start_new_session=True,
    )
    with process:
        try:
            # If the process has already ended, the caller finds the pipe from it closed.
            with suppress(BrokenPipeError):
                assert process.stdin  # noqa: S101 - a pipe, as requested above
                process.stdin.write(json.dumps(request).encode() + b"\n")
            yield process
        finally:
            process.kill()


def receive(process: subprocess.Popen[bytes], wait: float) -> Iterator[ReaderMessage]:
    """Yield the messages of a process until it ends. Raise UnreadableFile if it takes longer than `wait` seconds."""
    incomplete = b""
    assert process.stdout  # noqa: S101 - a pipe
    for piece in read_chunks(process.stdout.fileno(), wait):
        *lines, incomplete = (incomplete + piece).split(b"\n")
        if len(incomplete) > MAX_MESSAGE_BYTES:
            raise UnreadableFile(FAILED)
        yield from map(decode, lines)


def read_chunks(descriptor: int, wait: float) -> Iterator[bytes]:
    """Yield the data from a pipe until it closes. Raise UnreadableFile if that takes longer than `wait` seconds."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while True:
        started_at = time.monotonic()
        if not poll.poll(max(0, wait) * 1000):
            raise UnreadableFile(TOO_MUCH_TIME)
        wait -= time.monotonic() - started_at
        piece = os.read(descriptor, CHUNK_SIZE)
        if not piece:
            return
        yield piece


def decode(line: bytes) -> ReaderMessage:
    try:
        return decoder.decode(line)
    except msgspec.MsgspecError:
        raise UnreadableFile(FAILED) from None


def explain_end(process: subprocess.Popen[bytes]) -> str:
    """Return why a process closed its pipe before it had sent everything."""
    try:
        code = process.wait(5)
    except subprocess.TimeoutExpired:
        return CUT_OFF
    logger.warning("The process that reads a file ended with code %s.", code)
    if code in (OUT_OF_MEMORY, -signal.SIGABRT):
        return TOO_MUCH_MEMORY
    return TOO_MUCH_TIME if code == -signal.SIGXCPU else CUT_OFF
