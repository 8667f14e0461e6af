"""Partition the tables that grow with the people, on PostgreSQL: by ranges of the person's id (decision 91).

The existing table becomes the first partition without being copied. Afterwards, the clock adds partitions for coming
ids. An id for which there is none goes to the partition `…_rest`, so no row is ever refused.
"""

import logging
import re
import time
from bisect import bisect_right
from collections.abc import Callable
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import connection, transaction

from batches.index_operations import ATTEMPTS, TableInUse, is_partitioned, list_partitions, retry_while_locked
from batches.wide_ids import AlreadyRunning, exclusively, find_short

logger = logging.getLogger(__name__)

PEOPLE = 10_000_000
"""People per partition, unless the command names another number."""
LOCK_SECONDS = 0.25
"""How long a change may wait for all of its locks. Others wait that long too, and then for the change itself."""
BOUND = "is_in_first_partition"
"""The name of the constraint that spares PostgreSQL from reading the table while it is locked."""
KNOWN_SECONDS = 60
"""How long a process files answers without looking for new partitions."""
REST = "rest"
"""The end of the name of the partition for ids that no other partition is for."""


class Table(NamedTuple):
    name: str
    key: str
    """The column with the person's id."""


PEOPLE_TABLE = Table("batches_item", "id")
TABLES = (PEOPLE_TABLE, Table("batches_digest", "item_id"))
Bounds = tuple[int, int]
"""The first id of a partition, and the first id after it. The first partition begins at 0, whatever the ids are."""


class CannotPartition(Exception):
    """The tables cannot be partitioned. The message says why."""


class ForeignKey(NamedTuple):
    table: str
    name: str
    definition: str
    is_valid: bool


class Identity(NamedTuple):
    """The numbering of new rows."""

    sequence: str
    last: int
    is_called: bool
    """Whether the last number has been used."""


class StoredIndex(NamedTuple):
    name: str
    what: str
    """The end of its definition: the method, the columns and the condition."""
    is_unique: bool
    is_primary: bool


def partition(people: int = PEOPLE, report: Callable[[str], object] = logger.info) -> bool:
    """Partition the tables while everything runs. Return False if they are already partitioned.

    If it is interrupted, call it again. Raise CannotPartition if that is impossible, and AlreadyRunning if another
    process changes the tables of people.
    """
    check_possible()
    with exclusively():
        return partition_alone(people, report)


def partition_alone(people: int, report: Callable[[str], object]) -> bool:
    """Do what `partition` does, while no other process does so."""
    is_changed = False
    for table in TABLES:
        if not is_partitioned(connection, table.name):
            is_changed = True
            end = find_first_end(table, people)
            bound_table(table, end, report)
            report(f"{table.name} becomes the first partition, for ids below {end:,}.")
            with_locks(partial(swap, table, end), report)
        validate_foreign_keys(table, report)
    while add_missing(people, report):
        is_changed = True
    if is_changed:
        run("ANALYZE " + ", ".join(table.name for table in TABLES))
    return is_changed


def check_possible() -> None:
    """Raise CannotPartition if the database is not PostgreSQL, or something would be lost."""
    if connection.vendor != "postgresql":
        raise CannotPartition("Only PostgreSQL has partitions. Set DATABASE_URL to a database of PostgreSQL.")
    if find_short():
        raise CannotPartition("Some ids have 32 bits. Run manage.py widen_ids first.")
    whole = [table.name for table in TABLES if not is_partitioned(connection, table.name)]
    if views := run(
        "SELECT DISTINCT rule.ev_class::regclass::text FROM pg_depend JOIN pg_rewrite AS rule ON rule.oid = objid"
        " WHERE classid = 'pg_rewrite'::regclass AND refobjid = ANY(%s::regclass[]) AND NOT refobjid = rule.ev_class",
        [whole],
    ):
        names = ", ".join(sorted(name for (name,) in views))
        raise CannotPartition(f"These views would read the first partition only: {names}. Drop them before.")
    if triggers := run(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = ANY(%s::regclass[]) AND NOT tgisinternal ORDER BY 1", [whole]
    ):
        names = ", ".join(name for (name,) in triggers)
        raise CannotPartition(f"These triggers would be left to the first partition: {names}. Drop them before.")


# The existing table becomes the first partition


def find_first_end(table: Table, people: int) -> int:
    """Return where the first partition ends: at least one partition's size after the last id."""
    if table != PEOPLE_TABLE:
        return min(end for _, end in read_bounds(PEOPLE_TABLE))
    return (read_last_id() // people + 2) * people


def bound_table(table: Table, end: int, report: Callable[[str], object]) -> None:
    """Have the table contain ids below `end` only, and prove it, so that it need not be read under a lock."""
    found = run(
        "SELECT pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE conrelid = %s::regclass"
        " AND conname = %s",
        [table.name, BOUND],
    )
    condition = f"CHECK (({table.key} < '{end}'::bigint))"
    is_same = bool(found) and found[0][0].removesuffix(" NOT VALID") == condition
    if not is_same:
        add_constraint = (
            f"ALTER TABLE {table.name} DROP CONSTRAINT IF EXISTS {BOUND}, ADD CONSTRAINT {BOUND} {condition} NOT VALID"
        )
        with_locks(partial(run, add_constraint), report)
    if not is_same or not found[0][1]:
        report(f"Reading {table.name} once. Nobody has to wait for it.")
        run(f"ALTER TABLE {table.name} VALIDATE CONSTRAINT {BOUND}")


def swap(table: Table, end: int) -> None:
    """Put a partitioned table of the same name in the place of `table`, which becomes its first partition."""
    name, first = table.name, f"{table.name}_0"
    incoming, outgoing = list_foreign_keys(name, to_table=True), list_foreign_keys(name, to_table=False)
    lock([name, *(key.table for key in incoming)], "ACCESS EXCLUSIVE")
    lock([referenced for (referenced,) in list_referenced(name)], "SHARE ROW EXCLUSIVE")
    indexes = list_indexes(name)
    for key in incoming:
        run(f'ALTER TABLE {key.table} DROP CONSTRAINT "{key.name}"')
    identity = read_identity(table)
    if identity:
        run(f"ALTER TABLE {name} ALTER COLUMN {table.key} DROP IDENTITY")
    run(f"ALTER TABLE {name} RENAME TO {first}")
    for index in indexes:
        run(f'ALTER INDEX "{index.name}" RENAME TO "{index.name[:61]}_0"')
    create_like(table, first, indexes)
    for key in outgoing:
        run(f'ALTER TABLE {name} ADD CONSTRAINT "{key.name}" {key.definition}')
    run(f"ALTER TABLE {name} ATTACH PARTITION {first} FOR VALUES FROM (MINVALUE) TO ({end})")
    run(f"ALTER TABLE {first} DROP CONSTRAINT {BOUND}")
    for key in incoming:
        definition = key.definition.removesuffix(" NOT VALID")
        run(f'ALTER TABLE {key.table} ADD CONSTRAINT "{key.name}" {definition} NOT VALID')
    add_identity(table, identity)


def create_like(table: Table, first: str, indexes: list[StoredIndex]) -> None:
    """Create a partitioned table with the columns, checks and indexes of its first partition.

    A unique index without the id cannot span partitions. Each partition has one of its own.
    """
    pattern = f"{table.name}_pattern"
    # By way of another table, because PostgreSQL would write conditions of indexes differently if it read their text,
    # not recognise the first partition's own, and build them again.
    run(f"CREATE TABLE {pattern} (LIKE {first} INCLUDING ALL EXCLUDING IDENTITY)")
    run(f"ALTER TABLE {pattern} DROP CONSTRAINT {BOUND}")
    for index in list_indexes(pattern):
        if index.is_unique and not index.is_primary:
            run(f'ALTER TABLE {pattern} DROP CONSTRAINT "{index.name}"')
    run(f"CREATE TABLE {table.name} (LIKE {pattern} INCLUDING ALL) PARTITION BY RANGE ({table.key})")
    run(f"DROP TABLE {pattern}")
    rename_indexes(table.name, {index.what: index.name for index in indexes})
    copy_rights(first, table.name)


def rename_indexes(table: str, names: dict[str, str]) -> None:
    """Give the indexes of a table the names that the same indexes had."""
    for index in list_indexes(table):
        if index.name != names[index.what]:
            run(f'ALTER INDEX "{index.name}" RENAME TO "{names[index.what]}"')


def add_identity(table: Table, identity: Identity | None) -> None:
    """Have PostgreSQL number new rows of a table, and continue where `identity` stopped."""
    if identity:
        key = f"ALTER COLUMN {table.key} ADD GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME {identity.sequence})"
        run(f"ALTER TABLE {table.name} {key}")
        run("SELECT setval(%s, %s, %s)", [*identity])


def copy_rights(source: str, target: str) -> None:
    """Give other users the rights to `target` that they have to `source`."""
    for privilege, grantee in run(
        "SELECT privilege_type, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END"
        " FROM pg_class, aclexplode(relacl) WHERE oid = %s::regclass AND grantee <> relowner",
        [source],
    ):
        run(f"GRANT {privilege} ON {target} TO {grantee}")


def validate_foreign_keys(table: Table, report: Callable[[str], object]) -> None:
    """Validate the foreign keys that refer to a table and were moved without reading the rows."""
    for key in list_foreign_keys(table.name, to_table=True):
        if not key.is_valid:
            report(f"Validating a foreign key of {key.table}. Nobody has to wait for it.")
            validate = f'ALTER TABLE {key.table} VALIDATE CONSTRAINT "{key.name}"'
            with_locks(partial(run, validate), report)


# Back to one table


def join(report: Callable[[str], object] = logger.info) -> bool:
    """Copy the partitions into one table again, which keeps everybody waiting. Return False if there are none."""
    if connection.vendor != "postgresql":
        return False
    is_changed = False
    with exclusively():
        # The digests refer to the people.
        for table in reversed(TABLES):
            if is_partitioned(connection, table.name):
                report(f"Copying {table.name} into one table.")
                with transaction.atomic():
                    replace_by_copy(table)
                is_changed = True
    if is_changed:
        run("ANALYZE " + ", ".join(table.name for table in TABLES))
    return is_changed


def replace_by_copy(table: Table) -> None:
    name, whole = table.name, f"{table.name}_whole"
    run(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")
    incoming, outgoing = list_foreign_keys(name, to_table=True), list_foreign_keys(name, to_table=False)
    identity = read_identity(table)
    names = {index.what: index.name.removesuffix("_0") for index in list_indexes(f"{name}_0") if index.is_unique}
    names |= {index.what: index.name for index in list_indexes(name)}
    for key in incoming:
        run(f'ALTER TABLE {key.table} DROP CONSTRAINT "{key.name}"')
    run(f"CREATE TABLE {whole} (LIKE {name}_0 INCLUDING ALL)")
    copy_rights(name, whole)
    run(f"INSERT INTO {whole} SELECT * FROM {name}")  # noqa: S608 - the names are ours
    run(f"DROP TABLE {name}")
    run(f"ALTER TABLE {whole} RENAME TO {name}")
    rename_indexes(name, names)
    for key in outgoing:
        run(f'ALTER TABLE {name} ADD CONSTRAINT "{key.name}" {key.definition}')
    for key in incoming:
        run(f'ALTER TABLE {key.table} ADD CONSTRAINT "{key.name}" {key.definition}')
    add_identity(table, identity)


# Partitions for coming ids


def extend(_now: object = None) -> None:
    """Add the partitions that are missing for coming ids, if the tables are partitioned. The clock calls this."""
    if connection.vendor != "postgresql" or not is_partitioned(connection, PEOPLE_TABLE.name):
        return
    try:
        with exclusively():
            while add_missing(PEOPLE, logger.info, attempts=1):
                pass
    except (AlreadyRunning, TableInUse):
        logger.info("Partitions for coming ids are added later, because a table is in use.")


def add_missing(people: int, report: Callable[[str], object], attempts: int = ATTEMPTS) -> bool:
    """Add the next missing partition to each table. Return False if none is missing.

    At least one whole partition is kept free for coming people.
    """
    wanted = find_next_bounds(people)
    is_added = False
    for table in TABLES:
        if not is_partitioned(connection, table.name):
            continue
        missing: list[Bounds | None] = [None] if not has_rest(table) else []
        missing += sorted(({*read_bounds(PEOPLE_TABLE)} | ({wanted} if wanted else set())) - {*read_bounds(table)})
        for bounds in missing:
            report(f"Adding a partition to {table.name}, for {describe(bounds)}.")
            if bounds:
                prove_rest_has_none(table, bounds)
            with_locks(partial(add_partition, table, bounds), report, attempts)
            is_added = True
    return is_added


def find_next_bounds(people: int) -> Bounds | None:
    """Return the bounds of the partition to add next. None if there is enough room for coming people."""
    present = sorted(read_bounds(PEOPLE_TABLE))
    begin, top = present[-1]
    size = top - begin if len(present) > 1 else people
    last = read_last_id()
    if last < top - size and len(present) > 1:
        return None
    # People who came while there was no partition for them stay where they are.
    if last >= top:
        top = (last // size + 2) * size
    return top, top + size


def add_partition(table: Table, bounds: Bounds | None) -> None:
    """Add an empty partition with everything that the first one has. Without bounds, it takes all other ids."""
    name = f"{table.name}_{bounds[0] if bounds else REST}"
    values = f"FOR VALUES FROM ({bounds[0]}) TO ({bounds[1]})" if bounds else "DEFAULT"
    set_lock_timeout(LOCK_SECONDS)
    run(f"CREATE TABLE {name} (LIKE {table.name}_0 INCLUDING ALL EXCLUDING IDENTITY)")
    copy_rights(f"{table.name}_0", name)
    run(f"ALTER TABLE {table.name} ATTACH PARTITION {name} {values}")
    if bounds:
        run(f"ALTER TABLE {table.name}_{REST} DROP CONSTRAINT IF EXISTS {BOUND}")


def prove_rest_has_none(table: Table, bounds: Bounds) -> None:
    """Prove that no row of the rest belongs to a new partition, so that the rest need not be read under a lock."""
    rest = f"{table.name}_{REST}"
    if not run(f"SELECT EXISTS (SELECT FROM {rest})")[0][0]:  # noqa: S608 - the names are ours
        return
    condition = f"NOT ({table.key} IS NOT NULL AND {table.key} >= {bounds[0]} AND {table.key} < {bounds[1]})"
    with transaction.atomic():
        set_lock_timeout(LOCK_SECONDS)
        run(f"ALTER TABLE {rest} DROP CONSTRAINT IF EXISTS {BOUND}")
        run(f"ALTER TABLE {rest} ADD CONSTRAINT {BOUND} CHECK ({condition}) NOT VALID")
    run(f"ALTER TABLE {rest} VALIDATE CONSTRAINT {BOUND}")


def describe(bounds: Bounds | None) -> str:
    return f"ids from {bounds[0]:,} to {bounds[1] - 1:,}" if bounds else "ids without a partition"


# What is there


def read_bounds(table: Table) -> list[Bounds]:
    """Return the bounds of the partitions of a table, except for the rest."""
    expressions = run(
        "SELECT pg_get_expr(relpartbound, oid) FROM pg_class JOIN pg_inherits ON inhrelid = oid"
        " WHERE inhparent = to_regclass(%s)",
        [table.name],
    )
    found = []
    for (expression,) in expressions:
        if match := re.fullmatch(r"FOR VALUES FROM \((?:MINVALUE|'(\d+)')\) TO \('(\d+)'\)", expression):
            found.append((int(match[1] or 0), int(match[2])))
    return found


def has_rest(table: Table) -> bool:
    return f"{table.name}_{REST}" in list_partitions(connection, table.name)


def read_last_id() -> int:
    """Return the last id that was given to a person."""
    identity = read_identity(PEOPLE_TABLE)
    return identity.last if identity else 0


def read_identity(table: Table) -> Identity | None:
    [[sequence]] = run("SELECT pg_get_serial_sequence(%s, %s)", [table.name, table.key])
    if sequence is None:
        return None
    [[last, is_called]] = run(f"SELECT last_value, is_called FROM {sequence}")  # noqa: S608 - from the catalogue
    return Identity(sequence, last, is_called)


def list_foreign_keys(table: str, to_table: bool) -> list[ForeignKey]:
    """Return the foreign keys that refer to a table or, if not `to_table`, those that it has."""
    column = "confrelid" if to_table else "conrelid"
    query = (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint"  # noqa: S608
        f" WHERE contype = 'f' AND conparentid = 0 AND {column} = %s::regclass ORDER BY conname"
    )
    rows = run(query, [table])
    return [ForeignKey(*row) for row in rows]


def list_referenced(table: str) -> list[tuple[str]]:
    return run(
        "SELECT DISTINCT confrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass"
        " ORDER BY 1",
        [table],
    )


def list_indexes(table: str) -> list[StoredIndex]:
    rows = run(
        "SELECT relname, split_part(pg_get_indexdef(indexrelid), ' USING ', 2), indisunique, indisprimary FROM pg_index"
        " JOIN pg_class ON pg_class.oid = indexrelid WHERE indrelid = %s::regclass ORDER BY indexrelid",
        [table],
    )
    return [StoredIndex(*row) for row in rows]


# The partition of a person


class KnownPartitions(NamedTuple):
    bounds: list[Bounds]
    """In their order. Empty if the table is whole."""
    read_at: float
    """In seconds of `time.monotonic`."""


known: dict[Table, KnownPartitions] = {}


def find_partition(item_id: int) -> str:
    """Return the name of the partition that a person is stored in, or that of the whole table.

    Naming the partition changes nothing but the time that a prepared statement takes: PostgreSQL locks all partitions
    for each execution if it names the table. A partition keeps its bounds, so they are read every KNOWN_SECONDS only,
    and people in a newer one are found through the table.
    """
    if connection.vendor != "postgresql":
        return PEOPLE_TABLE.name
    found = known.get(PEOPLE_TABLE)
    if found is None or time.monotonic() - found.read_at > KNOWN_SECONDS:
        found = known[PEOPLE_TABLE] = KnownPartitions(sorted(read_bounds(PEOPLE_TABLE)), time.monotonic())
    position = bisect_right(found.bounds, item_id, key=itemgetter(0)) - 1
    if position >= 0 and item_id < found.bounds[position][1]:
        return f"{PEOPLE_TABLE.name}_{found.bounds[position][0]}"
    return PEOPLE_TABLE.name


def forget() -> None:
    """Have the partitions be read again when one is needed."""
    known.clear()


# Locks


def with_locks(change: Callable[[], object], report: Callable[[str], object], attempts: int = ATTEMPTS) -> None:
    """Make a change in a transaction that gives way to others, and try again while a table is in use."""

    def attempt() -> None:
        with transaction.atomic():
            # As in `manage.py migrate`: nobody has to wait until the disk has written.
            run("SET LOCAL synchronous_commit = off")
            set_lock_timeout(LOCK_SECONDS)
            change()

    retry_while_locked(attempt, report, attempts)


def lock(tables: list[str], mode: str) -> None:
    """Lock tables, which may take LOCK_SECONDS in all."""
    deadline = time.monotonic() + LOCK_SECONDS
    for table in tables:
        set_lock_timeout(max(deadline - time.monotonic(), 0.01))
        run(f"LOCK TABLE {table} IN {mode} MODE")


def set_lock_timeout(seconds: float) -> None:
    run(f"SET LOCAL lock_timeout = '{seconds * 1000:.0f}ms'")


def run(statement: str, values: list[Any] | None = None) -> list[tuple]:
    """Run a statement. Return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
