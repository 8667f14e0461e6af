"""Primary keys as addresses and forms carry them."""

from django.urls.converters import IntConverter


class KeyConverter(IntConverter):
    """A primary key below 2,000,000,000: items have 32-bit keys. Any other number is a 404."""

    regex = "[0-9]{1,9}|1[0-9]{9}"
