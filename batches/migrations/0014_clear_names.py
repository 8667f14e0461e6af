"""Names that say what they hold.

The tables and columns keep theirs, so that nothing is locked: all but the moves of data is state only.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

EVENTS = {
    "mended rows uploaded": "corrected file uploaded",
    "approval asked for": "approval requested",
    "to be sent again": "resend requested",
    "given up": "closed by hand",
    "planned again": "replanned",
    "not planned again": "not replanned",
    "not approved": "approval withdrawn",
    "stray filed over an error": "error replaced by hand",
    "an item refused": "person refused",
    "waits for tomorrow": "waiting for tomorrow",
    "waiting": "waiting for other lists",
    "acknowledged once more": "acknowledged twice",
    "split up": "split",
    "not taken": "not accepted",
}
REASONS = {
    "This database comes from a backup. Whoever was being traced when the backup was made may have been sent, "
    "and paid for, since then. Decide about these people, then let sending go on.": "This database was restored from a "
    "backup. People who were being traced when the backup was made may have been sent, and paid for, since then. Decide "
    "about these people, then unblock sending.",
    "Nothing ran for more than ten minutes while lists were in progress: there was an outage, or this database "
    "comes from a backup. People may have been sent, and paid for, meanwhile. Decide about them, then let sending "
    "go on.": "Nothing ran for more than ten minutes while lists were in progress: there was an outage, or this "
    "database was restored from a backup. People may have been sent, and paid for, in the meantime. Decide about them, "
    "then unblock sending.",
}
MODELS = {"hold": ("sendingblock", "sending block"), "continuation": ("correction", "corrected file")}
ACTIONS = ("add", "change", "delete", "view")


def rename_events(apps, names):
    events = apps.get_model("batches", "Event").objects
    renamed = models.Case(*(models.When(what=old, then=models.Value(new)) for old, new in names.items()))
    events.filter(what__in=names).update(what=renamed)


def rename_reasons(apps, texts):
    """Keep blocks in force recognisable: those because of batches in doubt lead to the page about them."""
    for old, new in texts.items():
        apps.get_model("batches", "SendingBlock").objects.filter(reason=old).update(reason=new)


def rename_permissions(apps, models):
    """Keep what groups and users may do: their rows name the permission by its number."""
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="batches")
    for old, (new, label) in models.items():
        for action in ACTIONS:
            permissions.filter(codename=f"{action}_{old}").update(
                codename=f"{action}_{new}", name=f"Can {action} {label}"
            )


def rename_option(apps, old, new):
    for template in apps.get_model("batches", "MappingTemplate").objects.filter(options__has_key=old):
        template.options[new] = template.options.pop(old)
        template.save(update_fields=["options"])


def forwards(apps, _):
    rename_events(apps, EVENTS)
    rename_reasons(apps, REASONS)
    rename_permissions(apps, MODELS)
    rename_option(apps, "match", "match_requirements")


def backwards(apps, _):
    rename_events(apps, {new: old for old, new in EVENTS.items()})
    rename_reasons(apps, {new: old for old, new in REASONS.items()})
    rename_permissions(
        apps,
        {"sendingblock": ("hold", "hold"), "correction": ("continuation", "file of mended rows")},
    )
    rename_option(apps, "match_requirements", "match")


def rename_field(model, old, new, field):
    """Rename a field. Given `field` with its old column, neither of the two operations touches the table."""
    return [migrations.AlterField(model, old, field), migrations.RenameField(model, old, new)]


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("batches", "0013_indexes_of_people"),
    ]

    operations = [
        migrations.AlterModelTable("hold", "batches_hold"),
        migrations.RenameModel("Hold", "SendingBlock"),
        migrations.AlterModelTable("continuation", "batches_continuation"),
        migrations.RenameModel("Continuation", "Correction"),
        *rename_field("batch", "again", "may_hold_resent", models.BooleanField(db_column="again", default=False)),
        *rename_field("batch", "same", "match_same", models.PositiveIntegerField(db_column="same", default=0)),
        *rename_field("batch", "perhaps", "match_perhaps", models.PositiveIntegerField(db_column="perhaps", default=0)),
        *rename_field("batch", "other", "match_other", models.PositiveIntegerField(db_column="other", default=0)),
        *rename_field(
            "batch",
            "stray_answers",
            "unmatched_answers",
            models.PositiveIntegerField(db_column="stray_answers", default=0, db_default=0),
        ),
        *rename_field(
            "batch",
            "stray_matched",
            "unmatched_matches",
            models.PositiveIntegerField(db_column="stray_matched", default=0, db_default=0),
        ),
        *rename_field(
            "batch",
            "stray_credits",
            "unmatched_credits",
            models.DecimalField(db_column="stray_credits", max_digits=12, decimal_places=2, default=0, db_default=0),
        ),
        *rename_field("digest", "words", "search_terms", models.TextField(db_column="words")),
        *rename_field("upload", "source", "list_source", models.CharField(db_column="source", max_length=100)),
        *rename_field("upload", "doubts", "uncertain", models.JSONField(db_column="doubts", default=dict)),
        *rename_field("upload", "fixed", "constants", models.JSONField(db_column="fixed", default=dict)),
        *rename_field("upload", "match", "match_requirements", models.JSONField(db_column="match", default=list)),
        *rename_field("mappingtemplate", "fixed", "constants", models.JSONField(db_column="fixed", default=dict)),
        *rename_field(
            "correction",
            "mended_count",
            "corrected_count",
            models.PositiveIntegerField(db_column="mended_count", default=0),
        ),
        *rename_field(
            "correction",
            "most_people",
            "max_people",
            models.PositiveIntegerField(db_column="most_people", default=0, db_default=0),
        ),
        *rename_field(
            "sendingblock", "lifted_at", "unblocked_at", models.DateTimeField(db_column="lifted_at", null=True)
        ),
        *rename_field(
            "sendingblock",
            "lifted_by",
            "unblocked_by",
            models.ForeignKey(
                settings.AUTH_USER_MODEL, django.db.models.deletion.PROTECT, db_column="lifted_by_id", null=True
            ),
        ),
        *rename_field("export", "held", "item_ids", models.BinaryField(db_column="held", default=bytes)),
        *rename_field(
            "exportlayout",
            "most_phones",
            "max_phones",
            models.PositiveSmallIntegerField(db_column="most_phones", default=0),
        ),
        migrations.RunPython(forwards, backwards),
        # Texts for people
        migrations.AlterModelOptions(
            name="correction",
            options={"ordering": ["-id"], "verbose_name": "corrected file", "verbose_name_plural": "corrected files"},
        ),
        migrations.AlterModelOptions(
            name="event",
            options={"ordering": ["at", "id"], "verbose_name": "history entry", "verbose_name_plural": "history"},
        ),
        migrations.AlterModelOptions(
            name="exportlayout",
            options={"ordering": ["name"], "verbose_name": "export layout", "verbose_name_plural": "export layouts"},
        ),
        migrations.AlterModelOptions(
            name="mappingtemplate",
            options={
                "ordering": ["name"],
                "verbose_name": "mapping template",
                "verbose_name_plural": "mapping templates",
            },
        ),
        migrations.AlterModelOptions(
            name="sendingblock",
            options={"ordering": ["-id"], "verbose_name": "sending block", "verbose_name_plural": "sending blocks"},
        ),
        migrations.AlterModelOptions(
            name="suppression",
            options={
                "ordering": ["-id"],
                "verbose_name": "do-not-contact entry",
                "verbose_name_plural": "do-not-contact list",
            },
        ),
        migrations.AlterField(
            model_name="batch",
            name="cached",
            field=models.PositiveIntegerField(
                default=0, help_text="Matches that the vendor answered from its cache, at no cost."
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="completed_at",
            field=models.DateTimeField(blank=True, help_text="When the completion call arrived.", null=True),
        ),
        migrations.AlterField(
            model_name="batch",
            name="completion",
            field=models.TextField(blank=True, help_text="Body of the completion call, unchanged."),
        ),
        migrations.AlterField(
            model_name="batch",
            name="digest_begun_at",
            field=models.DateTimeField(editable=False, help_text="Empty if it has to start again.", null=True),
        ),
        migrations.AlterField(
            model_name="batch",
            name="digested_at",
            field=models.DateTimeField(
                editable=False, help_text="When its answers were digested. Empty if some are not.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="doubted_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When it was found open after a backup was restored, or after a long outage.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="duplicates",
            field=models.PositiveIntegerField(default=0, help_text="Repeated deliveries."),
        ),
        migrations.AlterField(
            model_name="batch",
            name="earlier_credits",
            field=models.DecimalField(
                decimal_places=2, default=0, help_text="Cost of the earlier answers.", max_digits=12
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="lost_many",
            field=models.BooleanField(
                db_default=False, default=False, help_text="More people got no answer than are re-run automatically."
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="match_cost",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="Median cost of the charged matches, in credits.",
                max_digits=8,
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="match_other",
            field=models.PositiveIntegerField(db_column="other", default=0, help_text="Found under another name."),
        ),
        migrations.AlterField(
            model_name="batch",
            name="match_same",
            field=models.PositiveIntegerField(db_column="same", default=0, help_text="Found under the name asked for."),
        ),
        migrations.AlterField(
            model_name="batch",
            name="may_hold_resent",
            field=models.BooleanField(
                db_column="again", default=False, help_text="Some people in it may have been sent before."
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="moved",
            field=models.PositiveIntegerField(default=0, help_text="People who moved on to another batch."),
        ),
        migrations.AlterField(
            model_name="batch",
            name="number",
            field=models.PositiveIntegerField(help_text="Counted from 1 within the list."),
        ),
        migrations.AlterField(
            model_name="batch",
            name="odd_credits",
            field=models.PositiveIntegerField(
                db_default=0, default=0, help_text="Answers whose credits cannot be counted."
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="received",
            field=models.PositiveIntegerField(
                editable=False, help_text="Answers that count. Empty until they are counted (again).", null=True
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="request_ids",
            field=models.JSONField(blank=True, default=dict, help_text="Item → the vendor's request id."),
        ),
        migrations.AlterField(
            model_name="batch",
            name="second_answers",
            field=models.PositiveIntegerField(
                db_default=0, default=0, editable=False, help_text="Answers beyond the one that counts."
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="size",
            field=models.PositiveIntegerField(help_text="People in the batch.", verbose_name="people"),
        ),
        migrations.AlterField(
            model_name="batch",
            name="split_from",
            field=models.ForeignKey(
                blank=True,
                help_text="The refused batch that this is a part of, at the first split.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="pieces",
                to="batches.batch",
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="status",
            field=models.CharField(
                choices=[
                    ("planned", "Waiting"),
                    ("submitting", "Sending"),
                    ("unconfirmed", "Unconfirmed"),
                    ("acknowledged", "With the vendor"),
                    ("refused", "Refused"),
                    ("closed", "Closed"),
                    ("dissolved", "Replanned"),
                    ("cancelled", "Cancelled"),
                ],
                db_index=True,
                default="planned",
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="unmatched_answers",
            field=models.PositiveIntegerField(
                db_column="stray_answers",
                db_default=0,
                default=0,
                editable=False,
                help_text="Answers that could not be filed.",
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="unmatched_credits",
            field=models.DecimalField(
                db_column="stray_credits",
                db_default=0,
                decimal_places=2,
                default=0,
                editable=False,
                help_text="Cost stated in unmatched deliveries.",
                max_digits=12,
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="unmatched_matches",
            field=models.PositiveIntegerField(db_column="stray_matched", db_default=0, default=0, editable=False),
        ),
        migrations.AlterField(
            model_name="correction",
            name="corrected_count",
            field=models.PositiveIntegerField(
                db_column="mended_count", default=0, help_text="Rows that are valid now."
            ),
        ),
        migrations.AlterField(
            model_name="correction",
            name="ignored_count",
            field=models.PositiveIntegerField(default=0, help_text="Rows that match no invalid row of the list."),
        ),
        migrations.AlterField(
            model_name="correction",
            name="invalid_count",
            field=models.PositiveIntegerField(default=0, help_text="Rows that are still invalid."),
        ),
        migrations.AlterField(
            model_name="correction",
            name="max_people",
            field=models.PositiveIntegerField(
                db_column="most_people",
                db_default=0,
                default=0,
                help_text="People in it at most. 0 until the spending limits are checked.",
            ),
        ),
        migrations.AlterField(
            model_name="correction",
            name="upload",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="corrections",
                to="batches.upload",
                verbose_name="list",
            ),
        ),
        migrations.AlterField(
            model_name="digest",
            name="answered_at",
            field=models.DateTimeField(help_text="When the digested answer arrived.", null=True),
        ),
        migrations.AlterField(
            model_name="digest",
            name="cached",
            field=models.BooleanField(default=False, help_text="The vendor answered from its cache."),
        ),
        migrations.AlterField(
            model_name="digest",
            name="found",
            field=models.TextField(blank=True, help_text="Contact details as JSON (batches/people/contacts.py)."),
        ),
        migrations.AlterField(
            model_name="digest",
            name="odd_credits",
            field=models.CharField(
                blank=True,
                choices=[
                    ("missing", "Not given"),
                    ("negative", "Negative"),
                    ("too_many", "Too large"),
                    ("not_number", "Not a number"),
                ],
                db_default="",
                default="",
                help_text="Why the credits are not counted.",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="digest",
            name="search_terms",
            field=models.TextField(
                db_column="words", help_text="Search terms of names, addresses, phones and emails: asked for and found."
            ),
        ),
        migrations.AlterField(
            model_name="earlieranswer",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("pending", "Pending"),
                    ("matched", "Matched"),
                    ("no_match", "No match"),
                    ("error", "Error"),
                    ("missing", "Missing"),
                    ("invalid", "Invalid"),
                    ("duplicate", "Duplicate"),
                    ("reused", "Reused"),
                    ("suppressed", "Do not contact"),
                    ("company", "Company (skipped)"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="export",
            name="choices",
            field=models.JSONField(default=dict, help_text="Chosen rows and options."),
        ),
        migrations.AlterField(
            model_name="export",
            name="ended_at",
            field=models.DateTimeField(
                help_text="When the last byte was sent, or the download was cancelled.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="export",
            name="item_ids",
            field=models.BinaryField(
                db_column="held", default=bytes, help_text="The people in the file (batches/exports/id_set.py)."
            ),
        ),
        migrations.AlterField(
            model_name="export",
            name="numbers",
            field=models.PositiveIntegerField(default=0, help_text="Phone numbers in the file."),
        ),
        migrations.AlterField(
            model_name="exportlayout",
            name="columns",
            field=models.JSONField(help_text="Pairs of column name and field, in order."),
        ),
        migrations.AlterField(
            model_name="exportlayout",
            name="max_phones",
            field=models.PositiveSmallIntegerField(
                db_column="most_phones", default=0, help_text="Phones per person at most. 0: all."
            ),
        ),
        migrations.AlterField(
            model_name="exportlayout",
            name="needs",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "Nothing: include everyone"),
                    ("phone", "A phone"),
                    ("email", "An email"),
                    ("address", "An address"),
                ],
                default="",
                max_length=7,
            ),
        ),
        migrations.AlterField(
            model_name="exportlayout",
            name="originals",
            field=models.BooleanField(default=False, help_text="Whether the list's own columns come first."),
        ),
        migrations.AlterField(
            model_name="exportlayout",
            name="types",
            field=models.JSONField(blank=True, default=list, help_text="Phone types to include. Empty: all."),
        ),
        migrations.AlterField(
            model_name="item",
            name="answer",
            field=models.TextField(blank=True, help_text="Body of the vendor's answer, unchanged."),
        ),
        migrations.AlterField(
            model_name="item",
            name="answered_via",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                help_text="The batch whose callback address received the answer.",
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="batches.batch",
            ),
        ),
        migrations.AlterField(
            model_name="item",
            name="cells",
            field=models.JSONField(help_text="The original row."),
        ),
        migrations.AlterField(
            model_name="item",
            name="fingerprint",
            field=models.CharField(
                blank=True,
                help_text="Equal for rows about the same person at the same address. Empty if the row cannot be sent.",
                max_length=32,
            ),
        ),
        migrations.AlterField(
            model_name="item",
            name="message",
            field=models.TextField(blank=True, help_text="The vendor's message, or what is wrong with the row."),
        ),
        migrations.AlterField(
            model_name="item",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("pending", "Pending"),
                    ("matched", "Matched"),
                    ("no_match", "No match"),
                    ("error", "Error"),
                    ("missing", "Missing"),
                    ("invalid", "Invalid"),
                    ("duplicate", "Duplicate"),
                    ("reused", "Reused"),
                    ("suppressed", "Do not contact"),
                    ("company", "Company (skipped)"),
                ],
                default="pending",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="item",
            name="owner_number",
            field=models.PositiveSmallIntegerField(default=1, help_text="2 for the second owner in a row."),
        ),
        migrations.AlterField(
            model_name="item",
            name="problem_columns",
            field=models.TextField(blank=True, help_text="Columns with a problem."),
        ),
        migrations.AlterField(
            model_name="item",
            name="request_id",
            field=models.CharField(blank=True, help_text="The vendor's request id of the answer.", max_length=64),
        ),
        migrations.AlterField(
            model_name="item",
            name="reruns",
            field=models.PositiveSmallIntegerField(default=0, help_text="How often a user re-ran it."),
        ),
        migrations.AlterField(
            model_name="item",
            name="retries",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="How often it was replanned because no answer came."
            ),
        ),
        migrations.AlterField(
            model_name="item",
            name="row_number",
            field=models.PositiveIntegerField(help_text="Row number as a spreadsheet shows it.", verbose_name="row"),
        ),
        migrations.AlterField(
            model_name="lease",
            name="holder",
            field=models.CharField(help_text="Empty once it is released.", max_length=100),
        ),
        migrations.AlterField(
            model_name="mappingtemplate",
            name="columns",
            field=models.JSONField(help_text="The header row it was made for."),
        ),
        migrations.AlterField(
            model_name="mappingtemplate",
            name="constants",
            field=models.JSONField(blank=True, db_column="fixed", default=dict),
        ),
        migrations.AlterField(
            model_name="mappingtemplate",
            name="fields",
            field=models.JSONField(
                help_text="Field → names of its columns, each with its index among columns of that name."
            ),
        ),
        migrations.AlterField(
            model_name="mappingtemplate",
            name="header",
            field=models.CharField(help_text="Equal for files with the same column names.", max_length=32, unique=True),
        ),
        migrations.AlterField(
            model_name="mappingtemplate",
            name="options",
            field=models.JSONField(default=dict, help_text="The other trace settings of the list."),
        ),
        migrations.AlterField(
            model_name="minute",
            name="at",
            field=models.DateTimeField(help_text="Start of the minute.", primary_key=True, serialize=False),
        ),
        migrations.AlterField(
            model_name="minute",
            name="last_at",
            field=models.DateTimeField(help_text="When the last result arrived.", null=True),
        ),
        migrations.AlterField(
            model_name="sendingblock",
            name="unblocked_at",
            field=models.DateTimeField(blank=True, db_column="lifted_at", null=True),
        ),
        migrations.AlterField(
            model_name="sendingblock",
            name="unblocked_by",
            field=models.ForeignKey(
                blank=True,
                db_column="lifted_by_id",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="sendingblock",
            name="until",
            field=models.DateTimeField(
                blank=True, help_text="When it ends automatically. Empty: when staff unblock sending.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="suppression",
            name="key",
            field=models.CharField(
                help_text="A person's fingerprint, a phone number of ten digits, or an email address in lower case.",
                max_length=255,
            ),
        ),
        migrations.AlterField(
            model_name="suppression",
            name="label",
            field=models.CharField(help_text="As shown to users.", max_length=600),
        ),
        migrations.AlterField(
            model_name="upload",
            name="batch_estimate",
            field=models.PositiveIntegerField(default=0, help_text="Estimated number of batches, at review."),
        ),
        migrations.AlterField(
            model_name="upload",
            name="by_mail_count",
            field=models.PositiveIntegerField(default=0, help_text="Organisations that are traced by mailing address."),
        ),
        migrations.AlterField(
            model_name="upload",
            name="checked_rows",
            field=models.PositiveIntegerField(default=0, help_text="Rows checked so far."),
        ),
        migrations.AlterField(
            model_name="upload",
            name="checking_since",
            field=models.DateTimeField(help_text="When the check of its rows was requested.", null=True),
        ),
        migrations.AlterField(
            model_name="upload",
            name="columns",
            field=models.JSONField(default=list, help_text="The original header row."),
        ),
        migrations.AlterField(
            model_name="upload",
            name="companies",
            field=models.CharField(
                choices=[("mail", "Trace them by mailing address, without a name"), ("leave_out", "Skip them")],
                default="mail",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="upload",
            name="company_count",
            field=models.PositiveIntegerField(default=0, help_text="Organisations that were skipped."),
        ),
        migrations.AlterField(
            model_name="upload",
            name="constants",
            field=models.JSONField(
                blank=True, db_column="fixed", default=dict, help_text="Field → the value for every row."
            ),
        ),
        migrations.AlterField(
            model_name="upload",
            name="digest_begun_at",
            field=models.DateTimeField(editable=False, help_text="Empty if it has to start again.", null=True),
        ),
        migrations.AlterField(
            model_name="upload",
            name="digested_at",
            field=models.DateTimeField(
                editable=False, help_text="When all its people became searchable. Empty if some may not be.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="upload",
            name="earlier_credits",
            field=models.DecimalField(
                decimal_places=2, default=0, help_text="Cost of the earlier answers.", max_digits=12
            ),
        ),
        migrations.AlterField(
            model_name="upload",
            name="heartbeat_at",
            field=models.DateTimeField(help_text="Last sign of life of the job that checks the rows.", null=True),
        ),
        migrations.AlterField(
            model_name="upload",
            name="list_source",
            field=models.CharField(
                blank=True,
                db_column="source",
                help_text="Where the list comes from, as the user names it.",
                max_length=100,
            ),
        ),
        migrations.AlterField(
            model_name="upload",
            name="look_back",
            field=models.PositiveSmallIntegerField(
                default=90, help_text="Days for which earlier answers are reused. 0: never."
            ),
        ),
        migrations.AlterField(
            model_name="upload",
            name="mapping",
            field=models.JSONField(
                default=dict, help_text="Field → positions of its columns, from 0. Several are joined."
            ),
        ),
        migrations.AlterField(
            model_name="upload",
            name="match_requirements",
            field=models.JSONField(
                blank=True, db_column="match", default=list, help_text="What a match must include: phones, emails."
            ),
        ),
        migrations.AlterField(
            model_name="upload",
            name="revision",
            field=models.PositiveIntegerField(
                db_default=1, default=1, help_text="Grows with every change to what the review shows."
            ),
        ),
        migrations.AlterField(
            model_name="upload",
            name="row_estimate",
            field=models.PositiveIntegerField(default=0, help_text="Estimated number of rows in the file."),
        ),
        migrations.AlterField(
            model_name="upload",
            name="start_asked_by",
            field=models.ForeignKey(
                blank=True,
                help_text="Who requested approval.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="upload",
            name="status",
            field=models.CharField(
                choices=[
                    ("draft", "Review columns"),
                    ("checking", "Reading rows"),
                    ("ready", "Ready to start"),
                    ("approval", "Awaiting approval"),
                    ("running", "Running"),
                    ("paused", "Paused"),
                    ("complete", "Complete"),
                    ("cancelled", "Cancelled"),
                    ("failed", "Could not be read"),
                ],
                db_index=True,
                default="draft",
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="upload",
            name="uncertain",
            field=models.JSONField(
                blank=True,
                db_column="doubts",
                default=dict,
                help_text="Field → why its guessed column needs to be confirmed.",
            ),
        ),
        migrations.AlterField(
            model_name="upload",
            name="waits_until",
            field=models.DateTimeField(
                editable=False, help_text="No sending before then: the daily credit limit is reached.", null=True
            ),
        ),
        # End of texts
    ]
