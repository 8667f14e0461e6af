"""Create a list from a file and the options sent with it, only once for each idempotency key."""

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

KEY_HEADER = "Idempotency-Key"


def create_once(user: User, key: str, file: File, new_list: NewList) -> tuple[Upload, bool]:
    """Create a list unless its key was used before. Return the list and whether it is new.

    Raise BadInput if an input cannot be used, or Conflict if an earlier call with the key has not finished. The key is
    stored before the list, so that only one of two simultaneous calls creates a list.
    """
    if not key:
        return create_draft(user, file, new_list), True
    check_key(key)
    file_digest = digest_file(file)
    stored, is_new = IdempotencyKey.objects.select_related("upload").get_or_create(
        user=user, key=key, defaults={"file_digest": file_digest}
    )
    if not is_new:
        return find_existing(stored, file_digest), False
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
        raise BadInput(KEY_HEADER, f"{KEY_HEADER} must have at most {MAX_KEY_LENGTH} characters and no NUL character.")


def digest_file(file: File) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def find_existing(stored: IdempotencyKey, file_digest: str) -> Upload:
    """Return the upload that was created with a key.

    Raise BadInput if the key was used with a different file, or Conflict if the earlier call has not finished.
    """
    if stored.file_digest != file_digest:
        raise BadInput(KEY_HEADER, f"{KEY_HEADER} was already used with a different file. Use a new key for each list.")
    if stored.upload is None:
        raise Conflict(
            "An earlier call with this key has not finished. Try again in a moment. If this error persists, that call "
            "was interrupted. Look for its list at /uploads; if it is not there, send the list with a new key."
        )
    return stored.upload


def create_draft(user: User, file: File, new_list: NewList) -> Upload:
    """Return a draft with the given columns, and guesses for the others. Do not check or start it."""
    given = GivenSettings(**new_list.settings())
    details = {
        "name": new_list.name,
        "priority": Priority[new_list.priority.name],
        "source": new_list.source,
        "with_hidden": new_list.with_hidden,
        "refreshes_stale": new_list.refresh_stale,
    }
    try:
        with refusals_as_bad_input():
            upload, settings = list_options.receive(file, user, given, **details)
    except UnreadableFile as problem:
        raise BadInput("file", str(problem)) from None
    save_settings(upload, settings, given)
    return upload


@contextmanager
def refusals_as_bad_input() -> Iterator[None]:
    """Turn InvalidOption into BadInput, which names the setting as callers do."""
    try:
        yield
    except InvalidOption as problem:
        raise BadInput(PUBLIC_NAMES.get(problem.setting, problem.setting), str(problem)) from None


def save_settings(upload: Upload, settings: TraceSettings, given: GivenSettings) -> None:
    """Save the settings of a draft. Columns that the caller gave are no longer uncertain."""
    certain = given.fields | find_settled(upload.mapping, settings.mapping)
    settings.apply_to(upload)
    upload.uncertain = {name: reason for name, reason in upload.uncertain.items() if name not in certain}
    upload.save(update_fields=["uncertain", *SETTING_NAMES])
