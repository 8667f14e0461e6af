"""The cases: faults of the vendor, and acts against our own processes and services while lists run."""

from dataclasses import dataclass
from functools import partial

from tests.faults.acts import accounts, backups, disks, hosts, processes, services, users

BOTH = ("sqlite", "postgresql")
ACCOUNTS = ("accounts", "web", "pages", "database", "disk", "doubt")
"""What no other act may disturb while an administrator changes accounts on the pages."""
SUPERVISED = ("worker", "web", "pages", "clock")
"""The supervisor's children that acts disturb."""
EVERYTHING = (*SUPERVISED, "extra processes", "list", "files", "database", "disk", "doubt")
"""Everything that no other act may disturb while the whole system is stopped."""


@dataclass(frozen=True)
class Case:
    """A case of the fault suite."""

    name: str
    faults: tuple = ()
    """The faults of the vendor, as options of the sandbox."""
    act: object = None
    """A function that disturbs the system once the lists run: act(system, vendor, rng, uploads)."""
    disturbs: tuple = ()
    """What the act disturbs. Two acts that disturb the same thing would undo each other."""
    databases: tuple = BOTH
    prepare: object = None
    """A function that is called with the system before lists are started."""
    refused_people: int = 0
    """Number of people in each list whom the vendor refuses."""
    has_same_people: bool = False
    """Whether the lists contain the same people. Shorter lists contain some of them."""
    has_accounts: bool = False
    """Whether the lists are sent over several vendor accounts."""
    is_long: bool = False
    """Whether a long list is needed, so that the act happens under load."""
    is_harmless: bool = False
    """Whether no answer may be missing, even with the short waits of the suite."""
    weight: float = 1
    """How often the case is chosen. Cases that exclude many others would otherwise be rare in combinations."""


account_case = partial(Case, prepare=accounts.add, has_accounts=True, is_long=True, weight=4)
"""A case with several vendor accounts."""
CASES = [
    Case("nothing goes wrong", is_harmless=True),
    Case("acknowledgement lost", faults=("lost_ack=2",)),
    Case("acknowledgement after the first results", faults=("before_ack=1",)),
    Case("results twice", faults=("duplicate=0.3",), is_harmless=True),
    Case("results never", faults=("drop=0.05",)),
    Case("results in any order", faults=("shuffle=1",), is_harmless=True),
    Case("completion early", faults=("completion=early",), is_harmless=True),
    Case("completion twice", faults=("completion=twice",), is_harmless=True),
    Case("completion never", faults=("completion=never",), is_harmless=True),
    Case("too fast (429)", faults=("http_429=3",), is_harmless=True),
    Case("daily limit (429)", faults=("daily=1",), is_harmless=True),
    Case("wrong key (401)", faults=("http_401=1",), is_harmless=True),
    Case("vendor fails (500)", faults=("http_500=1",)),
    Case("vendor busy (503)", faults=("http_503=3",)),
    Case("fewer received", faults=("short=11",)),
    Case("a person refused by name", faults=("refuse=named",), refused_people=2),
    Case("a person refused without a name", faults=("refuse=unnamed",), refused_people=1),
    Case(
        "worker killed before the call is taken",
        faults=("before_take=1.5",),
        act=processes.kill_worker_before_the_call,
        disturbs=("worker",),
    ),
    Case(
        "worker killed before the acknowledgement",
        faults=("before_ack=1.5",),
        act=processes.kill_worker_before_the_acknowledgement,
        disturbs=("worker",),
    ),
    Case(
        "worker killed after the acknowledgement",
        act=processes.kill_worker_after_the_acknowledgement,
        disturbs=("worker",),
    ),
    Case("web killed under load", act=processes.kill_web, disturbs=("web",)),
    Case("pages killed under load", act=processes.kill_pages, disturbs=("pages",), is_harmless=True),
    Case("metrics' directory emptied under load", act=processes.empty_metrics, disturbs=("metrics",), is_harmless=True),
    Case("lists of the same people", has_same_people=True, is_harmless=True),
    Case("hostile files uploaded under load", act=users.upload_hostile_files, disturbs=("files",), is_harmless=True),
    Case("database put in doubt under load", act=backups.put_in_doubt, disturbs=("doubt",)),
    Case("Redis emptied", act=services.empty_redis, disturbs=("Redis",), is_harmless=True),
    Case("Redis restarted", act=services.restart_redis, disturbs=("Redis",)),
    # Rare, because it takes most of a minute.
    Case("Redis away for 30 s", act=services.stop_redis_for_a_while, disturbs=("Redis",), weight=0.25),
    Case(
        "PostgreSQL restarted under load",
        act=services.restart_postgres,
        disturbs=("database",),
        databases=("postgresql",),
    ),
    Case(
        "SQLite locked under load",
        act=services.lock_sqlite,
        disturbs=("database",),
        databases=("sqlite",),
        is_harmless=True,
    ),
    Case("clock held up, another takes over", act=processes.freeze_clock, disturbs=("clock",), is_harmless=True),
    Case("clock killed", act=processes.kill_clock, disturbs=("clock",), is_harmless=True),
    Case(
        "three workers, two clocks", act=processes.start_more_processes, disturbs=("extra processes",), is_harmless=True
    ),
    Case("list paused and resumed", act=users.pause_and_resume, disturbs=("list",), is_harmless=True),
    Case("list cancelled", act=users.cancel, disturbs=("list",)),
    Case(
        "disk full under VAR_DIR",
        act=disks.fill_var,
        disturbs=("disk", "files", "web", "pages"),
        is_long=True,
        weight=3,
    ),
    Case(
        "disk full under PostgreSQL",
        act=disks.fill_postgres,
        disturbs=("disk", "database"),
        databases=("postgresql",),
        is_long=True,
        weight=3,
    ),
    Case(
        "processes started one by one, in any order",
        act=hosts.start_separately,
        disturbs=EVERYTHING,
        is_long=True,
        weight=5,
    ),
    Case(
        "receivers restarted in turn behind a proxy",
        act=hosts.restart_receivers,
        disturbs=("web", "database", "disk"),
        prepare=hosts.put_behind_proxy,
        is_long=True,
        is_harmless=True,
        weight=3,
    ),
    Case("key rotated while lists run", act=hosts.rotate_key, disturbs=EVERYTHING, is_long=True, weight=5),
    Case(
        "clock 200 s ahead on one host",
        act=hosts.run_clock_ahead,
        disturbs=("clock", "extra processes", "web", "database", "disk"),
        databases=("postgresql",),
        prepare=hosts.put_receiver_ahead,
        is_long=True,
        is_harmless=True,
        weight=3,
    ),
    Case("backup restored half way", act=backups.restore_backup, disturbs=EVERYTHING, is_long=True, weight=5),
    Case(
        "backup of a stopped system restored without the command",
        act=backups.restore_cold_backup,
        disturbs=EVERYTHING,
        is_long=True,
        weight=5,
    ),
    Case(
        "second host started behind a pool in transaction mode",
        act=hosts.start_behind_pool,
        disturbs=("extra processes", "database"),
        databases=("postgresql",),
        is_long=True,
        is_harmless=True,
    ),
    account_case(
        "several vendor accounts, deliveries with the keys of others",
        act=accounts.deliver_with_other_keys,
        disturbs=("accounts",),
        is_harmless=True,
    ),
    account_case("one vendor account slow", faults=("slow=1",)),
    account_case(
        "vendor account held under load",
        act=accounts.hold,
        disturbs=ACCOUNTS,
        is_harmless=True,
    ),
    account_case(
        "vendor account retired under load",
        act=accounts.retire,
        disturbs=ACCOUNTS,
        is_harmless=True,
    ),
    account_case(
        "key of a vendor account replaced by a wrong one",
        act=accounts.replace_key_by_mistake,
        disturbs=ACCOUNTS,
        is_harmless=True,
    ),
]


def choose_cases(rng, database):
    """Choose two to four compatible cases: no two have the same fault or disturb the same thing."""
    possible = [case for case in CASES[1:] if database in case.databases]
    weights = [case.weight for case in possible]
    chosen, count, taken = [], rng.randrange(2, 5), set()
    while len(chosen) < count:
        case = rng.choices(possible, weights)[0]
        fault_names = [fault.partition("=")[0] for fault in case.faults]
        needed = {case.name, *fault_names, *case.disturbs}
        if not taken & needed:
            chosen.append(case)
            taken |= needed
    return chosen
