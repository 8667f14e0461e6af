"""Migrations of long tables neither copy nor lock them."""

import re

import pytest
from django.core.management import call_command
from django.db import connection


@pytest.mark.django_db(transaction=True)
def test_columns_of_people_are_added_without_copying_their_table(capsys):
    call_command("sqlmigrate", "batches", "0016", no_color=True)
    statements = capsys.readouterr().out
    assert len(re.findall("ADD COLUMN", statements)) == 4
    assert "new__" not in statements
    assert statements.count("CONCURRENTLY") == (2 if connection.vendor == "postgresql" else 0)
