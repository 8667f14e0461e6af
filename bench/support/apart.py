"""A contender in a process of its own, so that its memory is its own."""

import multiprocessing
from pathlib import Path


def run_apart(contend, *arguments):
    """What `contend` gives, with Django set up, and the most bytes that its process held."""
    spawn = multiprocessing.get_context("spawn")
    answers = spawn.Queue()
    process = spawn.Process(target=perform, args=(contend, arguments, answers))
    process.start()
    process.join()
    assert process.exitcode == 0
    return answers.get()


def perform(contend, arguments, answers):
    import django  # noqa: PLC0415

    django.setup()
    answers.put((contend(*arguments), most_held()))


def most_held(process="self"):
    """Bytes. Not by getrusage(), which counts what the parent held when the process was forked."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024
