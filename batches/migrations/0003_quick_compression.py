from django.db import migrations

# Answers are JSON of 3 to 20 KB, which lz4 compresses in less time than the own way of PostgreSQL (docs/performance.md).
# Servers that were built without it go on without.
QUICK = """
DO $$ BEGIN
    ALTER TABLE batches_item ALTER COLUMN answer SET COMPRESSION lz4;
    ALTER TABLE batches_earlieranswer ALTER COLUMN answer SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported OR invalid_parameter_value THEN
    RAISE NOTICE 'This server does not compress with lz4.';
END $$
"""


def compress_quickly(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(QUICK)


class Migration(migrations.Migration):
    dependencies = [("batches", "0002_money_safe")]
    operations = [migrations.RunPython(compress_quickly, migrations.RunPython.noop)]
