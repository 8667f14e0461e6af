"""How the fault suite chooses its runs."""

from types import SimpleNamespace

from tests.faults.__main__ import POLICIES, plan_runs
from tests.faults.cases import CASES


def test_cases_with_one_policy_per_database_run_with_both_policies_and_on_all_their_databases():
    options = SimpleNamespace(without_alone=False, only=None, is_one_policy_enough=True, combinations=0, seed="plan")
    planned = set()
    for database in ("sqlite", "postgresql"):
        for policy_number in range(len(POLICIES)):
            for _, [case], _ in plan_runs(options, database, policy_number):
                planned.add((case.name, database, policy_number))
    for case in CASES:
        runs = [(database, policy_number) for name, database, policy_number in planned if name == case.name]
        assert len(runs) == 2
        assert {database for database, _ in runs} == set(case.databases)
        assert {policy_number for _, policy_number in runs} == {0, 1}
