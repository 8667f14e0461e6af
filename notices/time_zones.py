"""List the time zones that users can choose from."""

from functools import cache
from itertools import groupby
from zoneinfo import available_timezones

NOT_AREAS = {"Etc", "SystemV", "posix", "right"}
"""First parts of the names of zones that are not places."""


@cache
def list_zones() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the choices of a select: areas, each with its zones as (zone, label). All zones but UTC are places."""
    zones = sorted(zone for zone in available_timezones() if "/" in zone and find_area(zone) not in NOT_AREAS)
    areas = []
    for area, zones_of_area in groupby(zones, find_area):
        areas.append((area, [(zone, label_zone(zone)) for zone in zones_of_area]))
    return [*areas, ("Everywhere", [("UTC", "UTC")])]


def find_area(zone: str) -> str:
    return zone.partition("/")[0]


def label_zone(zone: str) -> str:
    """Return the name of a zone in its area: `America/Argentina/Buenos_Aires` → `Argentina, Buenos Aires`."""
    return zone.partition("/")[2].replace("/", ", ").replace("_", " ")
