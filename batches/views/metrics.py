"""/metrics, for Prometheus: what the receivers have counted, and how things stand in the database and the queues."""

from contextlib import suppress

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error as StorageError
from django.db.models import Count
from django.http import HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from batches import jobs
from batches.models import Batch, Hold
from batches.statuses import BatchStatus


@login_not_required
def metrics(request):
    if not may_see(request):
        return HttpResponse("METRICS_TOKEN must be set, and be sent as a bearer token.\n", "text/plain", 403)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, settings.METRICS_DIR)
    registry.register(Standing())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def may_see(request):
    """Whoever has the token; without one, everybody on this computer, as long as nobody else is served."""
    if not settings.METRICS_TOKEN:
        return settings.IS_LOCAL and settings.HOST in settings.LOOPBACK
    return constant_time_compare(request.headers.get("authorization", ""), f"Bearer {settings.METRICS_TOKEN}")


class Standing:
    """The version, and gauges that are read when they are asked for; no gauges while the database is away."""

    def collect(self):
        yield InfoMetricFamily("skipportal", "The version that runs.", {"version": settings.VERSION})
        with suppress(StorageError):
            yield from self.read()

    def read(self):
        counted = Batch.objects.order_by().values_list("status").annotate(Count("id"))
        yield gauge("batches", "Batches by state.", "status", dict.fromkeys(BatchStatus.values, 0) | dict(counted))
        yield gauge("queue_jobs", "Jobs that wait, by queue.", "queue", jobs.queue_lengths())
        holds = Hold.objects.in_force(timezone.now()).count()
        yield GaugeMetricFamily("skipportal_held", "1 while nothing is sent to the vendor.", value=int(holds > 0))


def gauge(name, text, label, values):
    family = GaugeMetricFamily(f"skipportal_{name}", text, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family
