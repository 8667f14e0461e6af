"""Time zones to choose from."""

from functools import cache
from itertools import groupby
from zoneinfo import available_timezones

TECHNICAL = {"Etc", "SystemV", "posix", "right"}


@cache
def list_zones():
    """Choices for a select: areas, each with its zones, as (zone, label). Zones that name no place are left out."""
    zones = sorted(zone for zone in available_timezones() if "/" in zone and find_area(zone) not in TECHNICAL)
    areas = [(area, [(zone, label(zone)) for zone in those]) for area, those in groupby(zones, find_area)]
    return [*areas, ("Everywhere", [("UTC", "UTC")])]


def find_area(zone):
    return zone.partition("/")[0]


def label(zone):
    """`America/Argentina/Buenos_Aires` → `Argentina, Buenos Aires`."""
    return zone.partition("/")[2].replace("/", ", ").replace("_", " ")
