"""Normalise the phone and the email address of a row. Pure."""

import re

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from batches.intake.checked_row import shorten
from batches.people import cells

MAX_LOCAL_PART_LENGTH = 64
"""Maximum length of the part before the @ of an email address (RFC 5321)."""
WITHOUT_PHONE_MARKS = str.maketrans("", "", " ().-\xa0")
PLAIN_PHONE = re.compile(r"[2-9]\d\d[2-9]\d{6}")
"""Ten digits of the North American numbering plan, which need no further check."""
ANY_PHONE = re.compile(r"(?<!\d)(?:\+?0{0,2}1[\s.-]*)?\(?\s*([2-9]\d{2})\s*\)?[\s./-]*([2-9]\d{2})[\s.-]*(\d{4})(?!\d)")
"""A phone number within other text, such as a label or a second number."""
ODD_SEPARATORS = re.compile(r"(?<=\d)\s?[_~*\N{BULLET}\N{MIDDLE DOT}]\s?(?=\d)")
"""Signs that separate the parts of a phone number in few lists."""
FOREIGN_PHONE = re.compile(r"\s*(?:\+|00)\s?(?!1)[1-9](?:[\s().-]*\d){10,}\s*$")
"""A number with the code of another country: `+63 917 555 0100`. Ten digits after the plus sign are a US number."""
FILLER_PHONE = re.compile(r"(\d)\1{6,}|1?234567\d*")
"""A placeholder for a phone: 9999999999, 5555555555, 2345678901."""
PLAIN_EMAIL = re.compile(
    r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}", re.ASCII
)
"""An address that needs no further check: about half of what is allowed, and nearly all real addresses."""
EMAIL_IN_TEXT = re.compile(r"[^\s<>,;:'\"()\[\]/|]+(?:'[^\s<>,;:'\"()\[\]/|]+)*@[^\s<>,;:'\"()\[\]/|]+")
"""An address within other text, such as a name or a second address. Its first part may have an apostrophe."""
FILLER_EMAIL = re.compile(
    r"(?:none|no|na|n/a|null|noemail|nomail|unknown)@.*|.*@(?:none|na|noemail|nomail|null)\.\w+", re.IGNORECASE
)
"""A placeholder for an email: none@example.com, ada@noemail.com."""


def normalise_phone(text: str) -> str:
    """Return the ten digits of the first US phone number in a cell, without label and extension.

    Raise ValueError if there is none.
    """
    if not (PLAIN_PHONE.fullmatch(digits := text.translate(WITHOUT_PHONE_MARKS)) and digits.isascii()):
        digits = find_phone(cells.normalise_dashes(text))
    if len(digits) != 10 or FILLER_PHONE.fullmatch(digits) or FILLER_PHONE.fullmatch(digits[3:]):
        raise ValueError(f"“{shorten(text)}” is not a US phone number: give ten digits")
    return digits


def find_phone(text: str) -> str:
    """Return the digits of the first US phone number in a cell. Return "" if there is none."""
    try:
        text = cells.write_out_exponent(re.sub(r"\.0$", "", text))
    except ValueError:
        return ""
    if FOREIGN_PHONE.match(text):
        return ""
    text = ODD_SEPARATORS.sub("-", text)
    for found in ANY_PHONE.finditer(text):
        digits = "".join(found.groups())
        if not FILLER_PHONE.fullmatch(digits[3:]):
            return digits
    try:
        number = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException:
        return ""
    return str(number.national_number) if number.country_code == 1 else ""


def normalise_email(text: str) -> str:
    """Return the first email address in a cell. Raise ValueError if there is none.

    This is stricter than Django's check: the vendor could refuse a whole batch for an address whose host has no dot.
    """
    if not (PLAIN_EMAIL.fullmatch(text) and len(text) < MAX_LOCAL_PART_LENGTH):
        found = EMAIL_IN_TEXT.search(text)
        rest = text.replace(found[0], "", 1).strip() if found else ""
        email = found[0].rstrip(".") if found and (not rest or re.search(r"[<>,;:'\"()@]", rest)) else text
        try:
            validate_email(email)
        except ValidationError:
            is_email = False
        else:
            is_email = bool(email.isascii() and re.fullmatch(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}", email))
        if not is_email:
            raise ValueError(f"“{shorten(text)}” is not an email address")
        text = email
    if FILLER_EMAIL.fullmatch(text):
        raise ValueError(f"“{shorten(text)}” is not an email address")
    return text
