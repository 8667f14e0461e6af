"""A new list, from a file and the settings given with it: made once for each key."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from api.errors import BadInput, Conflict
from api.models import OrderKey
from batches.files.file_format import UnreadableFile
from batches.intake import list_options
from batches.intake.list_options import GivenSettings, Refused
from batches.intake.trace_settings import NAMES, TraceSettings
from batches.models import Upload
from batches.statuses import Priority

LONGEST_KEY = OrderKey._meta.get_field("key").max_length
HEADER = "Idempotency-Key"


def order_once(user, key, file, order):
    """Return the upload of an idempotency key, and whether it is new. Raise BadInput or Conflict.

    The key is written before the upload is made, so of two simultaneous calls only one makes it.
    """
    if not key:
        return order_upload(user, file, order), True
    refuse_odd_key(key)
    defaults = {"file_digest": digest_file(file)}
    kept, is_first = OrderKey.objects.select_related("upload").get_or_create(user=user, key=key, defaults=defaults)
    if not is_first:
        return find_ordered(kept, defaults["file_digest"]), False
    try:
        upload = order_upload(user, file, order)
    except BadInput:
        kept.delete()
        raise
    OrderKey.objects.filter(pk=kept.pk).update(upload=upload)
    return upload, True


def refuse_odd_key(key):
    if len(key) > LONGEST_KEY or "\0" in key:
        raise BadInput(HEADER, f"{HEADER}: {LONGEST_KEY} characters are the most.")


def digest_file(file):
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def find_ordered(kept, file_digest):
    if kept.file_digest != file_digest:
        raise BadInput(HEADER, f"{HEADER}: another file came with this key. Use a new key for each list.")
    if kept.upload is None:
        raise Conflict(
            "An earlier call with this key has not ended. Ask again in a moment; if it stays so, the call was cut off: "
            "look for its list at /uploads, and send it under a new key if it is not there."
        )
    return kept.upload


def order_upload(user, file, order):
    """Return a draft whose columns are read as given, and otherwise as guessed. Nothing starts by itself."""
    given = GivenSettings(**order.settings())
    details = {"name": order.name, "priority": Priority[order.priority.name], "source": order.source}
    try:
        with refusals_as_bad_input():
            upload, settings = list_options.receive(file, user, given, **details)
    except UnreadableFile as problem:
        raise BadInput("file", str(problem)) from None
    save_settings(upload, settings, given)
    return upload


@contextmanager
def refusals_as_bad_input() -> Iterator[None]:
    """Turn a Refused into the BadInput that the API answers with."""
    try:
        yield
    except Refused as problem:
        raise BadInput(problem.setting, str(problem)) from None


def save_settings(upload: Upload, settings: TraceSettings, given: GivenSettings) -> None:
    """Save the settings of a draft. Nobody needs to be asked about a column that was given."""
    settings.apply_to(upload)
    upload.doubts = {name: doubt for name, doubt in upload.doubts.items() if name not in given.fields}
    upload.save(update_fields=["doubts", *NAMES])
