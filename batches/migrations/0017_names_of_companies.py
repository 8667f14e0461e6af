"""Name the companies, trusts and estates that were stored without a name, by the cells of their rows.

Each slice is saved in a short transaction of its own, so that a long table is neither locked nor read as a whole. This
can be interrupted: the next run continues with those that have no name yet.
"""

from django.db import migrations, transaction

from batches.database import retry_write
from batches.people import cells, search_terms

SLICE = 500
SECONDS = 60
"""How long the saving of a slice is retried while another statement blocks it."""
NAME_FIELDS = ["first_name", "middle_name", "last_name"]


def name_companies(apps, schema_editor):
    Item = apps.get_model("batches", "Item")
    unnamed = Item.objects.exclude(owner_kind="person").filter(owner_name="").order_by("pk")
    mappings, last = {}, 0
    while items := list(unnamed.filter(pk__gt=last).only("upload_id", "cells")[:SLICE]):
        last = items[-1].pk
        add_mappings(apps, mappings, {item.upload_id for item in items})
        for item in items:
            item.owner_name = find_name(item.cells, mappings[item.upload_id])
        retry_write(lambda named=items: save_names(apps, named), SECONDS)


def add_mappings(apps, mappings, upload_ids):
    uploads = apps.get_model("batches", "Upload").objects.filter(pk__in=upload_ids - mappings.keys())
    mappings |= dict(uploads.values_list("pk", "mapping"))


def find_name(texts, mapping):
    """Return the owner's name in a row: its first and last name in the order of the columns, else its full name."""
    positions = sorted(position for field in NAME_FIELDS for position in mapping.get(field, ()))
    is_named = any(read(texts, mapping.get(field, ())) for field in ("first_name", "last_name"))
    return read(texts, positions if is_named else mapping.get("full_name", ()))[:255]


def read(texts, positions):
    """Return the cells at some positions as one text."""
    found = (cells.clean(texts[position][:1000]) for position in positions if position < len(texts))
    return " ".join(filter(None, found))


@transaction.atomic
def save_names(apps, items):
    """Save the names and make them searchable in one transaction, because an item with a name is not read again."""
    Item, Digest = apps.get_model("batches", "Item"), apps.get_model("batches", "Digest")
    Item.objects.bulk_update(items, ["owner_name"])
    names = {item.pk: item.owner_name for item in items}
    digests = list(Digest.objects.filter(pk__in=names).only("search_terms").order_by("pk"))
    for digest in digests:
        terms = dict.fromkeys([*digest.search_terms.split(), *search_terms.collect([names[digest.pk]]).split()])
        digest.search_terms = " ".join(list(terms)[: search_terms.MAX_TERMS])
    Digest.objects.bulk_update(digests, ["search_terms"])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("batches", "0016_owner_names_and_findings"),
    ]

    operations = [
        migrations.RunPython(name_companies, migrations.RunPython.noop),
    ]
