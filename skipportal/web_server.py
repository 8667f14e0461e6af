"""Run the web server, granian, so that a stop is never lost: python -m skipportal.web_server OPTION… APPLICATION.

Granian's workers handle signals once they have loaded the application, which takes seconds on a busy computer. Until
then, they would have the handler of the process that they were forked from, and with it do nothing. A worker that was
told to stop at that time would accept calls afterwards, until it is killed in the middle of one.
"""

import os
import runpy
import signal

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> None:
    let_forks_stop()
    runpy.run_module("granian", run_name="__main__")


def let_forks_stop() -> None:
    """Make signals that stop a process end each fork of this one, until it handles them itself."""
    # A signal that arrives in between waits: Python forgets those that come during the fork.
    os.register_at_fork(before=hold_signals, after_in_parent=release_signals, after_in_child=end_by_signals)


def hold_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)


def release_signals() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def end_by_signals() -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    release_signals()


if __name__ == "__main__":
    main()
