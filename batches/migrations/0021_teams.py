import django.db.models.deletion
from django.db import migrations, models

TEAM_OF_ALL = "Everyone"


def keep_rights(apps, schema_editor):
    """Let existing users go on: until now, each of them saw all lists and could do everything but approve."""
    User = apps.get_model("auth", "User")
    users = list(User.objects.filter(is_active=True, is_superuser=False))
    if not users:
        return
    team, _ = apps.get_model("accounts", "Team").objects.get_or_create(name=TEAM_OF_ALL)
    team.members.add(*users)
    apps.get_model("auth", "Group").objects.get(name="Lead").user_set.add(*users)
    apps.get_model("batches", "Upload").objects.filter(created_by__isnull=False).update(team=team)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_roles"),
        ("batches", "0020_stop_mark"),
    ]

    operations = [
        migrations.AddField(
            model_name="upload",
            name="team",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="uploads",
                to="accounts.team",
            ),
        ),
        migrations.RunPython(keep_rights, migrations.RunPython.noop),
    ]
