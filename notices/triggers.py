"""Which things are to be told, and to whom: steps of the clock, asked each second.

Each is a query over what is recent and in one state, found by indexes; only where it finds something that is not told
yet, more follow, as many for one as for a hundred. No personal data but the names of lists.
"""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Exists, F, OuterRef, Q, Subquery

from batches.models import Batch, Event, Hold, Upload
from batches.statuses import UNSENT, BatchStatus, UploadStatus
from batches.tracing.counts import count_uploads
from batches.tracing.spending import most_credits
from notices.models import Kind, Notice
from notices.preferences import find_wishes

LATELY = timedelta(days=1)
"""What is older is not told any more: nobody is told of years of lists when this is switched on."""
KEPT = timedelta(days=90)
"""For so long notices are kept."""
TOGETHER = 100
"""Most things of a kind that are told at once."""
LONG = timedelta(minutes=1)
"""Whoever has waited longer for rows to be read may have left the page."""


def find_untold(records, kind, at, since):
    """Of records those whose moment `at`, a field, was after `since`, and of which nobody has been told."""
    told = Notice.objects.filter(kind=kind, at__gt=since, at=OuterRef(at), subject=OuterRef("pk"))
    return list(records.filter(**{f"{at}__gt": since}).exclude(Exists(told)).order_by(at)[:TOGETHER])


def write(notices, now):
    """Write notices down, with when they are mailed. Two clocks at once write each once."""
    wishes = find_wishes({notice.user_id for notice in notices}) if notices else {}
    for notice in notices:
        notice.created_at = now
        if notice.kind in wishes.get(notice.user_id, ()):
            notice.mail_due_at = choose_mail_time(now)
    Notice.objects.bulk_create(notices, ignore_conflicts=True)


def choose_mail_time(now):
    """In one to two minutes, the same for all of a minute: what comes together goes in one mail.

    What is read meanwhile goes in none.
    """
    return now.replace(second=0, microsecond=0) + timedelta(minutes=2)


# Lists


def tell_completions(now):
    """Whoever uploaded a list is told that it is complete, and told again when it is once more after a re-run."""
    complete = Upload.objects.filter(status=UploadStatus.COMPLETE, created_by__is_active=True)
    uploads = find_untold(complete, Kind.COMPLETE, "completed_at", now - LATELY)
    counts = count_uploads(uploads) if uploads else {}
    write([make_completion(upload, counts[upload.pk]) for upload in uploads], now)


def make_completion(upload, counts):
    text = f"“{upload}” is complete: {counts.matched:,} of {counts.total:,} people matched."
    return tell_creator(upload, Kind.COMPLETE, upload.completed_at, text)


def tell_creator(upload, kind, at, text):
    return Notice(user_id=upload.created_by_id, kind=kind, upload=upload, subject=upload.pk, at=at, text=text)


UNSENT_SUM = sum((F(f"{fate}_count") for fate in UNSENT[1:]), F(f"{UNSENT[0]}_count"))
HAS_NOBODY = Q(reused_count=0, row_count=UNSENT_SUM - F("co_owner_count"))
TOOK_LONG = Q(heartbeat_at__gt=F("checking_since") + LONG)
READINGS = {
    Kind.FAILED: (Q(status=UploadStatus.FAILED), "“{}” could not be read."),
    Kind.NOBODY: (Q(status=UploadStatus.READY) & HAS_NOBODY, "Nobody in “{}” can be traced as it is."),
    Kind.READY: (Q(status=UploadStatus.READY) & TOOK_LONG & ~HAS_NOBODY, "“{}” is read and ready to start."),
}
"""What may come of a reading, and what is said then."""


def tell_readings(now):
    """Whoever uploaded a list is told what came of reading it: where it cannot go on, or where it took long."""
    for kind, (condition, text) in READINGS.items():
        found = Upload.objects.filter(condition, created_by__is_active=True)
        uploads = find_untold(found, kind, "checking_since", now - LATELY)
        write([tell_creator(upload, kind, upload.checking_since, text.format(upload)) for upload in uploads], now)


def tell_approvals(now):
    """Everybody else who may approve a list is told that it is asked for, each time that it is."""
    asked = Event.objects.filter(upload=OuterRef("pk"), what=Event.APPROVAL_ASKED).order_by("-at").values("at")[:1]
    waiting = Upload.objects.filter(status=UploadStatus.APPROVAL).annotate(asked_at=Subquery(asked))
    uploads = find_untold(waiting, Kind.APPROVAL, "asked_at", now - LATELY)
    approvers = list(find_approvers()) if uploads else []
    asking = [(upload, pk) for upload in uploads for pk in approvers if pk != upload.start_asked_by_id]
    write([make_approval(upload, pk) for upload, pk in asking], now)


def find_approvers():
    """Ids of the active users who may approve lists."""
    return get_user_model().objects.with_perm("batches.approve_upload").values_list("pk", flat=True)


def make_approval(upload, user_id):
    text = f"“{upload}” is to be approved: it can cost up to {most_credits(upload.item_count):,f} credits."
    about = {"upload": upload, "subject": upload.pk, "at": upload.asked_at}
    return Notice(user_id=user_id, kind=Kind.APPROVAL, text=text, **about)


# Batches, and all of it


def tell_batches(now):
    """Whoever uploaded a list is told of its batches that a person must decide about, of each try once."""
    wait = timedelta(seconds=settings.UNCONFIRMED_WAIT)
    unconfirmed = Batch.objects.filter(status=BatchStatus.UNCONFIRMED, submitted_at__lte=now - wait)
    if settings.UNCONFIRMED_POLICY == "resend":
        unconfirmed = unconfirmed.with_resent().filter(was_resent=True)
    text = "Batch {} of “{}” is unconfirmed: is it to be sent again?"
    tell_decisions(unconfirmed, Kind.UNCONFIRMED, text, now - wait - LATELY, now)
    refused = Batch.objects.filter(status=BatchStatus.REFUSED)
    tell_decisions(refused, Kind.REFUSED, "Batch {} of “{}” was refused by the vendor.", now - LATELY, now)


def tell_decisions(batches, kind, text, since, now):
    """Each try has a moment of its own, at which it was sent."""
    batches = batches.filter(upload__created_by__is_active=True).for_lists()
    write([make_decision(batch, kind, text) for batch in find_untold(batches, kind, "submitted_at", since)], now)


def make_decision(batch, kind, text):
    about = {"upload": batch.upload, "batch": batch, "subject": batch.pk, "at": batch.submitted_at}
    return Notice(user_id=batch.upload.created_by_id, kind=kind, text=text.format(batch, batch.upload), **about)


def tell_holds(now):
    """Staff are told that nothing is sent. The reason is the vendor's, and stays on the page."""
    holds = find_untold(Hold.objects.in_force(now), Kind.HOLD, "since", now - LATELY)
    staff = list(get_user_model().objects.filter(is_active=True, is_staff=True)) if holds else []
    text = "Nothing is being sent. The dashboard says why."
    told = [(hold, user) for hold in holds for user in staff]
    write([Notice(user=user, kind=Kind.HOLD, subject=hold.pk, at=hold.since, text=text) for hold, user in told], now)


def forget_old(now):
    Notice.objects.filter(created_at__lt=now - KEPT).delete()
