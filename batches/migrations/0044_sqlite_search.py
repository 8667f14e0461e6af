from django.db import migrations

from batches.search_index import install, uninstall


class Migration(migrations.Migration):
    """Search people on SQLite with FTS5. The index is filled with what is stored already; a million people take a minute.

    PostgreSQL has its own index (0005).
    """

    dependencies = [("batches", "0043_loaded_file_retention")]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: install(schema_editor.connection),
            lambda apps, schema_editor: uninstall(schema_editor.connection),
        )
    ]
