from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_themes")]

    operations = [
        migrations.AddField(
            model_name="profile",
            name="tour_ended_at",
            field=models.DateTimeField(help_text="When the user ended the tour of the sample list.", null=True),
        ),
    ]
