"""Report the progress of lists, and estimate when they will be done.

The number of queries is constant, and none of them reads more people than are in open batches.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Q

from batches.database import find_filled
from batches.lease import CLOCK, taken
from batches.models import IS_UNDER_WAY, Batch, Receiver, SendingBlock, Upload
from batches.reports.charts import MAX_CELLS, Strip, build_strip
from batches.reports.forecast import (
    CLOSING_SECONDS,
    DISPATCH_SECONDS,
    AccountPace,
    Forecast,
    PaceEstimate,
    RunningList,
    estimate_pace,
    forecast_queue,
    format_duration,
)
from batches.reports.pace import (
    ONE_MINUTE,
    Pace,
    RecentPace,
    UsualPace,
    compute_pace,
    load_usual_pace,
    read_minutes,
    recent_annotations,
    uncounted_since,
)
from batches.statuses import BATCH_AT_VENDOR, BATCH_IN_STRIP, OUTCOME_COUNTED, BatchStatus, UploadStatus
from batches.tracing.account_choice import AccountId, Accounts, has_account, load_accounts
from batches.tracing.counts import Counts, count_outcomes, count_uploads, counted_items, read_answered_unplanned
from batches.vendor.protocol import MAX_BATCH_SIZE

SHOWN_SECONDS = 60
"""How long the time that was shown last is remembered, in seconds."""
MAX_LISTS = 20
"""Lists in progress that are loaded together."""


@dataclass(frozen=True)
class ListProgress:
    """The progress of one list, its pace, and its estimate."""

    counts: Counts
    strip: Strip | None
    """Its batches, or None if they are not drawn."""
    awaits_decision: bool
    """Whether one of its batches awaits a decision."""
    per_second: float
    """Results per second."""
    time_left: str | None = None
    """The estimated time left, formatted, or None if it cannot be estimated."""
    done_at: datetime | None = None
    waits_until: datetime | None = None
    """When sending resumes, if it waits because the daily credit limit is reached."""
    starts_at: datetime | None = None
    """When its first answer is expected, if nobody in it has been sent."""
    place: int = 0
    """Its place in line, from 1, if nobody in it has been sent; 0 otherwise."""
    doubt: str = ""
    """Why the estimate is unsure, as the end of a sentence; "" if it is sure."""


@dataclass
class Progress:
    """The batches in progress, and the recent results."""

    now: datetime
    pace: Pace
    batches: dict[int, Batch]
    """Batch id → batch, for batches that are in progress or closed recently."""
    open_counts: list[dict[str, Any]]
    """Rows of counts of the people in batches that are not closed, by batch and list."""
    done: Counter[int]
    """Batch id → number of people done, for batches that are not closed."""
    unplanned: list[dict[str, Any]]
    """Rows of counts of people who are done and in no batch."""
    counts: dict[int, Counts]
    """Upload id → counts, for the requested lists."""
    accounts: Accounts

    def count_awaited(self, batch: Batch) -> int:
        """Return how many people of a batch the vendor is still working on, as far as is known."""
        is_with_vendor = batch.status in BATCH_AT_VENDOR and not self.is_stuck(batch)
        return max(batch.size - batch.moved - self.done[batch.pk], 0) if is_with_vendor else 0

    def is_stuck(self, batch: Batch) -> bool:
        """Return whether a batch awaits a user's decision.

        If the policy resends unconfirmed batches, a batch awaits one only if that has not happened in time.
        """
        if batch.status == BatchStatus.UNCONFIRMED:
            wait = ONE_MINUTE if settings.UNCONFIRMED_POLICY == "resend" else timedelta()
            decision_due = batch.decision_due_at
            return batch.is_in_doubt or not decision_due or self.now > decision_due + wait
        return batch.status == BatchStatus.REFUSED


def read_progress(uploads: list[Upload], now: datetime) -> Progress:
    """Return the batches in progress, with the counts of `uploads`."""
    minutes = read_minutes(now)
    since = uncounted_since(minutes, now)
    batches = read_batches(uploads, since)
    rows = count_recent(batches, since, now)
    open_counts = [row for row in rows if batches[row["batch_id"]].status != BatchStatus.CLOSED]
    unplanned = read_answered_unplanned()
    counts = count_uploads(uploads, open_counts, unplanned)
    pace = compute_pace(rows, minutes, now, batches)
    done = count_done(open_counts)
    return Progress(now, pace, batches, open_counts, done, unplanned, counts, load_accounts(now))


def load_list_progress(upload: Upload, now: datetime) -> ListProgress:
    """Return the progress of a started list. Its estimate depends on the other lists in progress."""
    others = Upload.objects.active().exclude(pk=upload.pk).order_by("priority", "id")[:MAX_LISTS]
    found = find_filled(clock=taken(CLOCK), block=SendingBlock.objects.in_force(now).of_everything())
    is_sending = found == {"clock"} and Receiver.is_any_alive()
    uploads = [*others, upload]
    return estimate(uploads, read_progress(uploads, now), is_sending=is_sending, drawn=[upload])[upload.pk]


def read_batches(uploads: list[Upload], since: datetime) -> dict[int, Batch]:
    """Return batch id → batch.

    These are the batches of `uploads` that are under way, and the batches of any list that are at the vendor or have
    closed since `since`.
    """
    theirs = Q(upload__in=uploads) & IS_UNDER_WAY
    batches = Batch.objects.filter(theirs | Q(status__in=BATCH_AT_VENDOR) | Q(closed_at__gte=since)).order_by()
    fields = ["upload_id", "account_id", "status", "size", "moved", "earlier_credits"]
    times = ["submitted_at", "next_try_at", "doubted_at"]
    return {batch.pk: batch for batch in batches.only(*fields, *times)}


def count_recent(batches: dict[int, Batch], since: datetime, now: datetime) -> list[dict[str, Any]]:
    """Return rows of the counts of `batches`, by the minute in which the answers arrived, for minutes since `since`."""
    minute, others = recent_annotations(since, now)
    items = counted_items(batches.keys()).annotate(minute=minute)
    return count_outcomes(items, "batch_id", "upload_id", "minute", **others)


def count_done(rows: Iterable[dict[str, Any]]) -> Counter[int]:
    """Return batch id → number of people done."""
    done: Counter[int] = Counter()
    for row in rows:
        done[row["batch_id"]] += sum(row[name] for name in OUTCOME_COUNTED)
    return done


def estimate(
    uploads: list[Upload], progress: Progress, *, is_sending: bool, drawn: list[Upload] | None = None
) -> dict[int, ListProgress]:
    """Return upload id → progress of lists in progress.

    There are no estimates unless `is_sending`. `drawn` holds the lists to draw strips for. By default, all are drawn.
    """
    batches = group_batches(progress)
    strips = draw_strips(uploads if drawn is None else drawn, progress)
    stuck = {upload.pk: [batch for batch in batches[upload.pk] if progress.is_stuck(batch)] for upload in uploads}
    running = [upload for upload in uploads if upload.status == UploadStatus.RUNNING]
    waits_until = {upload.pk: upload.waits_until for upload in running if upload.waits_for_tomorrow(progress.now)}
    sendable = [upload for upload in running if not upload.wait_reason]
    forecasts, doubts = forecast_lists(sendable, batches, stuck, progress) if is_sending else ({}, {})
    expected = {pk: progress.now + timedelta(seconds=each.ends) for pk, each in forecasts.items()}
    done_times = steady_times(expected, progress.now)
    places = place_in_line(sendable, forecasts, batches, progress)
    estimated = {}
    for upload in uploads:
        found = None if stuck[upload.pk] or upload.pk in waits_until else forecasts.get(upload.pk)
        place = places.get(upload.pk, 0)
        estimated[upload.pk] = ListProgress(
            counts=progress.counts[upload.pk],
            strip=strips.get(upload.pk),
            awaits_decision=bool(stuck[upload.pk]),
            per_second=progress.pace.per_upload.get(upload.pk, 0),
            time_left=format_duration(found.ends) if found else None,
            done_at=done_times[upload.pk] if found else None,
            waits_until=waits_until.get(upload.pk),
            starts_at=progress.now + timedelta(seconds=found.starts) if found and place else None,
            place=place,
            doubt=doubts.get(upload.pk, ""),
        )
    return estimated


def steady_times(times: dict[int, datetime], now: datetime) -> dict[int, datetime]:
    """Return upload id → when it is expected to be done, as it was shown before if it has hardly changed since.

    It may be off by a tenth of the time left, and by a minute at most.
    """
    keys = {pk: f"done-at:{pk}" for pk in times}
    shown = cache.get_many(keys.values())
    steady = {}
    for pk, time in times.items():
        before = shown.get(keys[pk])
        allowed = min(ONE_MINUTE, (time - now) / 10)
        steady[pk] = before if before and abs(before - time) <= allowed else time
    cache.set_many({keys[pk]: time for pk, time in steady.items()}, SHOWN_SECONDS)
    return steady


def group_batches(progress: Progress) -> dict[int, list[Batch]]:
    """Return upload id → its batches in progress."""
    batches = defaultdict(list)
    for batch in progress.batches.values():
        batches[batch.upload_id].append(batch)
    return batches


def forecast_lists(
    running: list[Upload], batches: dict[int, list[Batch]], stuck: dict[int, list[Batch]], progress: Progress
) -> tuple[dict[int, Forecast], dict[int, str]]:
    """Return upload id → forecast of a running list, and upload id → why it is unsure, or "".

    There is no forecast of a list that nothing can be sent of now, or while the pace of its accounts is not known.
    """
    if not running:
        return {}, {}
    in_flight = list_in_flight(progress)
    estimates = estimate_paces(progress, in_flight)
    paces = {account: each.pace for account, each in estimates.items() if each.pace.per_second}
    known, doubts = {}, {}
    for upload in running:
        usable = progress.accounts.list_usable(upload.team_id)
        used = [batch.account_id for batch in in_flight if batch.upload_id == upload.pk]
        doubts[upload.pk] = next((doubt for each in [*usable, *used] if (doubt := estimates[each].doubt)), "")
        accounts = [account for account in usable if account in paces]
        described = describe_running(upload, accounts, batches[upload.pk], stuck[upload.pk], progress)
        is_held = waits_for_held_account(batches[upload.pk], progress) or (described.unsent and not accounts)
        if not is_held and paces.keys() >= set(used):
            known[upload.pk] = described
    positions = {pk: position for position, pk in enumerate(known)}
    queue = [
        (positions.get(batch.upload_id), progress.count_awaited(batch), batch.account_id)
        for batch in in_flight
        if batch.account_id in paces
    ]
    found = forecast_queue(list(known.values()), paces, queue)
    ends = [Forecast(each.starts, each.ends + CLOSING_SECONDS) for each in found]
    return dict(zip(known, ends, strict=True)), doubts


def waits_for_held_account(batches: list[Batch], progress: Progress) -> bool:
    """Return whether one of these batches is to be sent again over an account that sending is blocked over."""
    planned = [batch for batch in batches if batch.status == BatchStatus.PLANNED and has_account(batch)]
    return any(batch.account_id in progress.accounts.blocked for batch in planned)


def list_in_flight(progress: Progress) -> list[Batch]:
    """Return the batches that the vendor is working on, in the order of their calls."""
    awaited = [batch for batch in progress.batches.values() if progress.count_awaited(batch)]
    return sorted(awaited, key=lambda batch: (batch.submitted_at or progress.now, batch.pk))


class ExpectedPace(NamedTuple):
    """What is expected of an account, and why that is unsure, or ""."""

    pace: AccountPace
    doubt: str


def estimate_paces(progress: Progress, in_flight: list[Batch]) -> dict[AccountId, ExpectedPace]:
    """Return vendor account → the pace to expect from now on. It is 0 if it is not known."""
    limits_of, found = progress.accounts.limits, {}
    usual_paces = load_usual_pace(progress.now, len(limits_of))
    for account, limits in limits_of.items():
        usual = usual_paces.get(account, UsualPace())
        sent = [batch for batch in in_flight if batch.account_id == account]
        expected = expect_pace(account, progress, usual, sent)
        pace = AccountPace(expected.per_second, limits.in_flight, usual.latency + DISPATCH_SECONDS)
        found[account] = ExpectedPace(pace, expected.doubt)
    return found


def expect_pace(account: AccountId, progress: Progress, usual: UsualPace, in_flight: list[Batch]) -> PaceEstimate:
    """Return the pace to expect of an account from now on. `in_flight` are its batches in the order of their calls."""
    measured, silent_seconds = progress.pace.per_account.get(account, RecentPace()), None
    if in_flight and in_flight[0].submitted_at:
        expected_at = in_flight[0].submitted_at + timedelta(seconds=usual.latency)
        last = max(filter(None, [expected_at, measured.last_result_at]))
        silent_seconds = (progress.now - last).total_seconds()
    pace = estimate_pace(measured.recent, measured.latest, usual.measured, silent_seconds=silent_seconds)
    planned = [batch for batch in progress.batches.values() if batch.status == BatchStatus.PLANNED]
    retries = [batch.next_try_at for batch in planned if batch.account_id == account and batch.next_try_at]
    if any(next_try_at > progress.now for next_try_at in retries):
        return PaceEstimate(pace.per_second, "because the vendor is not accepting people right now")
    return pace


def place_in_line(
    running: list[Upload], forecasts: dict[int, Forecast], batches: dict[int, list[Batch]], progress: Progress
) -> dict[int, int]:
    """Return upload id → place in line, from 1, of the running lists of which nobody has been sent.

    Only lists that share a vendor account wait for one another.
    """
    waiting = [
        upload
        for upload in running
        if not progress.counts[upload.pk].done and not any(batch.submitted_at for batch in batches[upload.pk])
    ]

    def order(upload: Upload) -> tuple[float, int, int]:
        found = forecasts.get(upload.pk)
        return (found.starts if found else 0, upload.priority, upload.pk)

    places: dict[int, int] = {}
    accounts_before: list[set[AccountId]] = []
    for upload in sorted(waiting, key=order):
        accounts = set(progress.accounts.list_all(upload.team_id))
        places[upload.pk] = 1 + sum(not accounts.isdisjoint(before) for before in accounts_before)
        accounts_before.append(accounts)
    return places


def describe_running(
    upload: Upload, accounts: list[AccountId], batches: list[Batch], stuck: list[Batch], progress: Progress
) -> RunningList:
    """Return what the forecast needs to know about a list. People in a stuck batch do not delay anyone else."""
    counts = progress.counts[upload.pk]
    held_up = sum(batch.size - batch.moved - progress.done[batch.pk] for batch in stuck)
    waits = max((upload.waits_until - progress.now).total_seconds(), 0) if upload.waits_until else 0
    return RunningList(
        upload.priority,
        counts.done,
        max(counts.pending - held_up, 0),
        in_flight=sum(progress.count_awaited(batch) for batch in batches),
        batch_size=usual_batch_size(upload),
        waits=waits,
        front_at=upload.front_at,
        accounts=accounts,
    )


def usual_batch_size(upload: Upload) -> int:
    """Return about how many people a batch of a list has. Long rows make small batches."""
    if not upload.batch_estimate or upload.item_count < upload.batch_estimate:
        return MAX_BATCH_SIZE
    return min(MAX_BATCH_SIZE, ceil(upload.item_count / upload.batch_estimate))


def draw_strips(uploads: list[Upload], progress: Progress) -> dict[int, Strip]:
    """Return upload id → its batches as a strip."""
    if not uploads:
        return {}
    cells = read_cells(uploads, progress)
    labels = {str(status): str(status.label) for status in BATCH_IN_STRIP}
    return {upload.pk: build_strip(cells.get(upload.pk, []), labels) for upload in uploads}


def read_cells(uploads: list[Upload], progress: Progress) -> dict[int, list[tuple[str, float, int]]]:
    """Return upload id → the cells of its strip in order, as `build_strip` expects them.

    If a list has more than MAX_CELLS batches, those with the same status share a cell.
    """
    shown = Batch.objects.filter(upload__in=uploads, status__in=BATCH_IN_STRIP).order_by()
    counts_by_status: defaultdict[int, dict[str, int]] = defaultdict(dict)
    cells: defaultdict[int, list[tuple[str, float, int]]] = defaultdict(list)
    for pk, status, batch_count in shown.values_list("upload_id", "status").annotate(Count("pk")):
        counts_by_status[pk][status] = batch_count
    short = [pk for pk, statuses in counts_by_status.items() if sum(statuses.values()) <= MAX_CELLS]
    rows = shown.filter(upload__in=short).order_by("upload", "number")
    for pk, upload_id, status, size in rows.values_list("pk", "upload_id", "status", "size"):
        cells[upload_id].append((status, done_share(status, progress.done[pk], size), 1))
    for pk in counts_by_status.keys() - set(short):
        present = [status for status in BATCH_IN_STRIP if status in counts_by_status[pk]]
        cells[pk] = [merge_cells(pk, status, counts_by_status[pk][status], progress) for status in present]
    return cells


def merge_cells(upload_id: int, status: str, batch_count: int, progress: Progress) -> tuple[str, float, int]:
    """Return the one cell of all batches of an upload with this status."""
    merged = [batch for batch in progress.batches.values() if (batch.upload_id, batch.status) == (upload_id, status)]
    done = sum(progress.done[batch.pk] for batch in merged)
    return status, done_share(status, done, sum(batch.size for batch in merged)), batch_count


def done_share(status: str, done: int, size: int) -> float:
    """Return the share of people done in batches with this status, from 0 to 1."""
    return 1 if status == BatchStatus.CLOSED else min(done / max(size, 1), 1)
