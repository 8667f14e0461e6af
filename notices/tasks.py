"""The job that mails a user, and the step that enqueues it.

This module does not mention RQ; only `batches.jobs` does.
"""

from datetime import datetime

from batches import jobs
from notices import mail
from notices.models import Notice

BATCH_SIZE = 100
"""Maximum number of mails that one tick enqueues."""


@jobs.job
def mail_notices(user_id: int) -> None:
    mail.deliver(user_id)


def enqueue_due_mails(now: datetime) -> None:
    due = Notice.objects.to_mail(now).order_by().values_list("user", flat=True).distinct()
    for user_id in due[:BATCH_SIZE]:
        jobs.enqueue("messages", mail_notices, user_id)
