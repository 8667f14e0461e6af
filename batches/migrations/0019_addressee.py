"""Add the addressee to the layout for letters, at its end, because a mailer may read the others by position."""

from django.db import migrations

NAME = "Mailer"
SHIPPED = [
    ["First Name", "first_name"],
    ["Last Name", "last_name"],
    ["Mailing Address", "post_street"],
    ["Mailing City", "post_city"],
    ["Mailing State", "post_state"],
    ["Mailing Zip", "post_zip"],
    ["Property Address", "address"],
    ["Property Unit", "unit"],
    ["Property City", "city"],
    ["Property State", "state"],
    ["Property Zip", "zip"],
    ["Match Check", "match"],
]
WITH_ADDRESSEE = [*SHIPPED, ["Addressee", "addressee"]]


def add_addressee(apps, schema_editor):
    """Change the layout if it is as it was shipped. A layout that a team has changed is theirs."""
    change(apps, SHIPPED, WITH_ADDRESSEE)


def remove_addressee(apps, schema_editor):
    change(apps, WITH_ADDRESSEE, SHIPPED)


def change(apps, before, after):
    for layout in apps.get_model("batches", "ExportLayout").objects.filter(name=NAME):
        if layout.columns == before:
            layout.columns = after
            layout.save(update_fields=["columns"])


class Migration(migrations.Migration):
    dependencies = [("batches", "0018_file_formats")]

    operations = [migrations.RunPython(add_addressee, remove_addressee)]
