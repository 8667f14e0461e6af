"""Digest answers in the background, once their batch has closed, for search, filters and exports.

A digest is current if it was made from the answer that counts. Otherwise readers use the answer itself, and the digest
is made again later. So it does not matter when digests are made, and filing an answer need not make them.
"""

import time
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from statistics import median_low
from typing import Any

import msgspec
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from batches.mapping.fields import NAME_FIELDS
from batches.models import Batch, Digest, Item, ItemQuerySet, MatchDecision, NumberBackfill, Upload
from batches.numbers.found import FoundContact, record_found
from batches.people import search_terms
from batches.people.contacts import Contact
from batches.results.match_decisions import Matched, check_match, has_decisions, load_decisions
from batches.retention import Retained
from batches.statuses import OUTCOME_BORROWED, BatchStatus, MatchCheck, Outcome, UploadStatus
from batches.vendor.answers import is_cached, read_contact
from batches.vendor.protocol import PERSON_FIELDS, find_odd_credits

PAGE_SIZE = 500
"""Items of an upload digested at once."""
MAX_LEFTOVERS = 200
"""Maximum number of leftover batches, and of leftover uploads, that one sweep digests."""
DIGEST_TIMEOUT = timedelta(minutes=10)
"""A process that has not finished digesting a batch or an upload after this time counts as dead."""
ANSWER_FIELDS = ["outcome", "answered_at", "answer", "same_as_id"]
"""The fields read from the item that holds an answer: the item itself, its original, or the original of that one."""
ITEM_FIELDS = [
    *PERSON_FIELDS,
    "fingerprint",
    "owner_name",
    *ANSWER_FIELDS,
    *(f"same_as__{name}" for name in ANSWER_FIELDS),
    *(f"same_as__same_as__{name}" for name in ANSWER_FIELDS),
]
SEARCHABLE_FIELDS = [name for name in PERSON_FIELDS if name not in {"phone", "email"}]
DIGEST_FIELDS = [field.name for field in Digest._meta.fields if field.name != "item"]
SUMMED_FIELDS = ["phones", "mobiles", "usable_mobiles"]

encode_contact = msgspec.json.Encoder().encode
decode_contact = msgspec.json.Decoder(Contact).decode


def list_undigested(now: datetime) -> tuple[list[int], list[int]]:
    """Return the ids of closed batches, and of started uploads, that no process is digesting although they are due."""
    is_idle = Q(digest_begun_at=None) | Q(digest_begun_at__lt=now - DIGEST_TIMEOUT)
    batches = Batch.objects.filter(is_idle, status=BatchStatus.CLOSED, digested_at=None).order_by("pk")
    uploads = Upload.objects.filter(is_idle, started_at__isnull=False, digested_at=None).order_by("pk")
    due_batches = list(batches.values_list("pk", flat=True)[:MAX_LEFTOVERS])
    return due_batches, list(uploads.values_list("pk", flat=True)[:MAX_LEFTOVERS])


def digest_batch(batch_id: int) -> int | None:
    """Digest a closed batch's answers and store its totals. Return the upload's id if the upload has ended."""
    closed = Batch.objects.filter(pk=batch_id, status=BatchStatus.CLOSED)
    begun = mark_begun(closed)
    if begun is None:
        return None
    refresh_digests(Item.objects.filter(batch=batch_id))
    sums = sum_digests(Digest.objects.filter(item__batch=batch_id)) | count_charged(batch_id)
    if not mark_digested(closed, begun, **sums):
        return None
    ended = Upload.objects.filter(batches=batch_id, status__in=[UploadStatus.COMPLETE, UploadStatus.CANCELLED])
    return ended.values_list("pk", flat=True).first()


def digest_upload(upload_id: int) -> None:
    """Digest all people of a started upload, including those who were not sent or share an answer."""
    upload = Upload.objects.filter(pk=upload_id)
    begun = mark_begun(upload)
    if begun is None:
        return
    for page in Item.objects.filter(upload=upload_id).in_pages(PAGE_SIZE, ["pk"]):
        refresh_digests(Item.objects.filter(pk__in=[pk for (pk,) in page]))
    mark_digested(upload, begun)


def mark_begun(records: QuerySet[Any]) -> datetime | None:
    """Mark a batch or an upload as being digested. Return the start time, or None if there is no such record."""
    begun = timezone.now()
    return begun if records.update(digest_begun_at=begun) else None


def mark_digested(records: QuerySet[Any], begun: datetime, **sums: Any) -> bool:
    """Mark a batch or an upload as digested and store its totals. Return False if it changed since `begun`."""
    return records.filter(digest_begun_at=begun).update(digested_at=begun, digest_begun_at=None, **sums) == 1


def sum_digests(digests: QuerySet[Digest]) -> dict[str, Any]:
    """Count the contact details and verdicts of a batch's digests, for the batch's columns."""
    matches = {f"match_{name}": Count("pk", filter=Q(match=name)) for name in MatchCheck.values}
    sums = {f"sum_{name}": Sum(name, default=0) for name in SUMMED_FIELDS}
    conditions = {"cached": Q(cached=True), "odd_credits": Q(odd_credits__gt="")}
    counts = {name: Count("pk", filter=condition) for name, condition in conditions.items()}
    totals = digests.aggregate(**counts, **matches, **sums)
    return {name.removeprefix("sum_"): number for name, number in totals.items()}


def count_charged(batch_id: int) -> dict[str, Any]:
    """Return the number of charged matches and their median cost, for the batch's columns."""
    charged = Item.objects.filter(batch=batch_id, outcome=Outcome.MATCHED, credits__gt=0, digest__cached=False)
    costs = [credits for credits in charged.values_list("credits", flat=True) if credits is not None]
    return {"charged": len(costs), "match_cost": median_low(costs) if costs else None}


def refresh_digests(items: ItemQuerySet) -> None:
    """Make the missing and outdated digests of items. All are held in memory, so pass a few thousand at most."""
    made = [(make_digest(item), item.asked_name) for item in read_items(find_stale(items))]
    # This comes before the digests are stored: if storing them fails, both are made again.
    record_found(read_found(digest, name) for digest, name in made if digest.found and digest.answered_at)
    save_digests([digest for digest, _ in made])
    if made and has_decisions():
        follow_decisions([digest.item_id for digest, _ in made])


def read_found(digest: Digest, asked_name: str) -> FoundContact:
    """Return what a digest with contact details says about the person's numbers."""
    assert digest.answered_at  # noqa: S101 - what was found has a time
    return FoundContact(decode_contact(digest.found), asked_name, digest.answered_at)


def record_earlier_numbers(deadline: float) -> bool:
    """Write down the numbers of digests that were made before there was a table of numbers. Return whether all are.

    It continues where it ended, and ends at `deadline`, in monotonic time.
    """
    state, _ = NumberBackfill.objects.get_or_create(pk=1)
    while not state.done_at:
        page = Digest.objects.filter(pk__gt=state.last_item).order_by("pk").select_related("item")
        digests = list(page.only("found", "answered_at", *(f"item__{name}" for name in NAME_FIELDS))[:PAGE_SIZE])
        record_found(read_found(each, each.item.asked_name) for each in digests if each.found and each.answered_at)
        if digests:
            state.last_item = digests[-1].pk
        else:
            state.done_at = timezone.now()
        state.save(update_fields=["last_item", "done_at"])
        if time.monotonic() > deadline:
            break
    return state.done_at is not None


def find_stale(items: QuerySet[Item]) -> list[int]:
    """Return the ids of items without a current digest."""
    is_own = ~Q(outcome__in=OUTCOME_BORROWED)
    borrowed_at = Coalesce(F("same_as__same_as__answered_at"), F("same_as__answered_at"))
    dated = items.annotate(current_at=Case(When(is_own, then=F("answered_at")), default=borrowed_at))
    is_same_answer = Q(digest__answered_at=F("current_at"))
    is_outdated = Q(current_at__isnull=False) & (Q(digest__answered_at=None) | ~is_same_answer)
    has_lost_answer = Q(current_at=None, digest__answered_at__isnull=False)
    stale = dated.filter(Q(digest=None) | is_outdated | has_lost_answer).order_by("pk")
    return list(stale.values_list("pk", flat=True))


def has_stale_digest(item: Item) -> bool:
    """Return whether an item that has an answer of its own, or none, has no current digest."""
    digest = getattr(item, "digest", None)
    return digest is None or digest.answered_at != item.answered_at


def load_digests(items: Iterable[Item]) -> dict[int, Digest | None]:
    """Return the digests of a page's items by item id. Missing and outdated ones are made at once, but not stored."""
    items = list(items)
    # Only a borrowed answer must be looked up to know whether a digest is current.
    borrowed = [item.pk for item in items if item.outcome in OUTCOME_BORROWED]
    stale = find_stale(Item.objects.filter(pk__in=borrowed)) if borrowed else []
    stale += [item.pk for item in items if item.outcome not in OUTCOME_BORROWED and has_stale_digest(item)]
    made = {digest.item_id: digest for digest in make_digests(stale)}
    return {item.pk: made.get(item.pk) or getattr(item, "digest", None) for item in items}


def make_digests(ids: Collection[int]) -> list[Digest]:
    """Make the digests of items, whose verdicts follow what users have decided. They are not stored."""
    if not ids:
        # This is the usual case. Building a query that finds nothing takes a tenth of the time of a page.
        return []
    items = list(read_items(ids))
    made = [make_digest(item) for item in items]
    found = [
        Matched(item.pk, item.fingerprint, decode_contact(digest.found))
        for item, digest in zip(items, made, strict=True)
        if digest.found
    ]
    decisions = load_decisions(found)
    for digest in made:
        if decision := decisions.get(digest.item_id):
            digest.match = decision.verdict
    return made


def follow_decisions(ids: Collection[int]) -> list[int]:
    """Make the verdicts of stored digests follow what users have decided about the same people.

    Return the ids of the items whose verdict has changed.
    """
    items = Item.objects.filter(pk__in=ids).exclude(digest=None)
    decided = MatchDecision.objects.filter(item__fingerprint=OuterRef("fingerprint")).exclude(item__fingerprint="")
    is_decided = Exists(decided) | Exists(MatchDecision.objects.filter(item=OuterRef("pk")))
    read = items.filter(is_decided).exclude(digest__found="").select_related("digest")
    found = {
        item.pk: (item, decode_contact(item.digest.found))
        for item in read.only("fingerprint", *NAME_FIELDS, "digest__found", "digest__match")
    }
    decisions = load_decisions(Matched(pk, item.fingerprint, contact) for pk, (item, contact) in found.items())
    changed = []
    for pk, (item, contact) in found.items():
        verdict = decisions[pk].verdict if pk in decisions else check_match(item, contact)
        if item.digest.match != verdict:
            item.digest.match = verdict
            changed.append(item.digest)
    Digest.objects.bulk_update(changed, ["match"], batch_size=PAGE_SIZE)
    return [digest.item_id for digest in changed]


def read_items(ids: Iterable[int]) -> ItemQuerySet:
    return Item.objects.filter(pk__in=ids).select_related("same_as__same_as").only(*ITEM_FIELDS)


def read_contacts(ids: Iterable[int]) -> dict[int, Contact]:
    """Return item id → all contact details of items, read from their current answers."""
    return {
        item.pk: read_contact(item.answer_item.answer, item.name_parts)
        for item in read_items(ids)
        if item.answer_item.answer
    }


def make_digest(item: Item) -> Digest:
    """Make an item's digest from the person's own fields and the current answer."""
    source = item.answer_item
    contact = read_contact(source.answer, item.name_parts) if source.answer else Contact()
    cached = source.outcome == Outcome.MATCHED and is_cached(source.answer)
    return Digest(
        item_id=item.pk,
        search_terms=collect_terms(item, contact),
        answered_at=source.answered_at,
        cached=cached,
        # A shared answer was paid for only once.
        odd_credits=check_credits(source, cached) if source is item and source.answer else "",
        **summarise(item, contact) if source.answer else {},
    )


def check_credits(item: Item, cached: bool) -> str:
    """Return why the credits of an item's answer cannot be counted, or "" if they can."""
    return find_odd_credits(item.answer, are_required=item.outcome == Outcome.MATCHED and not cached)


def summarise(item: Item, contact: Contact) -> dict[str, Any]:
    """Return the fields of a digest that come from the answer: contact details, and what filters and totals use."""
    details = msgspec.structs.replace(contact, former_addresses=[], relatives=[], profiles=[], others=[])
    return {
        "found": encode_contact(details).decode(),
        "match": check_match(item, contact),
        "phones": len(contact.phones),
        "mobiles": sum(phone.is_mobile for phone in contact.phones),
        "usable_mobiles": sum(phone.is_mobile and phone.is_callable for phone in contact.phones),
        "do_not_call": sum(phone.do_not_call is True for phone in contact.phones),
        "emails": len(contact.emails),
        "deceased": contact.deceased,
    }


def collect_terms(item: Item, contact: Contact) -> str:
    """Return the search terms of a person: everything asked for and everything found."""
    asked = [*(getattr(item, name) for name in SEARCHABLE_FIELDS), item.owner_name]
    phones = [item.phone, *(phone.digits for phone in contact.phones)]
    emails = [item.email, *(email.address for email in contact.emails)]
    texts = [*asked, *contact.names, contact.address, *contact.former_addresses]
    return search_terms.collect(texts, phones, list(filter(None, emails)))


def save_digests(digests: list[Digest]) -> None:
    Digest.objects.bulk_create(digests, update_conflicts=True, unique_fields=["item"], update_fields=DIGEST_FIELDS)


def purge_details(digests: QuerySet[Digest]) -> None:
    """Remove contact details, and the search terms made from them. Keep the counts."""
    chunk = list(digests.select_related("item").defer("item__answer", "item__cells"))
    for digest in chunk:
        digest.found, digest.search_terms = "", collect_terms(digest.item, Contact())
    Digest.objects.bulk_update(chunk, ["found", "search_terms"], batch_size=PAGE_SIZE)


def remake_terms(digests: QuerySet[Digest]) -> None:
    """Make the search terms of digests again, after the fields that their people were asked for with have changed."""
    chunk = list(digests.select_related("item").defer("item__answer", "item__cells"))
    for digest in chunk:
        digest.search_terms = collect_terms(digest.item, decode_contact(digest.found) if digest.found else Contact())
    Digest.objects.bulk_update(chunk, ["search_terms"], batch_size=PAGE_SIZE)


RETAINED_DETAILS = Retained(
    "Contact details", Digest.objects.exclude(found=""), "answered_at", purge_details, list_path="item__upload"
)
