import json

from django.shortcuts import render
from django_tables2 import RequestConfig

from batches.models import Upload

MOST_ON_A_PAGE = 200


def paginate(request, table, count=None, per_page=25):
    """Sort and page a table by the request's query; `count` gives Counts for the records of the page shown."""
    RequestConfig(request, paginate={"per_page": per_page, "silent": True}).configure(table)
    if table.paginator.per_page > MOST_ON_A_PAGE:
        table.paginate(per_page=MOST_ON_A_PAGE)
    if count:
        table.counts = count([row.record for row in table.page.object_list])
    return table


def show_list(request, template, filterset, table_class, count=None, exclude=(), **context):
    """A page with filters above a table; live parts ask for the table alone."""
    table = paginate(request, table_class(filterset.qs, exclude=exclude), count)
    template = "_list_table.html" if request.htmx else template
    return render(request, template, {"filter": filterset, "table": table, **context})


def find_upload(filterset):
    """The upload that a list is narrowed to, or None."""
    return Upload.objects.filter(pk=filterset.form.cleaned_data["upload"]).first() if filterset.is_valid() else None


def read_ids(texts):
    """The numbers among texts that can be keys of ours."""
    return [int(text) for text in texts if text.isdecimal() and text.isascii() and len(text) < 11 and int(text) < 2**31]


def indent(text):
    """A body's JSON, indented to be read; half characters stay the escapes that they came as. What is none stays."""
    try:
        indented = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
    return indented.encode(errors="backslashreplace").decode()
