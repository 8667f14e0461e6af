from django.db import migrations, models

from batches.index_operations import AddIndexWhileRunning


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('batches', '0010_batch_doubted_at'),
    ]

    operations = [
        AddIndexWhileRunning(
            model_name='earlieranswer',
            index=models.Index(condition=models.Q(('answer', ''), _negated=True), fields=['answered_at'], name='earlier_answer_kept_since'),
        ),
        AddIndexWhileRunning(
            model_name='item',
            index=models.Index(condition=models.Q(('answer', ''), _negated=True), fields=['answered_at'], name='item_answer_kept_since'),
        ),
    ]
