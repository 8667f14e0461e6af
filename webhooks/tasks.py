"""The job that sends a message, and the step that finds those that are due. Mentions no RQ: `batches.jobs` does."""

from batches import jobs
from webhooks.models import Message
from webhooks.outbound import delivery

TOGETHER = 100
"""Most messages that are put into the queue at once."""


@jobs.job
def send_message(message_id):
    delivery.deliver(message_id)


def send_due(now):
    due = Message.objects.due(now).order_by("next_try_at").values_list("pk", flat=True)
    for message_id in due[:TOGETHER]:
        jobs.enqueue("messages", send_message, message_id)
