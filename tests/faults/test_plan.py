"""How the fault suite chooses its runs."""

from types import SimpleNamespace

from tests.faults.__main__ import WAYS, plan
from tests.faults.cases import CASES


def test_dealt_cases_are_run_with_both_settings_and_on_both_databases():
    options = SimpleNamespace(without_alone=False, only=None, deal=True, combinations=0, seed="deal")
    played = {
        (case.name, database, way)
        for database in ("sqlite", "postgresql")
        for way in range(len(WAYS))
        for _, [case], _ in plan(options, database, way)
    }
    for case in CASES:
        ours = {(database, way) for name, database, way in played if name == case.name}
        assert len(ours) == 2
        assert {database for database, _ in ours} == set(case.databases)
        assert {way for _, way in ours} == {0, 1}
