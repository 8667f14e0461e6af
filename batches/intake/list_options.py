"""Settings of a list as text, given over the shell or the API: its columns, what is the same for all rows, options.

Whatever is not given stays as it was read from the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.core.files.base import File

from batches.intake import uploads
from batches.intake.trace_settings import LONGEST_LOOK_BACK, OPTION_NAMES, TraceSettings
from batches.mapping.fields import FIXABLE, FULL_NAME, MAPPABLE, NAME_PARTS
from batches.models import Upload
from batches.vendor.protocol import REQUIREMENTS


class Refused(Exception):
    """A list cannot be traced as given. The text says why; `setting` is the one that is wrong, if it is one."""

    def __init__(self, text: str, setting: str = ""):
        super().__init__(text)
        self.setting = setting


@dataclass(frozen=True)
class GivenSettings:
    """What somebody gave of a list's settings. None or empty: not given."""

    mapping: Sequence[str] = ()
    """FIELD=COLUMN each. A column is named, or numbered from 1; A+B joins columns, and FIELD= means none."""
    fixed: Sequence[str] = ()
    """FIELD=VALUE each. FIELD= drops the value."""
    match: Sequence[str] = ()
    name_order: str | None = None
    companies: str | None = None
    co_owners: bool | None = None
    look_back: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    """Setting → what whoever gave it calls it, if that is another name."""

    @property
    def fields(self) -> set[str]:
        """The fields of a person for which a column or a value was given."""
        return name_fields([*self.mapping, *self.fixed])

    @property
    def options(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in OPTION_NAMES}
        return {name: value for name, value in values.items() if value not in (None, (), [])}

    def refuse(self, setting: str, text: str) -> Refused:
        """Return an error whose text begins with the setting's label."""
        return Refused(self.labels.get(setting, setting) + text, setting)


def name_fields(texts: Sequence[str]) -> set[str]:
    return {text.partition("=")[0] for text in texts}


def refuse_invalid(given: GivenSettings) -> None:
    """Raise Refused for whatever is wrong whichever columns the file has."""
    if unknown := set(given.match) - set(REQUIREMENTS):
        raise given.refuse("match", f" takes {' and '.join(REQUIREMENTS)}, not {', '.join(unknown)}.")
    if given.look_back is not None and not 0 <= given.look_back <= LONGEST_LOOK_BACK:
        raise given.refuse("look_back", f" takes days from 0 to {LONGEST_LOOK_BACK}.")
    if unknown := name_fields(given.fixed) - set(FIXABLE):
        names = ", ".join(unknown)
        raise given.refuse("fixed", f": {names} cannot be the same for all rows; {', '.join(FIXABLE)} can.")


def receive(file: File, user: User | None, given: GivenSettings, **details: Any) -> tuple[Upload, TraceSettings]:
    """Keep a file as a draft, and return it with the settings that it is to have. `details` as in uploads.receive.

    Raises UnreadableFile and Refused; no draft is left then.
    """
    refuse_invalid(given)
    upload = uploads.receive(file, user, **details)
    try:
        return upload, read_settings(upload, given)
    except Refused:
        uploads.discard(upload)
        raise


def read_settings(upload: Upload, given: GivenSettings) -> TraceSettings:
    """Return the settings of an upload with those given in their places. Raises Refused."""
    refuse_invalid(given)
    fixed = upload.fixed | dict(text.partition("=")[::2] for text in given.fixed)
    return TraceSettings.from_upload(
        upload,
        mapping=read_mapping(upload, given),
        fixed={name: value for name, value in fixed.items() if value},
        **given.options,
    )


def read_complete_settings(upload: Upload, given: GivenSettings) -> TraceSettings:
    """Return the same. Raises Refused also if no row could be traced with them."""
    settings = read_settings(upload, given)
    refuse_gaps(settings)
    return settings


def refuse_gaps(settings: TraceSettings) -> None:
    """Raise Refused if no row can be traced with these settings."""
    if settings.gaps:
        raise Refused(" ".join(settings.gaps), "mapping")


def read_mapping(upload: Upload, given: GivenSettings) -> dict[str, list[int]]:
    """Return the upload's mapping with the given columns in their places, as field → positions. Raises Refused."""
    mapping, given_fields = dict(upload.mapping), name_fields(given.mapping)
    if FULL_NAME in given_fields:
        mapping = {field: positions for field, positions in mapping.items() if field not in NAME_PARTS}
    for text in given.mapping:
        field, _, column = text.partition("=")
        if field not in MAPPABLE:
            raise given.refuse("mapping", f": there is no field {field!r}; there are {', '.join(MAPPABLE)}.")
        mapping.pop(field, None)
        if column:
            mapping[field] = find_columns(upload, column, given)
    if FULL_NAME in mapping and NAME_PARTS & set(mapping):
        if FULL_NAME in given_fields:
            raise given.refuse("mapping", ": give either full_name or first_name and last_name.")
        del mapping[FULL_NAME]
    return mapping


def find_columns(upload: Upload, text: str, given: GivenSettings) -> list[int]:
    """Return the positions of columns that are named, or numbered from 1, with + between those that are joined."""
    if text in upload.columns:
        return [upload.columns.index(text)]
    if text.isdecimal() and 1 <= int(text) <= len(upload.columns):
        return [int(text) - 1]
    if "+" in text:
        return [position for part in text.split("+") for position in find_columns(upload, part.strip(), given)]
    raise given.refuse("mapping", f": there is no column {text!r}; there are {', '.join(upload.columns)}.")
