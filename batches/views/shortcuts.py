import json

from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django_tables2 import RequestConfig

from batches.keys import read_key
from batches.models import Upload
from batches.tables.column_choice import choose_columns
from batches.tables.paging import CappedPaginator

MOST_ON_A_PAGE = 200


def paginate(request, table, count=None, per_page=25):
    """Sort and page a table by the request's query, also by one that makes no sense.

    `count` gives Counts for the records of the page shown.
    """
    RequestConfig(request, paginate=False).configure(table)
    asked = read_key(request.GET.get(table.prefixed_per_page_field, "")) or per_page
    table.paginate(paginator_class=CappedPaginator, per_page=min(asked, MOST_ON_A_PAGE))
    table.page = table.paginator.get_page(request.GET.get(table.prefixed_page_field))
    if count:
        table.counts = count([row.record for row in table.page.object_list])
    return table


def show_list(request, template, filterset, table_class, count=None, exclude=(), **context):
    """Show filters above a table whose columns can be chosen. A live part asks for the table alone."""
    table = table_class(filterset.qs, exclude=exclude)
    choice = choose_columns(request, table)
    table = paginate(request, table, count, choice.rows)
    template = "components/list_table.html" if request.htmx else template
    return render(request, template, {"filter": filterset, "table": table, "choice": choice, **context})


def find_upload(filterset):
    """Return the upload that a list is narrowed to, even if another filter makes no sense; or None."""
    filterset.is_valid()
    return Upload.objects.filter(pk=filterset.form.cleaned_data.get("upload")).first()


def go_back(request, otherwise):
    """To the page that the button was on, if that is one of ours."""
    page = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure())
    return redirect(page if is_ours else otherwise)


def indent(text):
    """Return a body's JSON indented; unpaired surrogates stay escaped. Text that is not JSON is returned unchanged."""
    try:
        indented = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
    return indented.encode(errors="backslashreplace").decode()
