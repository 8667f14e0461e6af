"""The cases: faults of the vendor, and acts against our own processes and services while lists run."""

from dataclasses import dataclass

from tests.faults.acts import backups, disks, hosts, people, processes, services

BOTH = ("sqlite", "postgresql")
CHILDREN = ("worker", "web", "pages", "clock")
"""Children of the supervisor that acts are against."""
EVERYTHING = (*CHILDREN, "more", "list", "files", "database", "disk", "doubt")
"""What cannot be acted against while everything is stopped."""


@dataclass(frozen=True)
class Case:
    """A case of the fault suite.

    `faults` are options of the sandbox. `act` is called with the system, a vendor, a random generator and the uploads,
    once the uploads are running.
    """

    name: str
    faults: tuple = ()
    act: object = None
    against: tuple = ()
    """What the act is against. Two acts against the same thing would undo each other."""
    databases: tuple = BOTH
    prepare: object = None
    """A function that is called with the system before lists are started."""
    bad_rows: int = 0
    """People in each list whom the vendor refuses."""
    same_people: bool = False
    """Whether the lists contain the same people. Shorter lists contain some of them."""
    is_long: bool = False
    """Whether a long list is needed, so that the act happens under load."""
    is_harmless: bool = False
    """Whether no answer may be missing, even with the short waits of the suite."""
    weight: float = 1
    """How often the case is chosen. Cases that exclude many others would otherwise be rare in combinations."""


CASES = [
    Case("nothing goes wrong", is_harmless=True),
    Case("acknowledgement lost", ("lost_ack=2",)),
    Case("acknowledgement after the first results", ("before_ack=1",)),
    Case("results twice", ("duplicate=0.3",), is_harmless=True),
    Case("results never", ("drop=0.05",)),
    Case("results in any order", ("shuffle=1",), is_harmless=True),
    Case("completion early", ("completion=early",), is_harmless=True),
    Case("completion twice", ("completion=twice",), is_harmless=True),
    Case("completion never", ("completion=never",), is_harmless=True),
    Case("too fast (429)", ("http_429=3",), is_harmless=True),
    Case("daily limit (429)", ("daily=1",), is_harmless=True),
    Case("wrong key (401)", ("http_401=1",), is_harmless=True),
    Case("vendor fails (500)", ("http_500=1",)),
    Case("vendor busy (503)", ("http_503=3",)),
    Case("fewer received", ("short=11",)),
    Case("a person refused by name", ("refuse=named",), bad_rows=2),
    Case("a person refused without a name", ("refuse=unnamed",), bad_rows=1),
    Case(
        "worker killed before the call is taken",
        ("before_take=1.5",),
        processes.kill_worker_before_the_call,
        ("worker",),
    ),
    Case(
        "worker killed before the acknowledgement",
        ("before_ack=1.5",),
        processes.kill_worker_before_the_acknowledgement,
        ("worker",),
    ),
    Case("worker killed after the acknowledgement", (), processes.kill_worker_after_the_acknowledgement, ("worker",)),
    Case("web killed under load", (), processes.kill_web, ("web",)),
    Case("pages killed under load", (), processes.kill_pages, ("pages",), is_harmless=True),
    Case("metrics' directory emptied under load", (), processes.empty_metrics, ("metrics",), is_harmless=True),
    Case("lists of the same people", same_people=True, is_harmless=True),
    Case("hostile files uploaded under load", (), people.upload_hostile_files, ("files",), is_harmless=True),
    Case("database put in doubt under load", (), backups.put_in_doubt, ("doubt",)),
    Case("Redis emptied", (), services.empty_redis, ("Redis",), is_harmless=True),
    Case("Redis restarted", (), services.restart_redis, ("Redis",)),
    # Rare, because it takes most of a minute.
    Case("Redis away for 30 s", (), services.stop_redis_for_a_while, ("Redis",), weight=0.25),
    Case("PostgreSQL restarted under load", (), services.restart_postgres, ("database",), ("postgresql",)),
    Case("SQLite locked under load", (), services.lock_sqlite, ("database",), ("sqlite",), is_harmless=True),
    Case("clock held up, another takes over", (), processes.freeze_clock, ("clock",), is_harmless=True),
    Case("clock killed", (), processes.kill_clock, ("clock",), is_harmless=True),
    Case("three workers, two clocks", (), processes.start_more_processes, ("more",), is_harmless=True),
    Case("list paused and resumed", (), people.pause_and_resume, ("list",), is_harmless=True),
    Case("list cancelled", (), people.cancel, ("list",)),
    Case("disk full under VAR_DIR", (), disks.fill_var, ("disk", "files", "web", "pages"), is_long=True, weight=3),
    Case(
        "disk full under PostgreSQL",
        (),
        disks.fill_postgres,
        ("disk", "database"),
        ("postgresql",),
        is_long=True,
        weight=3,
    ),
    Case("processes started one by one, in any order", (), hosts.start_separately, EVERYTHING, is_long=True, weight=5),
    Case(
        "receivers restarted in turn behind a proxy",
        (),
        hosts.restart_receivers,
        ("web", "database", "disk"),
        prepare=hosts.put_behind_proxy,
        is_long=True,
        is_harmless=True,
        weight=3,
    ),
    Case("key rotated while lists run", (), hosts.rotate_key, EVERYTHING, is_long=True, weight=5),
    Case(
        "clock 200 s ahead on one host",
        (),
        hosts.run_clock_ahead,
        ("clock", "more"),
        ("postgresql",),
        is_long=True,
        is_harmless=True,
        weight=3,
    ),
    Case("backup restored half way", (), backups.restore_backup, EVERYTHING, is_long=True, weight=5),
]


def choose(rng, database):
    """Choose two to four compatible cases: no two have the same fault, or act against the same thing."""
    possible = [case for case in CASES[1:] if database in case.databases]
    weights = [case.weight for case in possible]
    chosen, wanted, taken = [], rng.randrange(2, 5), set()
    while len(chosen) < wanted:
        case = rng.choices(possible, weights)[0]
        marks = {case.name, *(fault.partition("=")[0] for fault in case.faults), *case.against}
        if not taken & marks:
            chosen.append(case)
            taken |= marks
    return chosen
