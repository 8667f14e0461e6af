"""The search for people, lists, pages and actions: suggestions while the user types, and a page of its own."""

from django.http import HttpResponse
from django.shortcuts import render

from accounts.models import AuditKind
from batches.people_audit import record_people
from batches.reports.suggestions import suggest
from batches.user_request import UserRequest


def search(request: UserRequest) -> HttpResponse:
    """Show what the user may be looking for. If htmx sent the request, show the suggestions alone."""
    text = request.GET.get("q", "").strip()
    groups, people = suggest(text, request.user)
    if text:
        # Those whom the user opened before are in the log already.
        record_people(AuditKind.SEARCHED, request.user, people)
    context = {"text": text, "groups": groups, "count": sum(len(group.suggestions) for group in groups)}
    return render(request, "search/_results.html" if request.htmx else "search/page.html", context)
