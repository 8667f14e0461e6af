from django.db import models

from batches.index_operations import WidenWhileShort
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('batches', '0047_vendor_accounts'),
        # Deliveries refer to people.
        ('webhooks', '0011_attempts'),
    ]

    operations = [
        WidenWhileShort(
            model_name='item',
            name='id',
            field=models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID'),
        ),
    ]
