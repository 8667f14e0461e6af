"""Time zones to choose from."""

from functools import cache
from itertools import groupby
from zoneinfo import available_timezones

NOT_AREAS = {"Etc", "SystemV", "posix", "right"}
"""First parts of names that are not places."""


@cache
def list_zones() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the choices of a select: areas, each with its zones as (zone, label). Only places are included."""
    zones = sorted(zone for zone in available_timezones() if "/" in zone and find_area(zone) not in NOT_AREAS)
    areas = [(area, [(zone, label(zone)) for zone in in_area]) for area, in_area in groupby(zones, find_area)]
    return [*areas, ("Everywhere", [("UTC", "UTC")])]


def find_area(zone: str) -> str:
    return zone.partition("/")[0]


def label(zone: str) -> str:
    """Return the name of a zone in its area: `America/Argentina/Buenos_Aires` → `Argentina, Buenos Aires`."""
    return zone.partition("/")[2].replace("/", ", ").replace("_", " ")
