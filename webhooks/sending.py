"""The old module path of `webhooks.tasks`, for jobs that were enqueued before the move. To be removed in 0.3."""

from webhooks.tasks import send_message  # noqa: F401
