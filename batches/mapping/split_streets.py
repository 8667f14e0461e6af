"""Find the parts of a split street address that are recognised only by their values. Pure."""

from collections.abc import Collection, Mapping, Sequence

from batches.mapping.column_values import Values

MIN_SHARE = 0.9
"""Minimum share of a column's values that must be of a kind."""
MAX_EMPTY_COLUMNS = 3
"""Maximum number of empty columns between two parts."""
MIN_TYPED_SHARE = 0.5
"""Minimum share of streets that end with a street type, if no other column has the types."""


def find_parts(
    found: Mapping[str, int], unread: Collection[int], not_personal: Collection[int], values: Sequence[Values]
) -> dict[str, int]:
    """Return part → column for unread columns that are beside the found parts of a street and look like other parts.

    The names of the columns `not_personal` say that they hold no house numbers or streets, even if they look like them.
    """
    parts = dict(found)
    while True:
        free = set(unread) - set(parts.values())
        recognised: dict[str, int] = {}
        for position in find_neighbours(parts.values(), free, values):
            if part := recognise_part(parts, position, values[position], position in not_personal):
                recognised[part] = position
        if not recognised:
            return {part: position for part, position in parts.items() if part not in found}
        # Add one part at a time, because it changes what the other columns can be.
        part, position = next(iter(recognised.items()))
        parts[part] = position


def find_neighbours(joined: Collection[int], unread: Collection[int], values: Sequence[Values]) -> list[int]:
    """Return the unread columns between the joined ones, and the next one with values on each side."""
    first, last = min(joined), max(joined)
    reach = MAX_EMPTY_COLUMNS + 1
    before = range(first - 1, max(first - 1 - reach, -1), -1)
    after = range(last + 1, min(last + 1 + reach, len(values)))
    nearest = [next((position for position in side if values[position].texts), None) for side in (before, after)]
    return [position for position in (*range(first, last), *nearest) if position in unread]


def recognise_part(parts: Mapping[str, int], position: int, values: Values, is_not_personal: bool) -> str:
    """Return which part of a street a column holds, by its values and the parts that are missing, or ""."""
    if len(set(values.texts)) < 2:
        # A column with a single value, such as a letter, is a flag.
        return ""

    def are(kind: str) -> bool:
        return values.are_mostly(kind, MIN_SHARE)

    direction = "postdirection" if position > parts.get("street", position) else "predirection"
    if are("predirection"):
        return "" if direction in parts else direction
    if are("known_type"):
        return "" if "street_type" in parts or "street" not in parts else "street_type"
    if is_not_personal:
        return ""
    if "house_number" not in parts and position < max(parts.values()) and are("house_number"):
        return "house_number"
    is_typed = "street_type" in parts or values.share_of_any("typed_street") >= MIN_TYPED_SHARE
    return "street" if "street" not in parts and is_typed and are("street") and not are("state") else ""
