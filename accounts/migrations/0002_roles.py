"""Create the roles, and protect the audit log."""

from django.db import migrations

LIST_RIGHTS = ["see_lists"]
MEMBER_RIGHTS = [*LIST_RIGHTS, "see_contacts", "upload_lists", "start_lists", "export_results", "edit_suppressions"]
LEAD_RIGHTS = [*MEMBER_RIGHTS, "decide"]
ROLES = {
    "Viewer": LIST_RIGHTS,
    "Member": MEMBER_RIGHTS,
    "Lead": LEAD_RIGHTS,
    "Approver": [*LIST_RIGHTS, "approve_upload"],
    "Administrator": [*LEAD_RIGHTS, "approve_upload", "administer"],
}

PROTECT = {
    "postgresql": [
        """
        CREATE FUNCTION accounts_protect_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND OLD.at < statement_timestamp() - interval '30 days' THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION 'Entries of the audit log cannot be changed, nor deleted within 30 days.';
        END $$
        """,
        """
        CREATE TRIGGER accounts_protect_audit_log BEFORE UPDATE OR DELETE ON accounts_auditentry
        FOR EACH ROW EXECUTE FUNCTION accounts_protect_audit_log()
        """,
    ],
    "sqlite": [
        """
        CREATE TRIGGER accounts_protect_audit_log_update BEFORE UPDATE ON accounts_auditentry
        BEGIN SELECT RAISE(ABORT, 'Entries of the audit log cannot be changed.'); END
        """,
        """
        CREATE TRIGGER accounts_protect_audit_log_delete BEFORE DELETE ON accounts_auditentry
        WHEN OLD.at >= datetime('now', '-30 days')
        BEGIN SELECT RAISE(ABORT, 'Entries of the audit log cannot be deleted within 30 days.'); END
        """,
    ],
}
UNPROTECT = {
    "postgresql": [
        "DROP TRIGGER IF EXISTS accounts_protect_audit_log ON accounts_auditentry",
        "DROP FUNCTION IF EXISTS accounts_protect_audit_log",
    ],
    "sqlite": [
        "DROP TRIGGER IF EXISTS accounts_protect_audit_log_update",
        "DROP TRIGGER IF EXISTS accounts_protect_audit_log_delete",
    ],
}


def protect_audit_log(apps, schema_editor):
    for statement in PROTECT[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def unprotect_audit_log(apps, schema_editor):
    for statement in UNPROTECT[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def create_roles(apps, schema_editor):
    Permission = apps.get_model("auth", "Permission")
    ContentType = apps.get_model("contenttypes", "ContentType")
    Group = apps.get_model("auth", "Group")
    team, _ = ContentType.objects.get_or_create(app_label="accounts", model="team")
    upload, _ = ContentType.objects.get_or_create(app_label="batches", model="upload")
    # Django would create them only after the last migration.
    names = dict(apps.get_model("accounts", "Team")._meta.permissions)
    rights = {
        codename: Permission.objects.get_or_create(
            content_type=team, codename=codename, defaults={"name": name}
        )[0]
        for codename, name in names.items()
    }
    rights["approve_upload"], _ = Permission.objects.get_or_create(
        content_type=upload, codename="approve_upload", defaults={"name": "Can approve lists above the approval limit"}
    )
    for role, codenames in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.add(*(rights[codename] for codename in codenames))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_teams_and_audit"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("batches", "0020_stop_mark"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunPython(create_roles, migrations.RunPython.noop),
        migrations.RunPython(protect_audit_log, unprotect_audit_log),
    ]
