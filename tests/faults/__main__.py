"""Trace lists while things go wrong, and report what was lost, bought twice, or left unfinished.

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

from tests.faults.cases import CASES, choose_cases
from tests.faults.run_until_failure import report, run_until_failure

POLICIES = [
    {"UNCONFIRMED_POLICY": "ask", "MISSING_RETRIES": "0"},
    {"UNCONFIRMED_POLICY": "resend", "MISSING_RETRIES": "1", "MISSING_SHARE": "100", "SMALL_KEYS": "1"},
]
"""Settings that decide what happens without a user's decision. The runs are divided among them."""

TABLE_HEADER = (
    "| case | runs | of these alone | people | lost | bought twice | twice by decision | missing | stuck or wrong |"
)
SUMMED_FIELDS = ["items", "lost", "bought_twice", "by_decision", "missing"]


def main():
    options = parse_options()
    if options.table:
        report(make_table([json.loads(line) for log in options.table for line in log.read_text().splitlines()]))
        return
    report(f"Seed: {options.seed}")
    results = []
    for database in options.database or ["sqlite", "postgresql"]:
        for policy_number in options.policy_numbers or range(len(POLICIES)):
            runs = plan_runs(options, database, policy_number)
            results += run_all(database, POLICIES[policy_number], runs, options.log)
    report(make_table(results))
    sys.exit(any(result["faults"] for result in results))


def parse_options():
    parser = argparse.ArgumentParser(prog="script/faults", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append", help="Default: both.")
    parser.add_argument(
        "--seed", default=secrets.token_hex(3), help="Choose the same runs as with a seed shown before."
    )
    parser.add_argument(
        "--combinations", type=int, default=10, metavar="N", help="Number of runs of several cases, per database."
    )
    parser.add_argument("--without-alone", action="store_true", help="Leave out the runs of one case each.")
    parser.add_argument(
        "--only",
        metavar="WORDS",
        action="append",
        help="Of the cases run alone, keep only those whose names contain these words.",
    )
    parser.add_argument(
        "--policy",
        dest="policy_numbers",
        type=int,
        choices=range(len(POLICIES)),
        action="append",
        help="Number of the policy settings to run with. Default: both.",
    )
    parser.add_argument(
        "--one-policy",
        dest="is_one_policy_enough",
        action="store_true",
        help="Run each case alone with only one of the policy settings on each database.",
    )
    parser.add_argument("--log", type=Path, help="Append a line of JSON for each run.")
    parser.add_argument(
        "--table", type=Path, nargs="+", metavar="LOG", help="Only print the table of the runs in these logs."
    )
    return parser.parse_args()


def plan_runs(options, database, policy_number):
    """Return the runs with one policy on one database, as (name, cases, rng).

    These are each case alone, and half of the combinations.
    """
    alone = [] if options.without_alone else [case for case in CASES if database in case.databases]
    if options.only:
        alone = [case for case in alone if any(words in case.name for words in options.only)]
    if options.is_one_policy_enough:
        alone = [case for case in alone if is_run_with(case, database, policy_number)]
    runs = [(f"alone-{CASES.index(case)}-{policy_number}", [case]) for case in alone]
    for number in range(policy_number, options.combinations, len(POLICIES)):
        cases = choose_cases(random.Random(f"{options.seed} {database} {number}"), database)
        runs.append((f"mixed-{number}", cases))
    rngs = {name: random.Random(f"{options.seed} {database} {name}") for name, _ in runs}
    return [(f"{options.seed}-{name}", cases, rngs[name]) for name, cases in runs]


def is_run_with(case, database, policy_number):
    """Return whether a case is run with a policy on a database, if each database runs it with only one policy.

    A case that only one database can run is run there with both policies.
    """
    if len(case.databases) == 1:
        return True
    return (CASES.index(case) + case.databases.index(database)) % len(POLICIES) == policy_number


def run_all(database, settings, runs, log):
    """Run each system in a process of its own, as Django is set up once. After a failed run, start a new system."""
    results = []
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as processes:
        while len(results) < len(runs):
            remaining = runs[len(results) :]
            results += processes.submit(run_until_failure, database, settings, remaining, log).result()
    return results


def make_table(results):
    """Return a table with a row for each case, alone or combined, and one for all runs."""
    results_of = defaultdict(list)
    for result in results:
        for name in set(result["cases"]) - set(result["missed"]):
            results_of[name].append(result)
    lines = [TABLE_HEADER, "|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
    lines += [make_row(case.name, results_of[case.name]) for case in CASES if results_of[case.name]]
    if results:
        lines.append(make_row("**all runs**", results))
    return "\n".join(lines)


def make_row(name, results):
    alone = sum(len(result["cases"]) == 1 for result in results)
    sums = [sum(result[field] for result in results) for field in SUMMED_FIELDS]
    wrong = sum(bool(result["faults"]) for result in results)
    return f"| {' | '.join(map(str, [name, len(results), alone, *sums, wrong]))} |"


if __name__ == "__main__":
    main()
