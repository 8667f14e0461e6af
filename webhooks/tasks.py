"""Jobs that send messages and retry unmatched deliveries, and the steps that enqueue them.

This module does not mention RQ; only `batches.jobs` does.
"""

from datetime import datetime

from batches import jobs
from batches.database import read_now
from webhooks.inbound import filing
from webhooks.models import Message, UnmatchedDelivery
from webhooks.outbound import delivery
from webhooks.vendor_key import ask_vendor, list_due

BATCH_SIZE = 100
"""Maximum number of messages that one tick enqueues."""


@jobs.job
def send_message(message_id: int) -> None:
    delivery.deliver(message_id)


@jobs.job
def retry_unmatched() -> None:
    filing.retry_due(read_now())


@jobs.job
def check_vendor_key() -> None:
    for account in list_due(read_now()):
        ask_vendor(account)


def enqueue_key_check(now: datetime) -> None:
    if list_due(now):
        jobs.enqueue("messages", check_vendor_key)


def enqueue_retries(now: datetime) -> None:
    if UnmatchedDelivery.objects.due(now).exists():
        jobs.enqueue("results", retry_unmatched)


def enqueue_due_messages(now: datetime) -> None:
    due = Message.objects.due(now).order_by("next_try_at").values_list("pk", flat=True)
    for message_id in due[:BATCH_SIZE]:
        jobs.enqueue("messages", send_message, message_id)
