"""What is worth finding, filtering and exporting of an item, made in the background once its batch has closed.

A digest counts as long as it is of the answer that counts: otherwise whoever reads it reads the answer itself, and the
next round makes it anew. So nothing depends on when it is made, and filing an answer costs nothing for it.
"""

from datetime import timedelta

import msgspec
from django.conf import settings
from django.db.models import Case, Count, F, Q, Sum, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from batches.models import Batch, Digest, Item, Upload
from batches.people import match_check, search_terms
from batches.people.contacts import Contact
from batches.statuses import BORROWED, BatchStatus, MatchCheck, Outcome, UploadStatus
from batches.vendor.answers import is_cached, read_contact
from batches.vendor.protocol import FIELDS

PAGE = 500
"""Items of an upload that are digested in one go."""
LEFTOVERS = 200
"""Batches that one sweep has digested of those that were left lying."""
LONGEST = timedelta(minutes=10)
"""Whatever began to digest something and is not done by then is taken for dead."""
OF_SOURCE = ["outcome", "answered_at", "answer", "same_as_id"]
"""What is read of an item, beside what was asked for, and of those whose answer it shares."""
READ = [*FIELDS, *(f"{path}{name}" for path in ("", "same_as__", "same_as__same_as__") for name in OF_SOURCE)]
ASKED = [name for name in FIELDS if name not in {"phone", "email"}]
FOUND = [field.name for field in Digest._meta.fields if field.name != "item"]
SUMS = ["phones", "mobiles", "usable_mobiles"]

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Contact).decode


def list_undigested(now):
    """Ids of closed batches and of started uploads that are to be digested and are not being, as two lists."""
    is_idle = Q(digest_begun_at=None) | Q(digest_begun_at__lt=now - LONGEST)
    batches = Batch.objects.filter(is_idle, status=BatchStatus.CLOSED, digested_at=None).order_by("pk")
    uploads = Upload.objects.filter(is_idle, started_at__isnull=False, digested_at=None).order_by("pk")
    return [list(found.values_list("pk", flat=True)[:LEFTOVERS]) for found in (batches, uploads)]


def digest_batch(batch_id):
    """Digest a closed batch's answers and freeze what they brought. Return the upload's id if that is over."""
    closed = Batch.objects.filter(pk=batch_id, status=BatchStatus.CLOSED)
    begun = begin(closed)
    if begun is None:
        return None
    renew(Item.objects.filter(batch=batch_id))
    if not end(closed, begun, **sum_up(Digest.objects.filter(item__batch=batch_id))):
        return None
    over = Upload.objects.filter(batches=batch_id, status__in=[UploadStatus.COMPLETE, UploadStatus.CANCELLED])
    return over.values_list("pk", flat=True).first()


def digest_upload(upload_id):
    """Make all people of a started upload findable: those too who were not sent, or share somebody's answer."""
    upload = Upload.objects.filter(pk=upload_id)
    begun = begin(upload)
    for page in Item.objects.filter(upload=upload_id).in_pages(PAGE, ["pk"]):
        renew(Item.objects.filter(pk__in=[pk for (pk,) in page]))
    end(upload, begun)


def begin(records):
    """Write down that a batch or an upload is being digested. Return since when; None if there is none such."""
    begun = timezone.now()
    return begun if records.update(digest_begun_at=begun) else None


def end(records, begun, **sums):
    """Write down that it is, with its sums. False if something changed since: then it is to be done again."""
    return records.filter(digest_begun_at=begun).update(digested_at=begun, digest_begun_at=None, **sums) == 1


def sum_up(digests):
    """Add up what a batch's answers brought, for the batch's columns."""
    matches = {name: Count("pk", filter=Q(match=name)) for name in MatchCheck.values}
    sums = {f"sum_{name}": Sum(name, default=0) for name in SUMS}
    totals = digests.aggregate(cached=Count("pk", filter=Q(cached=True)), **matches, **sums)
    return {name.removeprefix("sum_"): number for name, number in totals.items()}


def renew(items):
    """Make the digests of at most some thousand items that have none, or one of another answer than counts."""
    write([make(item) for item in read_items(find_stale(items))])


def find_stale(items):
    """Ids of those items that have no digest, or one of another answer than counts."""
    is_own = ~Q(outcome__in=BORROWED)
    of_source = Coalesce(F("same_as__same_as__answered_at"), F("same_as__answered_at"))
    when = items.annotate(of_answer=Case(When(is_own, then=F("answered_at")), default=of_source))
    is_older = Q(of_answer__isnull=False) & (Q(digest__answered_at=None) | ~Q(digest__answered_at=F("of_answer")))
    is_gone = Q(of_answer=None, digest__answered_at__isnull=False)
    stale = when.filter(Q(digest=None) | is_older | is_gone).order_by("pk")
    return list(stale.values_list("pk", flat=True))


def look_up(items):
    """Return the digests of a page's items by id; one that is not of the current answer is made at once."""
    items = list(items)
    stale = find_stale(Item.objects.filter(pk__in=[item.pk for item in items]))
    made = {item.pk: make(item) for item in read_items(stale)}
    return {item.pk: made.get(item.pk) or getattr(item, "digest", None) for item in items}


def read_items(ids):
    return Item.objects.filter(pk__in=ids).select_related("same_as__same_as").only(*READ)


def make(item):
    """Return an item's Digest, from what was asked for and the answer that counts for it."""
    source = item.source
    contact = read_contact(source.answer) if source.answer else Contact()
    return Digest(
        item_id=item.pk,
        words=collect_words(item, contact),
        answered_at=source.answered_at,
        cached=source.outcome == Outcome.MATCHED and is_cached(source.answer),
        **summarise(item, contact) if source.answer else {},
    )


def summarise(item, contact):
    """Contact details as they are kept, and what is filtered by of them."""
    kept = msgspec.structs.replace(contact, former_addresses=[], relatives=[], profiles=[])
    return {
        "found": encode(kept).decode(),
        "match": compare(item, contact),
        "phones": len(contact.phones),
        "mobiles": sum(phone.is_mobile for phone in contact.phones),
        "usable_mobiles": sum(phone.is_mobile and phone.is_callable for phone in contact.phones),
        "do_not_call": sum(phone.do_not_call is True for phone in contact.phones),
        "emails": len(contact.emails),
        "deceased": contact.deceased,
    }


def compare(item, contact):
    """Return the match check; empty if one of the names is not known."""
    return match_check.compare(item.first_name, item.middle_name, item.last_name, contact.names)


def collect_words(item, contact):
    asked = [getattr(item, name) for name in ASKED]
    phones = [item.phone, *(phone.digits for phone in contact.phones)]
    emails = [item.email, *(email.address for email in contact.emails)]
    texts = [*asked, *contact.names, contact.address, *contact.former_addresses]
    return search_terms.collect(texts, phones, list(filter(None, emails)))


def write(digests):
    Digest.objects.bulk_create(digests, update_conflicts=True, unique_fields=["item"], update_fields=FOUND)


def purge_expired(now):
    """Forget contact details older than RESULT_RETENTION_DAYS, and the words of them; numbers stay. Return how many."""
    if not settings.RESULT_RETENTION_DAYS:
        return 0
    old = Digest.objects.filter(answered_at__lt=now - timedelta(days=settings.RESULT_RETENTION_DAYS)).exclude(found="")
    forgotten = 0
    while part := list(old.select_related("item").defer("item__answer", "item__cells")[:PAGE]):
        for digest in part:
            digest.found, digest.words = "", collect_words(digest.item, Contact())
        forgotten += Digest.objects.bulk_update(part, ["found", "words"])
    return forgotten
