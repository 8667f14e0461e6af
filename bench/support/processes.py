"""Run a contender in its own process, so that its memory can be measured."""

import multiprocessing
from pathlib import Path


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
