"""Metrics for Prometheus at /metrics: counters of all processes, and gauges read from the database and the queues."""

import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error as StorageError
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from batches import jobs, lease
from batches.counters import carries_token
from batches.database import read_skew
from batches.models import Batch, Item, Lease, Receiver, SendingBlock, VendorAccount
from batches.reports import reconciliation
from batches.statuses import BatchStatus, Outcome
from batches.tracing import account_choice
from batches.tracing.account_choice import name_for_metrics
from batches.tracing.credits import configured_cost, credits_per_match

BOOKS_PERIOD = timedelta(days=31)
"""How far back batches are reconciled. Older batches are left out, so that a scrape stays quick."""


@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    if not is_allowed(request):
        return HttpResponse("Set METRICS_TOKEN, and send it as a bearer token.\n", "text/plain", 403)
    registry = CollectorRegistry()
    registry.register(ProcessMetrics(settings.METRICS_DIR))
    registry.register(StateMetrics())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def is_allowed(request: HttpRequest) -> bool:
    """Return whether the request carries the token or, if no token is set, whether only this computer is served."""
    if not settings.METRICS_TOKEN:
        return settings.IS_LOCAL and settings.HOST in settings.LOOPBACK
    return carries_token(request.headers.get("authorization", ""), settings.METRICS_TOKEN)


class ProcessMetrics:
    """Counters of the processes that share a directory, summed over the files that each process writes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def collect(self) -> Iterable[Metric]:
        totals: dict[str, Metric] = {}
        sums: dict[tuple[str, str, tuple[tuple[str, str], ...]], float] = defaultdict(float)
        for family in self.read_files():
            totals.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                sums[family.name, sample.name, tuple(sample.labels.items())] += sample.value
        for (name, sample_name, labels), value in sums.items():
            totals[name].add_sample(sample_name, dict(labels), value)
        return totals.values()

    def read_files(self) -> Iterator[Metric]:
        with suppress(OSError):
            for path in self.directory.glob("*.prom"):
                with suppress(OSError):
                    yield from text_string_to_metric_families(path.read_text())


class StateMetrics:
    """The version, and gauges that are read at each scrape. While the database is down, there are no gauges."""

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("skipportal", "The running version.", {"version": settings.VERSION})
        yield from read_disk()
        yield from read_queues()
        with suppress(StorageError):
            yield from self.read()

    def read(self) -> Iterator[Metric]:
        counted = Batch.objects.order_by().values_list("status").annotate(Count("id"))
        yield gauge("batches", "Batches by status.", "status", dict.fromkeys(BatchStatus.values, 0) | dict(counted))
        is_blocked = SendingBlock.objects.in_force(timezone.now()).of_everything().exists()
        yield GaugeMetricFamily("skipportal_sending_blocked", "1 while all sending is blocked.", value=int(is_blocked))
        alive = Receiver.objects.alive().count()
        yield GaugeMetricFamily("skipportal_receivers", "Processes that accept the vendor's deliveries.", value=alive)
        skew = read_skew().total_seconds()
        yield GaugeMetricFamily("skipportal_clock_skew_seconds", "This host's clock minus the database's.", value=skew)
        yield from read_clock(timezone.now() - timedelta(seconds=skew))
        yield from read_answers_awaited(timezone.now() - timedelta(seconds=skew))
        yield from read_accounts(timezone.now() - timedelta(seconds=skew))
        yield from read_books()


def read_accounts(now: datetime) -> Iterator[Metric]:
    """Yield what each vendor account is used for. While there is only the default account, there is nothing."""
    names: dict[int | None, str] = {each.pk: name_for_metrics(each) for each in VendorAccount.objects.all()}
    if not names:
        return
    names[None] = name_for_metrics(None)
    accounts = account_choice.load_used(now)
    in_flight = {name: accounts.in_flight[account] for account, name in names.items()}
    yield gauge("account_people_in_flight", "People who await an answer, by vendor account.", "account", in_flight)
    blocked = {name: int(account in accounts.blocked) for account, name in names.items()}
    yield gauge("account_blocked", "1 while nothing is sent over a vendor account.", "account", blocked)


def read_disk() -> Iterator[Metric]:
    """Yield the size of the disk that this host's processes write to."""
    with suppress(OSError):
        disk = shutil.disk_usage(settings.VAR_DIR)
        space = {"free": disk.free, "total": disk.total}
        yield gauge("disk_bytes", "The disk of VAR_DIR: what is free, and its size.", "space", space)


def read_queues() -> Iterator[Metric]:
    """Yield what waits in each queue and who works on it. While Redis is unavailable, there is nothing."""
    queues = jobs.read_queues()
    waiting = {name: queue.waiting for name, queue in queues.items()}
    yield gauge("queue_jobs", "Waiting jobs, by queue.", "queue", waiting)
    oldest = {name: queue.oldest_seconds for name, queue in queues.items()}
    yield gauge("queue_oldest_seconds", "How long the oldest waiting job has waited, by queue.", "queue", oldest)
    workers = GaugeMetricFamily("skipportal_workers", "Workers, by queue and state.", labels=["queue", "state"])
    for name, queue in queues.items():
        workers.add_metric([name, "idle"], queue.idle)
        workers.add_metric([name, "busy"], queue.busy)
    yield workers


def read_clock(now: datetime) -> Iterator[Metric]:
    """Yield how long ago a clock ticked, and on which host. Before the first tick ever, there is nothing."""
    ages = {}
    for holder, until in Lease.objects.filter(name=lease.CLOCK).values_list("holder", "until"):
        # A clock that has stopped gives the rest of its lease back.
        ticked_at = until - lease.LEASE_DURATION if holder else until
        ages[holder.partition(":")[0]] = max((now - ticked_at).total_seconds(), 0)
    yield gauge("clock_tick_age_seconds", "Time since the last tick of the clock that acts.", "host", ages)


def read_answers_awaited(now: datetime) -> Iterator[Metric]:
    """Yield who is with the vendor and for how long, and what arrived but could not be filed."""
    at_vendor = Batch.objects.at_vendor().order_by()
    people = Item.objects.filter(outcome=Outcome.PENDING, batch__in=at_vendor.values("pk")).count()
    yield GaugeMetricFamily("skipportal_people_at_vendor", "People whose answer is awaited.", value=people)
    oldest = at_vendor.aggregate(oldest=Min("submitted_at"))["oldest"]
    wait = max((now - oldest).total_seconds(), 0) if oldest else 0
    yield GaugeMetricFamily(
        "skipportal_oldest_wait_seconds", "Time since the oldest batch with the vendor was sent.", value=wait
    )
    unfiled = apps.get_model("webhooks", "UnmatchedDelivery").objects.waiting().count()
    yield GaugeMetricFamily(
        "skipportal_unfiled_deliveries", "Deliveries that are kept and could not be filed.", value=unfiled
    )


def read_books() -> Iterator[Metric]:
    """Yield the reconciliation of recently sent batches, and the cost per match."""
    since = timezone.now() - BOOKS_PERIOD
    books = reconciliation.total_books(reconciliation.sent_batches().filter(submitted_at__gte=since))
    reported = {"processed": books.processed, "matched": books.matched, "errors": books.errors}
    yield gauge("vendor_people", "People of the last 31 days, by what the vendor reported.", "said", reported)
    held = {"filed": books.received, "second": books.second_answers, "unmatched": books.unmatched_answers}
    yield gauge("answers", "Answers of the last 31 days that we hold, by kind.", "kind", held)
    credits = {"filed": books.credits, "second": books.second_credits, "unmatched": books.unmatched_credits}
    yield gauge("credits", "Credits that these answers cost, as stated in them.", "kind", credits)
    lost = {"answers": books.lost_answers, "matches": books.lost_matches}
    yield gauge("lost", "Counted by the vendor in the last 31 days, but never received.", "what", lost)
    totals = {"with totals": books.completed - books.without_totals, "without totals": books.without_totals}
    totals |= {"missing": books.not_completed, "no reply": books.unanswered_calls}
    yield gauge("completions", "Batches of the last 31 days, by kind of completion call.", "call", totals)
    yield GaugeMetricFamily(
        "skipportal_odd_credits",
        "Answers of the last 31 days whose credits cannot be counted.",
        value=books.odd_credits,
    )
    cost = {"setting": configured_cost(), "used": credits_per_match()}
    yield gauge("match_cost", "Credits per match: as configured, and as used for estimates.", "source", cost)


def gauge(name: str, documentation: str, label: str, values: Mapping[str, Any]) -> GaugeMetricFamily:
    """Return a gauge with one sample for each value of its label."""
    family = GaugeMetricFamily(f"skipportal_{name}", documentation, labels=[label])
    for label_value, number in values.items():
        family.add_metric([label_value], float(number))
    return family
