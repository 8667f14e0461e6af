"""Choose between the singular and the plural of a noun. Pure."""

from decimal import Decimal


def noun_for(number: int | Decimal, noun: str) -> str:
    """Return the form of a noun that goes with a number: `row` for 1, `rows` otherwise.

    `noun` is the singular, or the singular and an irregular plural separated by a comma: `person,people`.
    """
    singular, _, plural = noun.partition(",")
    return singular if number == 1 else plural or f"{singular}s"
