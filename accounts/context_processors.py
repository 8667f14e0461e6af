"""Values that every page needs."""

from django.http import HttpRequest

from accounts import themes


def theme(request: HttpRequest) -> dict[str, str]:
    """Return the reader's theme: `light`, `dark`, or empty for that of the system."""
    return {"theme": themes.find(request).value}
