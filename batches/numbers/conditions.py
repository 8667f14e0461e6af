"""Filter people by the standing that their numbers have now, in the database.

The rule is that of `people/standing.py`, for the difference between numbers that may be called, with or without a
check, and those that must not be. Each number in a person's digest is looked up among the facts, so nothing has to be
stored again when a standing changes.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q
from django.db.models.sql.compiler import SQLCompiler

from batches.models import Suppression
from batches.people.contacts import MOBILE
from batches.people.standing import ASKED_NO_CALLS, LINE_DEAD, RIGHT_PERSON, WRONG_PERSON
from batches.statuses import SuppressionKind

HAS_PHONE = """EXISTS (
  SELECT 1 FROM {phones} phone
  LEFT JOIN batches_phonenumber number ON number.digits = {digits}
  WHERE {conditions}
)"""
IS_MOBILE = "{type} = '{mobile}'"
IS_RECENT = "{last_seen} >= '{first_month}'"
MUST_NOT_BE_CALLED = """(
  COALESCE(number.flag, {flag}) IS TRUE OR COALESCE(number.is_connected, {is_connected}) IS FALSE
  OR COALESCE(number.listed, '') > '' OR COALESCE(number.scrubs, '') > ''
  OR COALESCE(number.has_calls, FALSE) AND EXISTS (
    SELECT 1 FROM {calls} call WHERE {outcome} = '{asked_no_calls}' OR (
      {outcome} = '{wrong_person}' AND {person} = {fingerprint} OR {outcome} = '{line_dead}'
        AND (number.connected_at IS NULL OR {called_on} >= CAST(number.connected_at AS text))
    ) AND NOT EXISTS (
      SELECT 1 FROM {calls} later WHERE {later_outcome} = '{right_person}'
        AND {later_person} = {person} AND {later_called_on} > {called_on}
    )
  )
)"""
CODES = {
    "mobile": MOBILE,
    "asked_no_calls": ASKED_NO_CALLS,
    "wrong_person": WRONG_PERSON,
    "line_dead": LINE_DEAD,
    "right_person": RIGHT_PERSON,
}
PARTS = {
    "postgresql": {
        "phones": "jsonb_array_elements(CAST(NULLIF({found}, '') AS jsonb) -> 1)",
        "digits": r"CAST(NULLIF(right(regexp_replace(phone.value ->> 0, '\D', '', 'g'), 10), '') AS bigint)",
        "type": "phone.value ->> 1",
        "flag": "CAST(phone.value ->> 2 AS boolean)",
        "last_seen": "phone.value ->> 4",
        "is_connected": "CAST(phone.value ->> 5 AS boolean)",
        "calls": "jsonb_array_elements(number.calls)",
        "outcome": "call.value ->> 0",
        "called_on": "call.value ->> 1",
        "person": "call.value ->> 3",
        "later_outcome": "later.value ->> 0",
        "later_called_on": "later.value ->> 1",
        "later_person": "later.value ->> 3",
    },
    "sqlite": {
        "phones": "json_each(NULLIF({found}, ''), '$[1]')",
        "digits": (
            "CAST(substr(replace(replace(replace(replace(replace(replace(json_extract(phone.value, '$[0]'), "
            "'(', ''), ')', ''), '-', ''), '.', ''), '+', ''), ' ', ''), -10) AS integer)"
        ),
        "type": "json_extract(phone.value, '$[1]')",
        "flag": "json_extract(phone.value, '$[2]')",
        "last_seen": "json_extract(phone.value, '$[4]')",
        "is_connected": "json_extract(phone.value, '$[5]')",
        "calls": "json_each(number.calls)",
        "outcome": "json_extract(call.value, '$[0]')",
        "called_on": "json_extract(call.value, '$[1]')",
        "person": "json_extract(call.value, '$[3]')",
        "later_outcome": "json_extract(later.value, '$[0]')",
        "later_called_on": "json_extract(later.value, '$[1]')",
        "later_person": "json_extract(later.value, '$[3]')",
    },
}
"""Database → how it reads the phones of a digest (`people/contacts.py`), and the calls to a number."""


class HasPhone(Func):
    """Whether the digest of an item has a phone for which all of these conditions hold."""

    output_field = BooleanField()

    def __init__(self, *conditions: str, **values: str) -> None:
        super().__init__(F("digest__found"), F("fingerprint"))
        self.conditions, self.values = conditions, values

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: Any, **kwargs: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        (found, _), (fingerprint, _) = (compiler.compile(column) for column in self.get_source_expressions())
        parts = PARTS[connection.vendor] | CODES | self.values | {"fingerprint": fingerprint}
        parts["phones"] = parts["phones"].format(found=found)
        conditions = " AND ".join(self.conditions) or "TRUE"
        return HAS_PHONE.format(**parts, conditions=conditions.format(**parts)), ()


def has_phone(*, callable: bool | None = None, mobile: bool = False, first_month: str = "") -> Q:
    """Return the condition for items with a phone that may, or must not, be called now; None: either.

    `first_month`, such as `2025-11`, is the first one in which the phone may have been seen last.
    """
    conditions = [IS_MOBILE] if mobile else []
    if first_month:
        conditions.append(IS_RECENT)
    if callable is None:
        return Q(HasPhone(*conditions, first_month=first_month))
    listed = Suppression.objects.blocking_contact().filter(kind=SuppressionKind.PERSON, key=OuterRef("fingerprint"))
    is_listed = ~Q(fingerprint="") & Q(Exists(listed))
    if callable:
        return ~is_listed & Q(HasPhone(*conditions, f"NOT {MUST_NOT_BE_CALLED}", first_month=first_month))
    anyway = Q(HasPhone(*conditions, MUST_NOT_BE_CALLED, first_month=first_month))
    return anyway | is_listed & Q(HasPhone(*conditions, first_month=first_month))
