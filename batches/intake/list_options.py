"""Read a list's settings that are given as text, on the command line or in the API.

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
    """The given settings do not allow a list to be traced. The message says why.

    `setting` is the invalid setting, if there is one.
    """

    def __init__(self, text: str, setting: str = "") -> None:
        super().__init__(text)
        self.setting = setting


@dataclass(frozen=True)
class GivenSettings:
    """The settings that are given for a list. One that is None or empty was not given."""

    mapping: Sequence[str] = ()
    """Strings of the form FIELD=COLUMN. COLUMN is a name or a number from 1; A+B joins columns.

    FIELD= means no column.
    """
    constants: Sequence[str] = ()
    """Strings of the form FIELD=VALUE. FIELD= removes the field's value."""
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
        """The fields for which a column or a value is given."""
        return read_fields([*self.mapping, *self.constants])

    @property
    def options(self) -> dict[str, Any]:
        """The settings that are given, other than columns and fixed values."""
        values = {name: getattr(self, name) for name in OPTION_NAMES}
        return {name: value for name, value in values.items() if value not in (None, (), [])}

    def error(self, setting: str, text: str) -> InvalidOption:
        """Return an error whose message begins with the setting's label."""
        return InvalidOption(self.labels.get(setting, setting) + text, setting)


def read_fields(texts: Sequence[str]) -> set[str]:
    """Return the FIELD of each string FIELD=…."""
    return {text.partition("=")[0] for text in texts}


def validate_options(given: GivenSettings) -> None:
    """Check the settings that do not depend on the file's columns. Raise InvalidOption if one is invalid."""
    if unknown := set(given.match_requirements) - set(MATCH_REQUIREMENTS):
        names, allowed = ", ".join(sorted(unknown)), " or ".join(MATCH_REQUIREMENTS)
        raise given.error("match_requirements", f": {names} is not allowed. Use {allowed}.")
    if given.look_back is not None and not 0 <= given.look_back <= MAX_LOOK_BACK_DAYS:
        raise given.error("look_back", f": use a number of days from 0 to {MAX_LOOK_BACK_DAYS}.")
    if unknown := read_fields(given.constants) - set(FIXABLE):
        names = ", ".join(sorted(unknown))
        raise given.error("constants", f": {names} cannot have a fixed value. Use one of {', '.join(FIXABLE)}.")


def receive(file: File, user: User | None, given: GivenSettings, **details: Any) -> tuple[Upload, TraceSettings]:
    """Save a file as a draft. Return it with its settings, which are not applied yet.

    `details` are those of `uploads.receive`. Raise UnreadableFile or InvalidOption, and leave no draft, if the file or
    a setting is refused.
    """
    validate_options(given)
    upload = uploads.receive(file, user, **details)
    try:
        return upload, read_settings(upload, given)
    except InvalidOption:
        uploads.discard(upload)
        raise


def read_settings(upload: Upload, given: GivenSettings) -> TraceSettings:
    """Return an upload's settings, with the given ones in place of its own. Raise InvalidOption if one is invalid."""
    validate_options(given)
    constants = upload.constants | dict(text.partition("=")[::2] for text in given.constants)
    return TraceSettings.from_upload(
        upload,
        mapping=read_mapping(upload, given),
        constants={name: value for name, value in constants.items() if value},
        **given.options,
    )


def read_complete_settings(upload: Upload, given: GivenSettings) -> TraceSettings:
    """Return the same as read_settings, but also raise InvalidOption if no list can be traced with these settings."""
    settings = read_settings(upload, given)
    validate_complete(settings)
    validate_certain(upload, settings, given)
    return settings


def validate_complete(settings: TraceSettings) -> None:
    """Raise InvalidOption if no rows can be traced with these settings."""
    if settings.gaps:
        raise InvalidOption(" ".join(settings.gaps), "mapping")


def validate_certain(upload: Upload, settings: TraceSettings, given: GivenSettings) -> None:
    """Raise InvalidOption if an uncertain guess of a column was neither replaced nor accepted."""
    known = given.fields | set(settings.constants)
    guessed = [name for name in upload.uncertain if name in settings.mapping and name not in known]
    if guessed and not given.accept_guesses:
        doubts = " ".join(format_doubt(upload, settings, name) for name in guessed)
        flag = given.labels.get("accept_guesses", "accept_guesses")
        raise InvalidOption(
            f"These columns are uncertain. {doubts} Specify them, or accept the guesses with {flag}.", "mapping"
        )


def format_doubt(upload: Upload, settings: TraceSettings, name: str) -> str:
    """Return a field's label and guessed columns, and why they are uncertain."""
    columns = " + ".join(upload.columns[position] for position in settings.mapping[name])
    return f"{LABELS[name]} ({columns}): {upload.uncertain[name]}"


def read_mapping(upload: Upload, given: GivenSettings) -> dict[str, list[int]]:
    """Return the upload's mapping, changed by the given columns. Raise InvalidOption if a column does not exist."""
    mapping, given_fields = dict(upload.mapping), read_fields(given.mapping)
    if FULL_NAME in given_fields and not NAME_PARTS & given_fields:
        # A full name is read only if no column holds a first or last name.
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
    """Return the positions of the columns that `text` names: a name, a number from 1, or several joined by +."""
    if text in upload.columns:
        return [upload.columns.index(text)]
    if text.isdecimal() and 1 <= int(text) <= len(upload.columns):
        return [int(text) - 1]
    if "+" in text:
        return [position for part in text.split("+") for position in find_columns(upload, part.strip(), given)]
    raise given.error("mapping", f": there is no column “{text}”. The file has {', '.join(upload.columns)}.")
