"""A new list, from a file and what was told about it: made once for each key."""

import hashlib

from django.db import transaction

from api.errors import BadInput, Conflict
from api.models import OrderKey
from batches.files.file_format import UnreadableFile
from batches.intake import list_options, uploads
from batches.models import Upload
from batches.statuses import Priority

LONGEST_KEY = OrderKey._meta.get_field("key").max_length
HEADER = "Idempotency-Key"


def order_once(user, key, file, order):
    """Return the upload of a key, and whether it is new.

    The key is written before the upload is made, so that of two simultaneous calls only one makes it. Raises BadInput
    and Conflict.
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
    """Return a draft whose columns are read as the caller says, and otherwise as guessed. Nothing starts by itself."""
    try:
        refuse_odd(order)
        upload = uploads.receive(file, user, order.name, Priority[order.priority.name], order.source)
    except UnreadableFile as problem:
        raise BadInput("file", str(problem)) from None
    try:
        settle(upload, order)
    except BadInput:
        discard(upload)
        raise
    return upload


def refuse_odd(told):
    """Raise BadInput for what can be refused before the columns are known."""
    checks = {
        "match": lambda: list_options.refuse_odd_match(told.match, "match"),
        "look_back": lambda: list_options.refuse_odd_look_back(told.look_back, "look_back"),
        "fixed": lambda: list_options.read_fixed(told.fixed, "fixed"),
    }
    for field, check in checks.items():
        take(field, check)


def take(field, read):
    try:
        return read()
    except list_options.Refused as problem:
        raise BadInput(field, str(problem)) from None


def settle(upload, told):
    """Write what was told into a draft. Who told a column is in no doubt about it."""
    settled = read_told(upload, told)
    upload.doubts = {name: doubt for name, doubt in upload.doubts.items() if name not in name_told(told)}
    for name, value in settled.items():
        setattr(upload, name, value)
    upload.save(update_fields=["doubts", *settled])


def name_told(told):
    return list_options.name_fields([*told.mapping, *told.fixed])


def read_told(upload, told):
    """Return the changes to an upload's columns and options as field → value. Raises BadInput."""
    refuse_odd(told)
    fixed = upload.fixed | list_options.read_fixed(told.fixed, "fixed")
    return {
        "mapping": take("mapping", lambda: list_options.read_mapping(upload, told.mapping, "mapping")),
        "fixed": {name: value for name, value in fixed.items() if value},
        "match": told.match or upload.match,
    } | list_options.keep_told(told.dict())


@transaction.atomic
def discard(upload):
    """Forget a draft that nobody has been told of."""
    Upload.objects.filter(pk=upload.pk).delete()
    upload.file.delete(save=False)
