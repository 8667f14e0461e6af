"""Settings of a list as text, from the command line or the API: columns, fixed values and options.

Settings that are not given stay as they were read from the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.core.files.base import File

from batches.intake import uploads
from batches.intake.trace_settings import MAX_LOOK_BACK_DAYS, OPTION_NAMES, TraceSettings
from batches.mapping.fields import FIXABLE, FULL_NAME, LABELS, MAPPABLE, NAME_PARTS
from batches.models import Upload
from batches.vendor.protocol import MATCH_REQUIREMENTS


class InvalidOption(Exception):
    """A list cannot be traced with the given settings. The text says why; `setting` names the invalid one, if any."""

    def __init__(self, text: str, setting: str = "") -> None:
        super().__init__(text)
        self.setting = setting


@dataclass(frozen=True)
class GivenSettings:
    """The given settings of a list. None or empty: not given."""

    mapping: Sequence[str] = ()
    """FIELD=COLUMN each. COLUMN is a name or a number from 1; A+B joins columns, and FIELD= means none."""
    constants: Sequence[str] = ()
    """FIELD=VALUE each. FIELD= drops the value."""
    match_requirements: Sequence[str] = ()
    name_order: str | None = None
    companies: str | None = None
    co_owners: bool | None = None
    look_back: int | None = None
    accept_guesses: bool = False
    """Whether uncertain guesses of columns, which the screen would ask about, are accepted."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Setting → the caller's name for it, if that differs."""

    @property
    def fields(self) -> set[str]:
        """The fields of a person with a given column or value."""
        return name_fields([*self.mapping, *self.constants])

    @property
    def options(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in OPTION_NAMES}
        return {name: value for name, value in values.items() if value not in (None, (), [])}

    def error(self, setting: str, text: str) -> InvalidOption:
        """Return an error whose text begins with the setting's label."""
        return InvalidOption(self.labels.get(setting, setting) + text, setting)


def name_fields(texts: Sequence[str]) -> set[str]:
    return {text.partition("=")[0] for text in texts}


def validate_options(given: GivenSettings) -> None:
    """Check what does not depend on the columns of the file. Raises InvalidOption."""
    if unknown := set(given.match_requirements) - set(MATCH_REQUIREMENTS):
        names, allowed = ", ".join(sorted(unknown)), " or ".join(MATCH_REQUIREMENTS)
        raise given.error("match_requirements", f": {names} is not allowed. Use {allowed}.")
    if given.look_back is not None and not 0 <= given.look_back <= MAX_LOOK_BACK_DAYS:
        raise given.error("look_back", f": use a number of days from 0 to {MAX_LOOK_BACK_DAYS}.")
    if unknown := name_fields(given.constants) - set(FIXABLE):
        names = ", ".join(sorted(unknown))
        raise given.error("constants", f": {names} cannot have a fixed value. Use one of {', '.join(FIXABLE)}.")


def receive(file: File, user: User | None, given: GivenSettings, **details: Any) -> tuple[Upload, TraceSettings]:
    """Save a file as a draft, and return it with its settings, not yet applied. `details` as in uploads.receive.

    Raises UnreadableFile and InvalidOption, and then leaves no draft.
    """
    validate_options(given)
    upload = uploads.receive(file, user, **details)
    try:
        return upload, read_settings(upload, given)
    except InvalidOption:
        uploads.discard(upload)
        raise


def read_settings(upload: Upload, given: GivenSettings) -> TraceSettings:
    """Return the settings of an upload, replaced by the given ones. Raises InvalidOption."""
    validate_options(given)
    constants = upload.constants | dict(text.partition("=")[::2] for text in given.constants)
    return TraceSettings.from_upload(
        upload,
        mapping=read_mapping(upload, given),
        constants={name: value for name, value in constants.items() if value},
        **given.options,
    )


def read_complete_settings(upload: Upload, given: GivenSettings) -> TraceSettings:
    """Return the settings as read_settings does. Raises InvalidOption also if no row could be traced with them."""
    settings = read_settings(upload, given)
    validate_complete(settings)
    validate_certain(upload, settings, given)
    return settings


def validate_complete(settings: TraceSettings) -> None:
    """Check that rows can be traced with these settings. Raises InvalidOption."""
    if settings.gaps:
        raise InvalidOption(" ".join(settings.gaps), "mapping")


def validate_certain(upload: Upload, settings: TraceSettings, given: GivenSettings) -> None:
    """Check that every uncertain guess of a column was replaced or accepted. Raises InvalidOption."""
    known = given.fields | set(settings.constants)
    guessed = [name for name in upload.uncertain if name in settings.mapping and name not in known]
    if guessed and not given.accept_guesses:
        asked = " ".join(
            f"{LABELS[name]} ({' + '.join(upload.columns[place] for place in settings.mapping[name])}): "
            f"{upload.uncertain[name]}"
            for name in guessed
        )
        flag = given.labels.get("accept_guesses", "accept_guesses")
        raise InvalidOption(
            f"These columns are uncertain. {asked} Specify them, or accept the guesses with {flag}.", "mapping"
        )


def read_mapping(upload: Upload, given: GivenSettings) -> dict[str, list[int]]:
    """Return the upload's mapping, changed by the given columns, as field → positions. Raises InvalidOption."""
    mapping, given_fields = dict(upload.mapping), name_fields(given.mapping)
    if FULL_NAME in given_fields and not NAME_PARTS & given_fields:
        mapping = {field: positions for field, positions in mapping.items() if field not in NAME_PARTS}
    for text in given.mapping:
        field, _, column = text.partition("=")
        if field not in MAPPABLE:
            raise given.error("mapping", f": there is no field “{field}”. Use one of {', '.join(MAPPABLE)}.")
        mapping.pop(field, None)
        if column:
            mapping[field] = find_columns(upload, column, given)
    return mapping


def find_columns(upload: Upload, text: str, given: GivenSettings) -> list[int]:
    """Return the positions of columns, given by name or by number from 1, and joined by +."""
    if text in upload.columns:
        return [upload.columns.index(text)]
    if text.isdecimal() and 1 <= int(text) <= len(upload.columns):
        return [int(text) - 1]
    if "+" in text:
        return [position for part in text.split("+") for position in find_columns(upload, part.strip(), given)]
    raise given.error("mapping", f": there is no column “{text}”. The file has {', '.join(upload.columns)}.")
