"""Run a contender in its own process, so that its memory can be measured, and read what processes have used."""

import multiprocessing
import os
import re
from collections import Counter
from contextlib import suppress
from pathlib import Path

KINDS = {"batches.sandbox": "sandbox vendor", "postgres": "PostgreSQL", "valkey": "Redis", "shell": "bench"}
"""Part of a command line → what the process is. Our own processes have titles."""


def run_in_new_process(function, *arguments):
    """Run a function in a new process with Django set up. Return its result and its peak memory in bytes."""
    spawn = multiprocessing.get_context("spawn")
    results = spawn.Queue()
    process = spawn.Process(target=run_in_this_process, args=(function, arguments, results))
    process.start()
    process.join()
    assert process.exitcode == 0
    return results.get()


def run_in_this_process(function, arguments, results):
    import django  # noqa: PLC0415

    django.setup()
    results.put((function(*arguments), read_peak_memory()))


def read_peak_memory(process="self"):
    """Return the peak memory of a process in bytes. getrusage() would count the parent's memory at the fork."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def read_processor_seconds():
    """Return kind of process → seconds of processor time, for all processes that this one has started, and itself."""
    commands, parents, seconds = {}, {}, {}
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            _state, parent, *others = (path / "stat").read_text().rpartition(")")[2].split()
            pid, times = int(path.name), others[9:11]
            commands[pid] = (path / "cmdline").read_text().replace("\0", " ")
            parents[pid], seconds[pid] = int(parent), sum(map(int, times)) / os.sysconf("SC_CLK_TCK")
    used = Counter()
    for pid, command in commands.items():
        if is_below(pid, parents):
            used[name_kind(command)] += seconds[pid]
    return used


def is_below(pid, parents):
    """Return whether a process is this one or below it."""
    while pid in parents and pid != os.getpid():
        pid = parents[pid]
    return pid == os.getpid()


def name_kind(command):
    if command.startswith("skipportal: "):
        return re.sub(r"( worker)?-\d+", "", command.removeprefix("skipportal: ")).strip()
    return next((kind for part, kind in KINDS.items() if part in command), "bench")
