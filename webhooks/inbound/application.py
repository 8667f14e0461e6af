"""The receivers as the web server runs them: with metrics and a heartbeat."""

from typing import Any

from django.conf import settings

from batches.database import refuse_broken_pool
from webhooks.inbound import metrics
from webhooks.inbound.heartbeat import Heartbeat
from webhooks.inbound.receiver import ReceiverApp


def serve_before(pages: Any) -> Any:
    """Return an ASGI application that accepts the vendor's calls and passes all others on to `pages`."""
    refuse_broken_pool()
    metrics.start_publishing(settings.METRICS_DIR)
    heartbeat = Heartbeat()
    heartbeat.start()
    return heartbeat.watch(ReceiverApp(pages))
