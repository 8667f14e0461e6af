"""The settings of a list: its column mapping, and how its people are traced."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

from batches.mapping.fields import find_gaps
from batches.models import MappingTemplate, Upload

MAX_LOOK_BACK_DAYS = 3650
"""Maximum number of days for which an earlier answer may be reused."""


@dataclass(frozen=True)
class TraceSettings:
    """The settings of a list, under the names of the upload's fields."""

    mapping: dict[str, list[int]]
    """Field → positions of its columns, joined in that order."""
    constants: dict[str, str]
    """Field → value that is the same for every row."""
    match_requirements: list[str]
    """What a match must include: phones, emails. If empty, phones."""
    name_order: str
    companies: str
    co_owners: bool
    look_back: int
    """Number of days for which an earlier answer is reused, or 0 if it never is."""

    @classmethod
    def from_upload(cls, upload: Upload, **changes: Any) -> Self:
        """Return the settings of an upload, with `changes` applied."""
        return cls(**{name: getattr(upload, name) for name in SETTING_NAMES} | changes)

    def with_template(self, template: MappingTemplate, mapping: dict[str, list[int]]) -> Self:
        """Return these settings with a template's options and fixed values, and with the mapping that it led to."""
        options = {name: template.options[name] for name in OPTION_NAMES if name in template.options}
        return replace(self, mapping=mapping, constants=template.constants, **options)

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in SETTING_NAMES}

    @property
    def options(self) -> dict[str, Any]:
        """All settings except the column mapping and the fixed values, as templates store them."""
        return {name: getattr(self, name) for name in OPTION_NAMES}

    @property
    def gaps(self) -> list[str]:
        """What must be added before any row can be traced, one sentence each."""
        return find_gaps([*self.mapping, *self.constants])

    def apply_to(self, upload: Upload) -> None:
        """Set these settings on an upload without saving it."""
        for name, value in self.as_dict().items():
            setattr(upload, name, value)


PUBLIC_NAMES = {"constants": "fixed", "match_requirements": "match"}
"""Setting → its name in the API, if that differs."""
SETTING_NAMES = [field.name for field in fields(TraceSettings)]
OPTION_NAMES = [name for name in SETTING_NAMES if name not in ("mapping", "constants")]
