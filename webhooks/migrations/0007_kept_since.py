from django.db import migrations, models

from batches.index_operations import AddIndexWhileRunning


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('webhooks', '0006_stray_counts'),
    ]

    operations = [
        AddIndexWhileRunning(
            model_name='stray',
            index=models.Index(condition=models.Q(('body', b''), _negated=True), fields=['received_at'], name='stray_kept_since'),
        ),
    ]
