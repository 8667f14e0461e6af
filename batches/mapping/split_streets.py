"""Find the parts of a split street address that only their values show. Pure."""

from collections.abc import Collection, Mapping, Sequence

from batches.mapping.column_values import Values

ALIKE = 0.9
"""Least share of the values that must be of a kind."""
FARTHEST = 3
"""Most empty columns between a part and the next."""
TYPED = 0.5
"""Least share of the streets that must end with a street type."""


def find_parts(
    found: Mapping[str, int], unread: Collection[int], unnumbered: Collection[int], values: Sequence[Values]
) -> dict[str, int]:
    """Return part → column for the unread columns that are next to the parts of a street, and look like other parts.

    The columns `unnumbered` can look like house numbers or streets, but their names say that they are something else.
    """
    parts = dict(found)
    while True:
        free = set(unread) - set(parts.values())
        more = {
            part: position
            for position in find_beside(parts.values(), free, values)
            if (part := recognise_part(parts, position, values[position], position in unnumbered))
        }
        if not more:
            return {part: position for part, position in parts.items() if part not in found}
        part = next(iter(more))
        parts[part] = more[part]


def find_beside(joined: Collection[int], unread: Collection[int], values: Sequence[Values]) -> list[int]:
    """Return the unread columns between joined ones, and the next on both sides. Empty columns are passed over."""
    first, last = min(joined), max(joined)
    before, after = range(first - 1, max(first - 2 - FARTHEST, -1), -1), range(last + 1, len(values))[: FARTHEST + 1]
    nearest = [next((position for position in side if values[position].texts), None) for side in (before, after)]
    return [position for position in (*range(first, last), *nearest) if position in unread]


def recognise_part(parts: Mapping[str, int], position: int, values: Values, is_unnumbered: bool) -> str:
    """Return what a column is of a street, by its values and by what the street lacks, or an empty text."""
    if len(set(values.texts)) < 2:
        # A column of one letter is a flag.
        return ""

    def are(kind: str) -> bool:
        return (values.share(kind) or 0) >= ALIKE

    direction = "postdirection" if position > parts.get("street", position) else "predirection"
    if are("predirection"):
        return "" if direction in parts else direction
    if are("known_type"):
        return "" if "street_type" in parts or "street" not in parts else "street_type"
    if is_unnumbered:
        return ""
    if "house_number" not in parts and position < max(parts.values()) and are("house_number"):
        return "house_number"
    is_typed = "street_type" in parts or values.count("typed_street") >= TYPED
    return "street" if "street" not in parts and is_typed and are("street") and not are("state") else ""
