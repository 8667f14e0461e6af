"""Read one uploaded file in a separate process: `python -m batches.files.reader_process`.

`isolated_reader` starts it. It reads one request from standard input, and writes messages as lines of JSON to standard
output. It does not load Django, so it starts within a tenth of a second.
"""

import contextlib
import fcntl
import json
import os
import resource
import select
import signal
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from batches.files import archives, parsing
from batches.files.file_format import OUT_OF_MEMORY, FileFormat, UnreadableFile

CHUNK_SIZE = 100_000
"""Characters of rows that are sent at a time, so that neither process holds a long list in memory."""
EXTRA_CPU_SECONDS = 2
"""CPU time between SIGXCPU, which ends the process unless it is handled, and SIGKILL, which always does."""


def main() -> None:
    """Answer one request, and exit with OUT_OF_MEMORY if there is not enough memory for that."""
    request = json.loads(read_line(sys.stdin.fileno()))
    end_with_parent(sys.stdin.fileno())
    try:
        limit_resources(request["memory"], request["cpu_seconds"], request["file_size"])
        for message in answer_request(request):
            send(message)
    except MemoryError:
        # sys.exit would need memory.
        os._exit(OUT_OF_MEMORY)
    except BrokenPipeError:
        # The parent no longer reads.
        os._exit(0)


def read_line(descriptor: int) -> bytes:
    """Read a line, or up to the end of the pipe, without buffering, so that `select` works on the pipe afterwards."""
    line = b""
    while not line.endswith(b"\n") and (piece := os.read(descriptor, 1 << 16)):
        line += piece
    return line


def end_with_parent(descriptor: int) -> None:
    """Make the system end this process when the pipe from its parent closes, even in the middle of other code.

    Ignore signals that ask the process to end: the parent decides when it ends.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
    # SIGIO is sent for any event on the pipe, and ends a process that does not handle it. Nothing more is
    # written to the pipe, so the only possible event is that it closes.
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([descriptor], [], [], 0)[0]:
        os._exit(0)


def limit_resources(memory: int, cpu_seconds: int, file_size: int) -> None:
    """Limit the resources of this process. Not every system supports every limit.

    `file_size` is the size of the files that it may write: 0 unless it unpacks an archive.
    """
    limits = {
        resource.RLIMIT_AS: (memory, memory),
        resource.RLIMIT_CPU: (cpu_seconds, cpu_seconds + EXTRA_CPU_SECONDS),
        # A core dump would contain personal data.
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_FSIZE: (file_size, file_size),
    }
    for kind, amount in limits.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, amount)
    # If the computer runs out of memory, kill this process first.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def answer_request(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the messages that answer a request: the result and the end, or why there is no result."""
    try:
        if request["directory"]:
            yield {"unpacked": archives.unpack(request["path"], request["directory"])}
        elif request["file_format"] is None:
            yield {"examined": asdict(parsing.examine(request["path"], request["sheet"], request["with_hidden"]))}
        else:
            rows = parsing.read_rows(request["path"], FileFormat(**request["file_format"]))
            yield from ({"rows": chunk} for chunk in make_chunks(rows))
    except UnreadableFile as problem:
        yield {"problem": str(problem)}
    except (MemoryError, BrokenPipeError):
        raise
    except Exception as error:
        # Leave out the error's message, which can contain the row.
        yield {"error": f"{type(error).__name__} in {locate_error(error)}"}
    yield {"is_end": True}


def make_chunks(rows: Iterable[tuple[int, list[str]]]) -> Iterator[list[tuple[int, list[str]]]]:
    """Yield the rows in chunks of about CHUNK_SIZE characters."""
    chunk, characters = [], 0
    for number, cells in rows:
        chunk.append((number, cells))
        # JSON adds quotes and a comma to each cell, and the row number to each row.
        characters += sum(map(len, cells)) + 4 * len(cells) + 10
        if characters > CHUNK_SIZE:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def locate_error(error: Exception) -> str:
    """Return the file name and line number of the code that raised an error."""
    trace = error.__traceback__
    assert trace  # noqa: S101 - it was raised
    while trace.tb_next:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def send(message: dict[str, Any]) -> None:
    """Write a message to standard output, as one line of JSON."""
    line = msgspec.json.encode(message) + b"\n"
    unsent = memoryview(line)
    while unsent:
        unsent = unsent[os.write(sys.stdout.fileno(), unsent) :]


if __name__ == "__main__":
    main()
