"""Make the ASGI application that the web server runs as a receiver, with metrics and a heartbeat."""

import gc
from typing import Any

from django.conf import settings

from batches.counters import start_publishing
from batches.database import refuse_broken_pool
from webhooks.inbound import metrics
from webhooks.inbound.heartbeat import Heartbeat
from webhooks.inbound.receiver import ReceiverApp


def make_application(pages: Any) -> Any:
    """Start a receiver in this process. Return its ASGI application, which passes all other calls on to `pages`."""
    refuse_broken_pool()
    start_publishing(settings.METRICS_DIR, metrics.INTERVAL)
    heartbeat = Heartbeat()
    heartbeat.start()
    # What was loaded stays. The garbage collector would examine it again and again while deliveries wait.
    gc.collect()
    gc.freeze()
    return heartbeat.watch(ReceiverApp(pages))
