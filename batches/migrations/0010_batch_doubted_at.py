from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('batches', '0009_breakers'),
    ]

    operations = [
        migrations.AddField(
            model_name='batch',
            name='doubted_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='When it was found open in a database that had come from a backup, or had stood still for long.', null=True),
        ),
        migrations.AlterField(
            model_name='lease',
            name='holder',
            field=models.CharField(help_text='Empty once it was released.', max_length=100),
        ),
    ]
