"""Helpers that several views share."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django_filters import FilterSet
from django_tables2 import RequestConfig, Table

from batches.keys import read_key
from batches.models import Batch, Item, Upload
from batches.tables.column_choice import choose_columns
from batches.tables.paging import CappedPaginator
from batches.tracing.limits import SpendingRefused
from batches.user_request import UserRequest

MAX_PAGE_SIZE = 200


def paginate(
    request: UserRequest, table: Table, count: Callable[[list[Any]], dict[int, Any]] | None = None, per_page: int = 25
) -> Table:
    """Sort and page a table as the query string asks. Ignore unknown columns and pages.

    `count` returns the Counts of the records on the page, by primary key.
    """
    RequestConfig(request, paginate=False).configure(table)
    page_size = read_key(request.GET.get(table.prefixed_per_page_field, "")) or per_page
    table.paginate(paginator_class=CappedPaginator, per_page=min(page_size, MAX_PAGE_SIZE))
    table.page = table.paginator.get_page(request.GET.get(table.prefixed_page_field))
    if count:
        table.counts = count([row.record for row in table.page.object_list])
    return table


def render_list(
    request: UserRequest,
    template: str,
    filterset: FilterSet,
    table_class: type[Table],
    count: Callable[[list[Any]], dict[int, Any]] | None = None,
    exclude: Iterable[str] = (),
    **context: Any,
) -> HttpResponse:
    """Render filters above a table with a choice of columns. If htmx sent the request, render the table alone."""
    table = table_class(filterset.qs, exclude=exclude)
    choice = choose_columns(request, table)
    table = paginate(request, table, count, choice.rows)
    template = "components/list_table.html" if request.htmx else template
    return render(request, template, {"filter": filterset, "table": table, "choice": choice, **context})


def filtered_upload(request: UserRequest, filterset: FilterSet) -> Upload | None:
    """Return the upload that a table is filtered by, or None, even if other filters are invalid."""
    filterset.is_valid()
    key = filterset.form.cleaned_data.get("upload")
    return Upload.objects.visible_to(request.user).filter(pk=key).first() if key else None


def redirect_back(request: UserRequest, fallback: str | Batch | Item | Upload) -> HttpResponse:
    """Redirect to the page that the button was on, or to `fallback` if that page is not one of ours."""
    page = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure())
    return redirect(page if is_ours else fallback)


@contextmanager
def refusal_as_message(request: UserRequest) -> Iterator[None]:
    """Show a SpendingRefused as an error message instead of raising it."""
    try:
        yield
    except SpendingRefused as problem:
        messages.error(request, str(problem))


def indent_json(text: str) -> str:
    """Return JSON indented, with unpaired surrogates still escaped. Return anything else unchanged."""
    try:
        indented = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
    return indented.encode(errors="backslashreplace").decode()
