"""Show a table of people, show one person in detail, and search people across all lists."""

from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from msgspec.structs import replace

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right, can, require
from batches.assignments import list_assignees, load_assignees
from batches.calls import list_calls, list_notes
from batches.database import plan_for_first_rows
from batches.exports import files
from batches.exports.presets import list_presets
from batches.intake.suppression import list_suppressed_contacts
from batches.mapping.fields import LABELS
from batches.models import Item, Upload
from batches.nouns import noun_for
from batches.numbers_to_call import FoundPerson, describe_entry, load_numbers
from batches.people.comparison import compare_person
from batches.people.contacts import Contact, OtherPerson
from batches.people.match_decision import describe_verdict
from batches.people.search_terms import read_search
from batches.people_audit import record_people
from batches.reports.reused import count_reused
from batches.results import digests, search
from batches.results.match_decisions import judge_matches, read_decision
from batches.sharing import find_shared
from batches.statuses import MatchCheck, OddCredits, Outcome
from batches.tables.column_choice import choose_columns
from batches.tables.columns import asked_fields
from batches.tables.filters import ItemFilter
from batches.tables.paging import MAX_COUNTED_ROWS, CappedPaginator
from batches.tables.saved_views import PEOPLE, list_tabs
from batches.tables.tables import FoundTable, PeopleTable, TickableItemTable
from batches.templatetags.numbers import count, number
from batches.user_request import UserRequest
from batches.vendor.answers import is_cached, read_contact
from batches.vendor.protocol import quote_credits
from batches.views.item_choice import MAX_TICKED
from batches.views.shortcuts import filtered_upload, indent_json, paginate

MAX_NEWEST = 50_000
"""Maximum number of people shown if no list is chosen."""
MAX_VIEW_QUERY = 4_000
"""Maximum length of the filters that a person's page receives from the table that the reader came from."""
PANEL_ID = "person-panel"
"""The element beside a table in which htmx shows a person."""
CONTACT_COLUMNS = ["phone", "call"]
"""Columns of the table of people that show contact details."""
MAX_APPEARANCES = 20
"""Maximum number of appearances in lists that a person's page shows, the latest first."""


def item_list(request: UserRequest) -> HttpResponse:
    """Show the people of one list or batch, or those whom a search finds. Otherwise, show those uploaded most recently.

    Sorting or filtering all people would take too long for a page: there may be ten million.
    """
    if request.GET.get("q"):
        # A search reveals what is known about a person, even if the table does not show it.
        require(request.user, Right.SEE_CONTACTS)
    filterset, upload = filter_people(request, request.GET)
    if request.GET.get("q"):
        # The table is not built yet, so the entry names the search and not those whom it finds.
        audit.record(AuditKind.SEARCHED, request.user, upload_id=upload.pk if upload else None, detail="in the table")
    table = TickableItemTable(filterset.qs, exclude=["upload"] if upload else [])
    table.view_query = request.GET.urlencode()
    sees_contacts = can(request.user, Right.SEE_CONTACTS)
    if not sees_contacts:
        table.exclude = [*table.exclude, *CONTACT_COLUMNS]
    choice = choose_columns(request, table)
    with plan_for(filterset):
        table = paginate(request, table, per_page=choice.rows)
        # Load the rows here, and not where the template first reads them.
        list(table.page.object_list)
    if sees_contacts and any(table.columns[name].visible for name in CONTACT_COLUMNS):
        show_numbers(request, table, AuditKind.SEEN)
    context: dict[str, Any] = {
        "filter": filterset,
        "table": table,
        "choice": choice,
        "upload": upload,
        "shared": find_shared(request.GET["shared"]) if request.GET.get("shared") else None,
        "counts": {"outcome": count_outcomes(upload)} if upload else {},
        "newest": None if filterset.is_bounded else MAX_NEWEST,
        "people_summary": summarise_people(table.paginator, bool(filterset.chosen)),
        "max_ticked": MAX_TICKED,
        "assignees": list_assignees(request.user) if sees_contacts else (),
    }
    if upload and not request.htmx:
        context["presets"] = list_presets(request.user)
    return render(request, "components/list_table.html" if request.htmx else "items/list.html", context)


def summarise_people(paginator: CappedPaginator, is_filtered: bool) -> str:
    """Return how many people a table has, and whether filters are the reason."""
    noun = noun_for(paginator.counted, "person,people")
    if not is_filtered:
        return f"{paginator.shown_count} {noun}."
    verb = "matches" if paginator.counted == 1 else "match"
    return f"{paginator.shown_count} {noun} {verb} your filters."


def filter_people(request: UserRequest, data: QueryDict) -> tuple[ItemFilter, Upload | None]:
    """Return the filters of a table of people, with the people in order, and the list that they are limited to."""
    filterset = ItemFilter(data, Item.objects.visible_to(request.user).for_tables(), request.user)
    if not filterset.is_bounded:
        filterset.queryset = filterset.queryset.newest(MAX_NEWEST)
    upload = filtered_upload(request, filterset)
    if upload:
        # An index has this order. If people were ordered by primary key, PostgreSQL might scan all earlier ones.
        filterset.queryset = filterset.queryset.order_by("upload_id", "row_number", "owner_number")
    return filterset, upload


def plan_for(filterset: ItemFilter) -> AbstractContextManager[None]:
    """Return the block in which the first people who match are read."""
    return plan_for_first_rows() if filterset.looks_up_numbers else nullcontext()


def show_numbers(request: UserRequest, table: PeopleTable, kind: AuditKind) -> None:
    """Load the numbers of the people on a table's page, and write to the audit log whose numbers are shown."""
    table.load_results()
    shown = [row.record for row in table.page.object_list if table.numbers[row.record.pk].phones]
    record_people(kind, request.user, [(item.upload_id, item.pk) for item in shown], "in the table")


def count_outcomes(upload: Upload) -> dict[str, int]:
    """Return outcome → how many people of a list have it. Reused answers count under their results as well."""
    outcomes = upload.items.order_by().values_list("outcome")
    people = Counter(dict(outcomes.annotate(people=Count("pk"))))
    reused = count_reused([upload])[upload.pk]
    people.update({Outcome.MATCHED.value: reused.matched, Outcome.NO_MATCH.value: reused.no_match})
    return people


def item_page(request: UserRequest, pk: int) -> HttpResponse:
    """Show the numbers of a person, who was asked for and who was found, the raw answer, and the other lists.

    The panel beside a table gets the parts that a caller needs.
    """
    visible = Item.objects.visible_to(request.user)
    item = get_object_or_404(visible.select_related("upload", "batch", "same_as__same_as"), pk=pk)
    require(request.user, Right.SEE_CONTACTS)
    record_people(AuditKind.SEEN, request.user, [(item.upload_id, item.pk)])
    answer_item = item.answer_item
    contact = read_contact(answer_item.answer, item.name_parts) if answer_item.answer else None
    verdict, made = judge_matches([(item, contact)]).get(item.pk, ("", None))
    decision = read_decision(made) if made else None
    asked = asked_fields(item)
    compared = compare_person(asked, contact) if contact else []
    numbers = load_numbers([FoundPerson(item, contact, verdict, answer_item.answered_at, decision)])[item.pk]
    context = {
        "item": item,
        "sees_answer_item": answer_item == item
        or Item.objects.visible_to(request.user).filter(pk=answer_item.pk).exists(),
        "answer_item": answer_item,
        "asked": [(LABELS[name], value) for name, value in asked.items()],
        "cells": list(zip(item.upload.all_columns, item.cells, strict=False)),
        "contact": contact,
        "others": list_others(contact) if contact else [],
        "match": (verdict, MatchCheck(verdict).label) if verdict else None,
        "compared": compared,
        "is_same": describe_verdict(verdict, decision, asked, contact) if contact else "",
        "decision": made,
        "can_decide": bool(contact and contact.names) and answer_item.outcome == Outcome.MATCHED,
        "numbers": numbers,
        "assignee": load_assignees([item]).get(item.pk),
        "assignees": list_assignees(request.user),
        "calls": list_calls(item),
        "person_notes": list_notes(item),
        "all_numbers": "\n".join(judged.phone.display for judged in numbers.to_call),
        "person_listed": describe_entry(numbers.person_entry, "This person is") if numbers.person_entry else "",
        "message": find_message(item),
        "answer": indent_json(answer_item.answer),
        "odd_credits": odd_credits_message(answer_item),
        "earlier": item.earlier_answers.select_related("batch").defer("answer"),
        "appearances": find_appearances(item, request.user),
        "exports": files.find_exports(item, request.user),
        "table_position": find_table_position(request, item),
    }
    template = "items/_panel.html" if request.htmx.target == PANEL_ID else "items/page.html"
    response = render(request, template, context)
    # A browser that goes back to this address must not show the panel's part as the page.
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def list_others(contact: Contact) -> list[OtherPerson]:
    """Return the other people in an answer, without phones on the do-not-contact list."""
    if not contact.others:
        return []
    suppressed, _ = list_suppressed_contacts()
    return [
        replace(other, phones=[phone for phone in other.phones if phone.digits not in suppressed])
        for other in contact.others
    ]


@dataclass(frozen=True)
class TablePosition:
    """Where a person is in the table that the reader came from."""

    name: str
    """The name of the view, or of the list."""
    address: str
    position: int = 0
    """From 1; 0 if the person is no longer in the table."""
    count: int = 0
    previous: str = ""
    next: str = ""


def find_table_position(request: UserRequest, item: Item) -> TablePosition:
    """Return the way back to the table that the reader came from (?view=), and its previous and next person."""
    query = request.GET.get("view")
    if query is None:
        return TablePosition(item.upload.name, item.upload.get_absolute_url())
    data = QueryDict(query[:MAX_VIEW_QUERY])
    filterset, upload = filter_people(request, data)
    table = PeopleTable(filterset.qs, order_by=[name for name in data.get("sort", "").split(",") if name])
    with plan_for(filterset):
        ids = list(table.data.data.values_list("pk", flat=True)[:MAX_COUNTED_ROWS])
    tab = next((tab for tab in list_tabs(request.user, PEOPLE, query) if tab.is_current), None)
    name = tab.name if tab and tab.query else upload.name if upload else "People"
    address = f"{reverse('items')}?{data.urlencode()}" if data else reverse("items")
    if item.pk not in ids:
        return TablePosition(name, address)
    index = ids.index(item.pk)

    def link(position: int) -> str:
        if not 0 <= position < len(ids):
            return ""
        return f"{reverse('item', args=[ids[position]])}?{urlencode({'view': query})}"

    return TablePosition(name, address, index + 1, len(ids), link(index - 1), link(index + 1))


def find_message(item: Item) -> dict[str, str] | None:
    """Return the item's message and the look of its note. Return None without a message, or if a match is shown."""
    if not item.message or item.outcome in (Outcome.MATCHED, Outcome.REUSED):
        return None
    look = "bad" if item.outcome in (Outcome.INVALID, Outcome.ERROR) else ""
    return {"text": item.shown_message, "look": look}


def odd_credits_message(item: Item) -> str:
    """Return why the credits in an answer cannot be counted, or "" if they can be."""
    if not item.answer:
        return ""
    oddity = digests.check_credits(item, is_cached(item.answer))
    if oddity == OddCredits.MISSING:
        return "The answer does not say what it cost, so it counts as 0 credits."
    if oddity:
        return f"The answer claims to cost {quote_credits(item.answer)} credits, which cannot be right. It counts as 0."
    return ""


def find_appearances(item: Item, user: User) -> Iterable[Item]:
    """Return this person's latest items in the lists that `user` sees, the latest first."""
    if not item.fingerprint:
        return [item]
    same = Item.objects.visible_to(user).filter(fingerprint=item.fingerprint).select_related("upload", "batch")
    return same.defer("cells", "answer", "batch__request_ids", "batch__completion").order_by("-pk")[:MAX_APPEARANCES]


def find(request: UserRequest) -> HttpResponse:
    """Search people in all lists by name, address, phone or email."""
    require(request.user, Right.SEE_CONTACTS)
    text = request.GET.get("q", "").strip()
    found = search.search_people(text, request.user)
    items = Item.objects.filter(pk__in=found.ids).for_tables().order_by("-pk")
    table = FoundTable(items)
    table.searched = read_search(text).terms
    table = paginate(request, table)
    table.load_results()
    shown = [(row.record.upload_id, row.record.pk) for row in table.page.object_list]
    record_people(AuditKind.SEARCHED, request.user, shown)
    context = {"text": text, "found": found, "table": table, "summary": describe_found(found, text)}
    return render(request, "find.html", context)


def describe_found(found: search.SearchResult, text: str) -> str:
    """Return how many people a search has found, and what to do if there are none or too many."""
    if not found.ids:
        return (
            f"Nobody matches “{text}”. You can find people once their list has started, and their contact details "
            "once their batch has closed."
        )
    if found.is_cut_off:
        shown = number(len(found.ids))
        return f"More than {shown} people match; here are {shown} of them. Add a word to narrow the search."
    return f"{count(len(found.ids), 'person,people')}."
