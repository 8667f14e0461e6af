"""Trace one person who was entered in a form.

The person becomes a list with one row, so that limits, approval, history and results work as for any other list.
"""

import csv
import io

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.rights import Right, require
from batches.intake import row_import, uploads
from batches.intake.checked_row import CheckedRow
from batches.intake.row_check import check
from batches.intake.trace_settings import TraceSettings
from batches.mapping.fields import LABELS
from batches.models import Item, Upload
from batches.results import search
from batches.statuses import UPLOAD_STARTED, Outcome, Priority

ENTERED_FIELDS = (
    "first_name",
    "middle_name",
    "last_name",
    "address",
    "unit",
    "city",
    "state",
    "zip",
    "phone",
    "email",
)
SOURCE = "One person"
"""The source of these lists, by which the table of lists can be filtered."""
MAX_KNOWN = 5
"""Maximum number of earlier results that are shown before a person is traced."""


def check_person(entered: dict[str, str]) -> tuple[CheckedRow, dict[str, str]]:
    """Check what was entered, given as field → text. Return the checked row, and field → what is wrong with it.

    In a list, an optional value that cannot be read is left out. Here it can be corrected, so it is an error.
    """
    checked = check(entered)
    wrong = {problem.field: problem.sentence for problem in checked.problems}
    return checked, wrong | checked.reasons


def find_known(checked: CheckedRow, user: User) -> list[Item]:
    """Return the people in the lists that `user` sees who may be this one, the latest first.

    They have the same name and address, or the phone or email occurs in what was asked or found.
    """
    visible = Item.objects.visible_to(user)
    outcomes = [Outcome.MATCHED, Outcome.NO_MATCH, Outcome.PENDING]
    same = visible.filter(fingerprint=checked.fingerprint, outcome__in=outcomes)
    ids = set(same.order_by("-pk").values_list("pk", flat=True)[:MAX_KNOWN])
    for contact in filter(None, (checked.fields.get("phone"), checked.fields.get("email"))):
        ids.update(search.search_people(contact, user).ids[:MAX_KNOWN])
    return list(visible.filter(pk__in=ids).for_tables().order_by("-pk")[:MAX_KNOWN])


def receive_person(entered: dict[str, str], user: User, reuses_answers: bool = True) -> Upload:
    """Make a list of one person, checked and ready to start.

    Unless `reuses_answers`, the person is paid for again even if another list has a recent answer.
    """
    require(user, Right.UPLOAD)
    names = [name for name in ENTERED_FIELDS if entered.get(name)]
    text = io.StringIO()
    csv.writer(text).writerows([[LABELS[name] for name in names], [entered[name] for name in names]])
    file = ContentFile(text.getvalue().encode(), "one-person.csv")
    upload = uploads.receive(file, user, name=name_list(), priority=Priority.URGENT, source=SOURCE)
    changes = {"mapping": {name: [position] for position, name in enumerate(names)}, "constants": {}}
    look_back = {} if reuses_answers else {"look_back": 0}
    uploads.accept_settings(upload, TraceSettings.from_upload(upload, **changes, **look_back), user)
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    return upload


def find_twin(item: Item, user: User) -> Item | None:
    """Return an item about the same person that has no answer yet, in a running list that `user` sees."""
    others = Item.objects.visible_to(user).exclude(pk=item.pk).filter(upload__status__in=UPLOAD_STARTED)
    return others.filter(fingerprint=item.fingerprint, outcome=Outcome.PENDING).first()


def name_list() -> str:
    """Return a name for the list, which must not name the person: names of lists appear in mails and exports."""
    now = timezone.localtime()
    return f"One person, {now:%b} {now.day}, {now.hour % 12 or 12}:{now:%M %p}"
