from django.db import migrations, models

from batches.index_operations import AddFieldWhileRunning, AddIndexWhileRunning


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('batches', '0022_forgetting'),
    ]

    operations = [
        AddFieldWhileRunning(
            model_name='item',
            name='emptied',
            field=models.CharField(blank=True, choices=[('', 'Kept'), ('erased', 'Erased on request'), ('expired', 'Deleted after the retention time')], db_default='', default='', help_text='Why the row and the fields asked for are empty. Such a person is never sent again.', max_length=7),
        ),
        migrations.AddField(
            model_name='upload',
            name='file_deleted_at',
            field=models.DateTimeField(editable=False, help_text='When its files were deleted after FILE_RETENTION_DAYS.', null=True),
        ),
        migrations.AddField(
            model_name='upload',
            name='inputs_deleted_at',
            field=models.DateTimeField(editable=False, help_text='When its rows were emptied after INPUT_RETENTION_DAYS.', null=True),
        ),
        AddIndexWhileRunning(
            model_name='batch',
            index=models.Index(condition=models.Q(('completion', ''), _negated=True), fields=['completed_at'], name='batch_completion_kept_since'),
        ),
        AddIndexWhileRunning(
            model_name='item',
            index=models.Index(condition=models.Q(('emptied', 'erased'), models.Q(('answer', ''), _negated=True)), fields=['answered_at'], name='item_erased_answered'),
        ),
        AddIndexWhileRunning(
            model_name='upload',
            index=models.Index(condition=models.Q(('inputs_deleted_at', None)), fields=['completed_at'], name='upload_inputs_kept_since'),
        ),
        AddIndexWhileRunning(
            model_name='upload',
            index=models.Index(condition=models.Q(('file_deleted_at', None)), fields=['completed_at'], name='upload_file_kept_since'),
        ),
        AddIndexWhileRunning(
            model_name='correction',
            index=models.Index(condition=models.Q(('file', ''), _negated=True), fields=['created_at'], name='correction_file_kept_since'),
        ),
    ]
