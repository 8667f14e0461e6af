"""Exports: choose and count the rows, download the file, read the log, edit layouts."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from batches.exports import download, files
from batches.exports.layouts import LAYOUT_FIELDS, NUMBERED_FIELDS, fold_name
from batches.forms.exports import ExportForm, LayoutForm, first_error
from batches.keys import read_keys
from batches.models import Export, ExportLayout, ItemQuerySet, Upload
from batches.tables.filters import ExportFilter, ItemFilter
from batches.tables.tables import ExportTable
from batches.user_request import UserRequest
from batches.views.shortcuts import filtered_upload, render_list

MAX_ROWS_COUNTED_AT_ONCE = 50_000
"""Lists with more rows than this are counted only when the user asks for it."""


def export_upload(request: UserRequest, pk: int) -> HttpResponseBase:
    """Send the upload's results as a file.

    Query parameters: layout, format (csv or xlsx), the filters of the list of people, ticked people as item=…, and the
    choices of ExportForm, such as without_dnc=1. Return 400 with the reason if one of them is invalid.
    """
    upload = get_object_or_404(Upload, pk=pk)
    form, filterset = ExportForm(request.GET), ItemFilter(request.GET, upload.items.all(), upload)
    if problem := first_error(form, filterset.form):
        return HttpResponseBadRequest(f"{': '.join(problem)}\n", content_type="text/plain; charset=utf-8")
    items, chosen = choose_items(request, filterset)
    layout, file_format = form.cleaned_data["layout"], form.cleaned_data["format"]
    return download.export_response(request, upload, items, layout, form.choices, file_format, chosen)


def choose_export(request: UserRequest, pk: int) -> HttpResponse:
    """Show the choice of layout, rows and phones. A request by htmx gets only the counts."""
    upload = get_object_or_404(Upload, pk=pk)
    form, filterset = ExportForm(request.GET), ItemFilter(request.GET, upload.items.all(), upload)
    tally, problem = None, first_error(form, filterset.form)
    is_counted = "count" in request.GET or upload.row_count <= MAX_ROWS_COUNTED_AT_ONCE
    if is_counted and not problem:
        items, _ = choose_items(request, filterset)
        tally = files.count_rows(upload, items, form.cleaned_data["layout"], form.choices)
    context = {"upload": upload, "form": form, "filter": filterset, "tally": tally, "problem": problem}
    context |= {"ticked": request.GET.getlist("item")}
    context |= {"missing_columns": [] if problem else missing_columns(upload, form)}
    return render(request, "exports/_count.html" if request.htmx else "exports/choose.html", context)


def missing_columns(upload: Upload, form: ExportForm) -> list[str]:
    """Return the columns that the layout takes from the list, but that this list does not have."""
    has = {fold_name(name) for name in upload.all_columns}
    return [name for name in form.cleaned_data["layout"].named_originals if fold_name(name) not in has]


def choose_items(request: UserRequest, filterset: ItemFilter) -> tuple[ItemQuerySet, dict[str, list[str]]]:
    """Return the items that match the filters, or those ticked among them, and what to log about the choice."""
    return download.choose_items(filterset.qs, filterset.chosen, read_keys(request.GET.getlist("item")))


def export_list(request: UserRequest) -> HttpResponse:
    """Show the log of exports: who downloaded what, when, with which choices."""
    filterset = ExportFilter(request.GET, Export.objects.select_related("upload", "user").defer("item_ids"))
    return render_list(request, "exports/list.html", filterset, ExportTable, upload=filtered_upload(filterset))


def layout_list(request: UserRequest) -> HttpResponse:
    return render(request, "exports/layouts.html", {"layouts": ExportLayout.objects.select_related("created_by")})


def edit_layout(request: UserRequest, pk: int | None = None) -> HttpResponse:
    """Create or change a layout of the team's own."""
    layout = get_object_or_404(ExportLayout, pk=pk) if pk else ExportLayout(created_by=request.user)
    form = LayoutForm(request.POST or None, instance=layout)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, f"Saved the layout “{layout.name}”. You can use it for any list.")
        return redirect("layouts")
    fields = [(name, label) for name, (label, _) in LAYOUT_FIELDS.items()] + list(NUMBERED_FIELDS.items())
    context = {"form": form, "layout": layout, "fields": [*fields, ("column NAME", "A column of the list itself")]}
    return render(request, "exports/layout.html", context, status=422 if form.errors else 200)


@require_POST
def delete_layout(request: UserRequest, pk: int) -> HttpResponse:
    layout = get_object_or_404(ExportLayout, pk=pk)
    layout.delete()
    messages.success(request, f"Deleted the layout “{layout.name}”. Exports that used it stay in the log.")
    return redirect("layouts")
