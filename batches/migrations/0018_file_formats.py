from django.db import migrations, models


class Migration(migrations.Migration):
    """How a file is read is its format; `layout` is kept for exports. The columns of the tables keep their names."""

    dependencies = [
        ("batches", "0017_names_of_companies"),
    ]

    operations = [
        migrations.AlterField(
            model_name="upload",
            name="layout",
            field=models.JSONField(
                db_column="layout", default=dict, help_text="Encoding, delimiter, sheet and header row of the file."
            ),
        ),
        migrations.RenameField(model_name="upload", old_name="layout", new_name="file_format"),
        migrations.AlterField(
            model_name="correction", name="layout", field=models.JSONField(db_column="layout")
        ),
        migrations.RenameField(model_name="correction", old_name="layout", new_name="file_format"),
    ]
