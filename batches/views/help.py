"""The pages of the help: a guide for each kind of work, what the words mean, and the keys."""

from django.http import HttpResponse
from django.shortcuts import render

from batches.meanings import list_sections
from batches.user_request import UserRequest

GUIDES = {
    "clerk": "From a file to a running list",
    "lead": "Keep an eye on lists and money",
    "caller": "Find the number to call",
}
"""Last part of a guide's address → its title."""


def show_help(request: UserRequest) -> HttpResponse:
    return render(request, "help/page.html", {"guides": GUIDES.items()})


def show_guide(request: UserRequest, name: str) -> HttpResponse:
    return render(request, f"help/{name}.html", {"title": GUIDES[name], "guides": GUIDES.items()})


def show_words(request: UserRequest) -> HttpResponse:
    """Show what the words of the screens mean. Other pages lead to single words by their anchors."""
    return render(request, "help/words.html", {"sections": list_sections(), "guides": GUIDES.items()})
