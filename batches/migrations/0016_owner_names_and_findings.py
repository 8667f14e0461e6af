from django.db import migrations, models

from batches.index_operations import AddFieldWhileRunning, AddIndexWhileRunning


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("batches", "0015_list_warnings"),
    ]

    operations = [
        AddFieldWhileRunning(
            model_name="item",
            name="owner_name",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The name of an owner that is not a person, as in the file. It is not sent.",
                max_length=255,
            ),
        ),
        AddFieldWhileRunning(
            model_name="item",
            name="findings",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="The row's problems or, if it has none, its warnings: field:kind, each with a space on both sides.",
            ),
        ),
        AddFieldWhileRunning(
            model_name="upload",
            name="sha256",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Of the file's bytes. Empty for files that were uploaded before hashes were stored.",
                max_length=64,
                verbose_name="SHA-256",
            ),
        ),
        migrations.AddField(
            model_name="correction",
            name="previous_cells",
            field=models.JSONField(
                blank=True,
                editable=False,
                help_text="Row number → its cells before they were edited on the page. Empty for a file.",
                null=True,
            ),
        ),
        AddIndexWhileRunning(
            model_name="item",
            index=models.Index(
                fields=["upload", "row_number"], condition=~models.Q(findings=""), name="item_with_findings"
            ),
        ),
        AddIndexWhileRunning(
            model_name="upload",
            index=models.Index(fields=["sha256"], condition=~models.Q(sha256=""), name="upload_sha256"),
        ),
    ]
