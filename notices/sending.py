"""The old module path of `notices.tasks`, for jobs that were enqueued before the move. To be removed in 0.3."""

from notices.tasks import mail_notices  # noqa: F401
