"""The job that mails somebody, and the step that finds whom. Mentions no RQ: `batches.jobs` does."""

from batches import jobs
from notices import mail
from notices.models import Notice

TOGETHER = 100
"""Most mails that are put into the queue at once."""


@jobs.job
def mail_notices(user_id):
    mail.deliver(user_id)


def mail_due(now):
    due = Notice.objects.to_mail(now).order_by().values_list("user", flat=True).distinct()
    for user_id in due[:TOGETHER]:
        jobs.enqueue("messages", mail_notices, user_id)
