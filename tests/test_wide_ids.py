"""Ids that grow with people have 64 bits."""

import pytest
from django.apps import apps
from django.db import connection

SHORT = {"account", "admin", "auth", "contenttypes", "mfa", "socialaccount", "usersessions"}
"""Apps of others, whose tables have a row for each user or for what a user does by hand."""

SINGLE = {"batches_filestore", "batches_vendorkey"}
"""Tables with one row."""


def list_id_columns():
    """Return table → columns that hold the ids of a model of ours."""
    columns = {}
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_concrete_fields:
            target = field.target_field if field.is_relation else field
            owner = target.model._meta
            if target.primary_key and owner.app_label not in SHORT and owner.db_table not in SINGLE:
                columns.setdefault(model._meta.db_table, set()).add(field.column)
    return columns


def list_short_columns():
    """Return table → columns whose integers have at most 32 bits, on PostgreSQL."""
    short = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND data_type IN ('integer', 'smallint')"
        )
        for table, column in cursor.fetchall():
            short.setdefault(table, set()).add(column)
    return short


@pytest.mark.django_db
def test_the_ids_of_a_new_database_have_64_bits():
    if connection.vendor == "sqlite":
        pytest.skip("On SQLite, all integers have 64 bits.")
    columns, short = list_id_columns(), list_short_columns()
    assert {"id", "same_as_id", "upload_id"} <= columns["batches_item"]
    assert columns["webhooks_stray"] == {"id", "item_id"}
    assert {table: both for table in columns if (both := columns[table] & short.get(table, set()))} == {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequencename FROM pg_sequences WHERE data_type <> 'bigint'::regtype")
        assert {name for (name,) in cursor.fetchall() if name.startswith(("batches_", "webhooks_"))} == set()
