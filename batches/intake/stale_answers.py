"""Choose before the start of a list what becomes of earlier answers with stale Do Not Call flags: refresh or reuse."""

from django.contrib.auth.models import User
from django.db import transaction

from accounts.rights import Right, require
from batches.intake import reuse
from batches.intake.edits import refuse_unready
from batches.intake.row_import import refresh_counts
from batches.intake.uploads import NEXT_REVISION
from batches.models import Event, Upload
from batches.statuses import Outcome
from batches.tracing.counts import format_people
from batches.tracing.lifecycle import record
from batches.tracing.limits import max_credits
from batches.tracing.overlaps import find_stale_reused
from batches.tracing.spending import format_cost, lock_upload, refuse_changed


@transaction.atomic
def refresh(upload: Upload, user: User | None, revision: int | None = None) -> int:
    """Trace the people of a list who would reuse stale answers anew. Return how many there are.

    From then on, the list reuses no stale answers, even if its rows are read again. `revision` is the one that `user`
    was shown. Raise SpendingRefused if the list has changed since then or been started.
    """
    require(user, Right.UPLOAD)
    upload = lock_ready(upload, revision)
    people = find_stale_reused([upload.pk]).update(outcome=Outcome.PENDING, same_as=None, message="")
    detail = f"{format_people(people)}, at most {format_cost(max_credits(people))}"
    finish(upload, refreshes_stale=True, what=Event.STALE_REFRESHED, detail=detail, user=user)
    return people


@transaction.atomic
def use(upload: Upload, user: User | None, revision: int | None = None) -> int:
    """Reuse stale answers of a list after all. Return how many people now have an answer. Raise like `refresh`."""
    require(user, Right.UPLOAD)
    upload = lock_ready(upload, revision)
    upload.refreshes_stale = False
    people = reuse.reuse_answers(upload)
    finish(upload, refreshes_stale=False, what=Event.STALE_USED, detail=format_people(people), user=user)
    return people


def lock_ready(upload: Upload, revision: int | None) -> Upload:
    """Lock a list. Return its stored values. Raise SpendingRefused if they are not those that were shown."""
    upload = lock_upload(upload)
    refuse_changed(upload, revision)
    refuse_unready(upload)
    return upload


def finish(upload: Upload, *, refreshes_stale: bool, what: str, detail: str, user: User | None) -> None:
    Upload.objects.filter(pk=upload.pk).update(refreshes_stale=refreshes_stale, **NEXT_REVISION)
    refresh_counts(upload.pk)
    record(upload.pk, what, user=user, detail=detail)
