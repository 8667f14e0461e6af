"""What a list is traced with: what its columns say, and who in it is asked for how."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

from batches.mapping.fields import find_gaps
from batches.models import MappingTemplate, Upload

LONGEST_LOOK_BACK = 3650
"""Days: the most that an earlier answer may count for."""


@dataclass(frozen=True)
class TraceSettings:
    """The settings of a list. They are called what the upload's fields are called."""

    mapping: dict[str, list[int]]
    """Field → positions of its columns, joined in that order."""
    fixed: dict[str, str]
    """Field → value that is the same for every row."""
    match: list[str]
    """What a match must bring: phones, emails. Empty: phones."""
    name_order: str
    companies: str
    co_owners: bool
    look_back: int
    """Days for which an earlier answer counts. 0: never."""

    @classmethod
    def from_upload(cls, upload: Upload, **changes: Any) -> Self:
        """Return the settings of an upload, with `changes` made to them."""
        return cls(**{name: getattr(upload, name) for name in NAMES} | changes)

    def with_template(self, template: MappingTemplate, mapping: dict[str, list[int]]) -> Self:
        """Return these settings as a template has them, with the columns that it has found in a file."""
        options = {name: template.options[name] for name in OPTION_NAMES if name in template.options}
        return replace(self, mapping=mapping, fixed=template.fixed, **options)

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in NAMES}

    @property
    def options(self) -> dict[str, Any]:
        """Everything but the columns and fixed values, as templates keep it."""
        return {name: getattr(self, name) for name in OPTION_NAMES}

    @property
    def gaps(self) -> list[str]:
        """What the columns and fixed values lack before any row can be traced, one sentence each."""
        return find_gaps([*self.mapping, *self.fixed])

    def apply_to(self, upload: Upload) -> None:
        """Set these on an upload without saving it."""
        for name, value in self.as_dict().items():
            setattr(upload, name, value)


NAMES = [field.name for field in fields(TraceSettings)]
OPTION_NAMES = [name for name in NAMES if name not in ("mapping", "fixed")]
