"""Check that no migration locks a table in use for long, or breaks the release before it.

Write the SQL of each migration for PostgreSQL, without a server, and let squawk read it. Migrations that are accepted
as they are have a line in `accepted_migrations.txt`, with the reason. With --all, also check those that have been
released, which takes half a minute.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
# Only what the settings say about PostgreSQL is used. Nothing connects to this address.
os.environ |= {"DJANGO_SETTINGS_MODULE": "skipportal.settings", "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}

import django  # noqa: E402
from django.db import connection, migrations  # noqa: E402
from django.db.migrations.loader import MigrationLoader  # noqa: E402
from django.db.migrations.state import ProjectState  # noqa: E402

ACCEPTED = Path(__file__).with_name("accepted_migrations.txt")
SQUAWK = Path(sys.executable).with_name("squawk")
CHECKED = {"accounts": "0009", "api": "0004", "batches": "0038", "notices": "0008", "webhooks": "0011"}
"""The last migration of each app that has been checked. Migrations are not changed once they are released."""
OLDEST_POSTGRES = 14
"""The oldest version that Django 5.2 supports."""
EXCLUDED_RULES = (
    # Django chooses the types of keys and of text, and runs each migration once.
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-identity",
    "prefer-text-field",
    "prefer-robust-stmts",
    # `manage.py migrate` sets the timeout for all statements.
    "require-timeout-settings",
)


def read_accepted() -> set[str]:
    """Return the accepted migrations, such as `batches.0004_intake`."""
    lines = ACCEPTED.read_text().splitlines()
    return {line.partition(":")[0] for line in lines if line and not line.startswith("#")}


def is_to_check(app: str, name: str, accepted: set[str]) -> bool:
    if app not in CHECKED or f"{app}.{name}" in accepted:
        return False
    return "--all" in sys.argv or name[:4] > CHECKED[app]


def write_all(folder: Path, accepted: set[str]) -> tuple[set[str], list[Path], list[Path]]:
    """Write the SQL of the migrations that are to be checked to files.

    Return the names of all migrations, the files that run in a transaction, and those that do not.
    """
    loader = MigrationLoader(None)
    state, names = ProjectState(real_apps=loader.unmigrated_apps), set()
    files: dict[bool, list[Path]] = {True: [], False: []}
    for app, name in loader.graph._generate_plan(loader.graph.leaf_nodes(), at_end=True):
        migration = loader.graph.nodes[app, name]
        names.add(f"{app}.{name}")
        if not is_to_check(app, name, accepted):
            state = migration.mutate_state(state, preserve=False)
            continue
        path = folder / f"{app}.{name}.sql"
        path.write_text(write_sql(migration, state))
        files[migration.atomic].append(path)
    return names, files[True], files[False]


def write_sql(migration: migrations.Migration, state: ProjectState) -> str:
    """Return a migration's SQL. Change the state as the migration does."""
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        # Answer here what Django would ask a server: how values are quoted, and the names of constraints.
        connection.ops.compose_sql = lambda sql, params: sql % tuple(map(editor.quote_value, params)) if params else sql
        editor._constraint_names = lambda *_, **__: ["a_constraint"]
        # Otherwise, each operation would begin a transaction.
        editor.atomic_migration = True
        migration.apply(state, editor, collect_sql=True)
        editor.atomic_migration = False
    return "\n".join(editor.collected_sql)


def check(files: list[Path], *options: str) -> bool:
    """Let squawk read files. Return whether it finds nothing."""
    command = [str(SQUAWK), f"--pg-version={OLDEST_POSTGRES}.0", f"--exclude={','.join(EXCLUDED_RULES)}", *options]
    return not files or subprocess.run([*command, *files], check=False).returncode == 0


def main() -> int:
    django.setup()
    connection.pg_version = OLDEST_POSTGRES * 10_000
    accepted = read_accepted()
    with tempfile.TemporaryDirectory() as folder:
        names, in_transaction, others = write_all(Path(folder), accepted)
        is_fine = all([check(in_transaction, "--assume-in-transaction"), check(others)])
    if unknown := sorted(accepted - names):
        sys.stderr.write(f"{ACCEPTED.name} names migrations that do not exist: {', '.join(unknown)}\n")
    if not is_fine:
        sys.stderr.write("docs/upgrading.md says how to change a table that is in use.\n")
    return 0 if is_fine and not unknown else 1


if __name__ == "__main__":
    sys.exit(main())
