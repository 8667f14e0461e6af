"""Trace lists while things go wrong, and report what was lost, bought twice, or got stuck.

Each case is run alone, then in random combinations of two to four. The seed decides what is chosen. It does not decide
when things happen, because real processes race.
"""

import argparse
import json
import random
import secrets
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.faults.cases import CASES, choose
from tests.faults.play import play, say

WAYS = [
    {"UNCONFIRMED_POLICY": "ask", "MISSING_RETRIES": "0"},
    {"UNCONFIRMED_POLICY": "resend", "MISSING_RETRIES": "1", "MISSING_SHARE": "100"},
]
"""Settings that decide beforehand what a user would decide. The runs are divided among them."""

COUNTED = ["items", "lost", "bought_twice", "by_decision", "missing"]


def main():
    parser = argparse.ArgumentParser(prog="script/faults", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append", help="Both by default.")
    parser.add_argument("--seed", default=secrets.token_hex(3), help="Repeats what an earlier run has printed.")
    parser.add_argument(
        "--combinations", type=int, default=10, metavar="N", help="Runs of several cases, per database."
    )
    parser.add_argument("--without-alone", action="store_true", help="Leave out the runs of one case each.")
    parser.add_argument(
        "--only", metavar="WORDS", action="append", help="Alone only cases whose name holds these words."
    )
    parser.add_argument(
        "--way", type=int, choices=range(len(WAYS)), action="append", help="With these settings alone, by their number."
    )
    parser.add_argument(
        "--deal",
        action="store_true",
        help="Play each case alone with one of the settings on each database, not with both.",
    )
    parser.add_argument("--log", type=Path, help="Append a line of JSON for each run.")
    parser.add_argument("--table", type=Path, nargs="+", metavar="LOG", help="Make the table of earlier runs, and end.")
    options = parser.parse_args()
    if options.table:
        say(make_table([json.loads(line) for log in options.table for line in log.read_text().splitlines()]))
        return
    say(f"Seed: {options.seed}")
    outcomes = []
    for database in options.database or ["sqlite", "postgresql"]:
        for way in options.way or range(len(WAYS)):
            outcomes += play_all(database, WAYS[way], plan(options, database, way), options)
    say(make_table(outcomes))
    sys.exit(any(outcome["faults"] for outcome in outcomes))


def plan(options, database, way):
    """Return the runs of one system, as (name, cases, rng): each case alone, and half of the combinations."""
    alone = [] if options.without_alone else [case for case in CASES if database in case.databases]
    if options.only:
        alone = [case for case in alone if any(words in case.name for words in options.only)]
    if options.deal:
        alone = [case for case in alone if is_dealt(case, database, way)]
    runs = [(f"alone-{CASES.index(case)}-{way}", [case]) for case in alone]
    for number in range(way, options.combinations, len(WAYS)):
        runs.append((f"mixed-{number}", choose(random.Random(f"{options.seed} {database} {number}"), database)))
    rngs = {name: random.Random(f"{options.seed} {database} {name}") for name, _ in runs}
    return [(f"{options.seed}-{name}", cases, rngs[name]) for name, cases in runs]


def is_dealt(case, database, way):
    """Return whether a case is run with these settings on this database, if each case is run once on each database."""
    if len(case.databases) == 1:
        return True
    return (CASES.index(case) + case.databases.index(database)) % len(WAYS) == way


def play_all(database, environment, runs, options):
    """Run each system in its own process, because Django knows one database. After a failed run, start a new system."""
    outcomes = []
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as processes:
        while len(outcomes) < len(runs):
            outcomes += processes.submit(play, database, environment, runs[len(outcomes) :], options.log).result()
    return outcomes


def make_table(outcomes):
    """Return a table with a row for each case, alone or combined, and one for all runs."""
    rows = defaultdict(list)
    for outcome in outcomes:
        for case in set(outcome["cases"]) - set(outcome["missed"]):
            rows[case].append(outcome)
    lines = [
        "| case | runs | of these alone | people | lost | bought twice | twice by decision | missing | stuck or wrong |"
    ]
    lines.append("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for case in [*CASES, None]:
        found = rows[case.name] if case else outcomes
        if found:
            lines.append(make_row(case.name if case else "**all runs**", found))
    return "\n".join(lines)


def make_row(name, outcomes):
    alone = sum(len(outcome["cases"]) == 1 for outcome in outcomes)
    sums = [sum(outcome[field] for outcome in outcomes) for field in COUNTED]
    wrong = sum(bool(outcome["faults"]) for outcome in outcomes)
    return f"| {' | '.join(map(str, [name, len(outcomes), alone, *sums, wrong]))} |"


if __name__ == "__main__":
    main()
