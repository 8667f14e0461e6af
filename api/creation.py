"""Create a list from a file and the options sent with it, once for each idempotency key."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.core.files.base import File

from api.errors import BadInput, Conflict
from api.models import MAX_KEY_LENGTH, IdempotencyKey
from api.schemas import NewList
from batches.files.file_format import UnreadableFile
from batches.intake import list_options
from batches.intake.list_options import GivenSettings, InvalidOption
from batches.intake.trace_settings import PUBLIC_NAMES, SETTING_NAMES, TraceSettings
from batches.mapping.fields import find_settled
from batches.models import Upload
from batches.statuses import Priority

HEADER = "Idempotency-Key"


def create_once(user: User, key: str, file: File, new_list: NewList) -> tuple[Upload, bool]:
    """Return the upload of an idempotency key, and whether it is new. Raises BadInput or Conflict.

    The key is stored before the upload, so that only one of two simultaneous calls creates it.
    """
    if not key:
        return create_draft(user, file, new_list), True
    check_key(key)
    defaults = {"file_digest": digest_file(file)}
    stored, is_first = IdempotencyKey.objects.select_related("upload").get_or_create(
        user=user, key=key, defaults=defaults
    )
    if not is_first:
        return find_existing(stored, defaults["file_digest"]), False
    try:
        upload = create_draft(user, file, new_list)
    except BadInput:
        stored.delete()
        raise
    IdempotencyKey.objects.filter(pk=stored.pk).update(upload=upload)
    return upload, True


def check_key(key: str) -> None:
    """Raise BadInput if a key cannot be stored."""
    if len(key) > MAX_KEY_LENGTH or "\0" in key:
        raise BadInput(HEADER, f"{HEADER} must have at most {MAX_KEY_LENGTH} characters and no NUL character.")


def digest_file(file: File) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def find_existing(stored: IdempotencyKey, file_digest: str) -> Upload:
    """Return the upload that was created under a key. Raises BadInput or Conflict."""
    if stored.file_digest != file_digest:
        raise BadInput(HEADER, f"{HEADER} was already used with a different file. Use a new key for each list.")
    if stored.upload is None:
        raise Conflict(
            "An earlier call with this key has not finished. Try again in a moment. If this error persists, that call "
            "was interrupted. Look for its list at /uploads; if it is not there, send the list with a new key."
        )
    return stored.upload


def create_draft(user: User, file: File, new_list: NewList) -> Upload:
    """Return a draft with the given columns, and guesses for the others. Nothing starts automatically."""
    given = GivenSettings(**new_list.settings())
    details = {"name": new_list.name, "priority": Priority[new_list.priority.name], "source": new_list.source}
    try:
        with refusals_as_bad_input():
            upload, settings = list_options.receive(file, user, given, **details)
    except UnreadableFile as problem:
        raise BadInput("file", str(problem)) from None
    save_settings(upload, settings, given)
    return upload


@contextmanager
def refusals_as_bad_input() -> Iterator[None]:
    """Turn `InvalidOption` into `BadInput`, which the API answers with."""
    try:
        yield
    except InvalidOption as problem:
        raise BadInput(PUBLIC_NAMES.get(problem.setting, problem.setting), str(problem)) from None


def save_settings(upload: Upload, settings: TraceSettings, given: GivenSettings) -> None:
    """Save the settings of a draft. Columns that were given are not uncertain any more."""
    known = given.fields | find_settled(upload.mapping, settings.mapping)
    settings.apply_to(upload)
    upload.uncertain = {name: reason for name, reason in upload.uncertain.items() if name not in known}
    upload.save(update_fields=["uncertain", *SETTING_NAMES])
