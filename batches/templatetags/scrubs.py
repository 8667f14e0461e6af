"""Sentences about scrub files."""

from django import template

from batches.models import ScrubSource
from batches.nouns import noun_for

register = template.Library()


@register.filter
def skipped_lines(source: ScrubSource) -> str:
    """Return which lines of a file have no phone number, such as `Lines 3, 7 and 9 were skipped.`."""
    count = source.unreadable_count
    shown = [f"{position:,}" for position in source.unreadable]
    if others := count - len(shown):
        shown.append(f"{others:,} {noun_for(others, 'other')}")
    places = " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))
    return f"{noun_for(count, 'Line')} {places} {noun_for(count, 'was,were')} skipped."
