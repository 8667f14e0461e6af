"""Files of results: chosen, counted, downloaded, and written down."""

from django.contrib import messages
from django.http import HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from batches.exports import download, files
from batches.exports.layouts import FIELDS, NUMBERED, fold_name
from batches.forms.exports import ExportForm, LayoutForm, find_problem
from batches.keys import read_keys
from batches.models import Export, ExportLayout, Upload
from batches.tables.filters import ExportFilter, ItemFilter
from batches.tables.tables import ExportTable
from batches.views.shortcuts import find_upload, show_list

COUNTED_AT_ONCE = 50_000
"""Rows of a list up to which a file is counted as soon as something is chosen; above, when somebody asks for it."""


def export_upload(request, pk):
    """Send the upload's results as a file.

    The address holds ?layout=…&format=csv|xlsx, the filters of the list of people, people ticked there as item=…, and
    the choices of ExportForm, as without_dnc=1.
    """
    upload = get_object_or_404(Upload, pk=pk)
    form, filterset = ExportForm(request.GET), ItemFilter(request.GET, upload.items.all(), upload)
    if problem := find_problem(form, filterset.form):
        return HttpResponseBadRequest(f"{': '.join(problem)}\n", content_type="text/plain; charset=utf-8")
    items, chosen = choose_items(request, filterset)
    layout, file_format = form.cleaned_data["layout"], form.cleaned_data["format"]
    return download.answer(request, upload, items, layout, form.choices, file_format, chosen)


def choose_export(request, pk):
    """Where layout, rows and numbers of a file are chosen; for htmx how many that are, alone."""
    upload = get_object_or_404(Upload, pk=pk)
    form, filterset = ExportForm(request.GET), ItemFilter(request.GET, upload.items.all(), upload)
    tally, problem = None, find_problem(form, filterset.form)
    is_counted = "count" in request.GET or upload.row_count <= COUNTED_AT_ONCE
    if is_counted and not problem:
        items, _ = choose_items(request, filterset)
        tally = files.count(upload, items, form.cleaned_data["layout"], form.choices)
    context = {"upload": upload, "form": form, "filter": filterset, "tally": tally, "problem": problem}
    context |= {"ticked": request.GET.getlist("item"), "lacking": [] if problem else find_lacking(upload, form)}
    return render(request, "exports/_count.html" if request.htmx else "exports/choose.html", context)


def find_lacking(upload, form):
    """Columns that the layout takes of a list and this one does not have."""
    has = {fold_name(name) for name in upload.all_columns}
    return [name for name in form.cleaned_data["layout"].named_originals if fold_name(name) not in has]


def choose_items(request, filterset):
    """Return the items that the filters choose, or those ticked among them, and a description for the log."""
    return download.choose_items(filterset.qs, filterset.chosen, read_keys(request.GET.getlist("item")))


def export_list(request):
    """Show the log: who took what, when, with which choices."""
    filterset = ExportFilter(request.GET, Export.objects.select_related("upload", "user").defer("held"))
    return show_list(request, "exports/list.html", filterset, ExportTable, upload=find_upload(filterset))


def layout_list(request):
    return render(request, "exports/layouts.html", {"layouts": ExportLayout.objects.select_related("created_by")})


def edit_layout(request, pk=None):
    """Make or change a layout of the team's own."""
    kept = get_object_or_404(ExportLayout, pk=pk) if pk else ExportLayout(created_by=request.user)
    form = LayoutForm(request.POST or None, instance=kept)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, f"The layout “{kept.name}” can be chosen for any list now.")
        return redirect("layouts")
    fields = [(name, label) for name, (label, _) in FIELDS.items()] + list(NUMBERED.items())
    context = {"form": form, "kept": kept, "fields": [*fields, ("column NAME", "A column of the list's own")]}
    return render(request, "exports/layout.html", context, status=422 if form.errors else 200)


@require_POST
def delete_layout(request, pk):
    kept = get_object_or_404(ExportLayout, pk=pk)
    kept.delete()
    messages.success(request, f"The layout “{kept.name}” is gone. Files that were made with it stay in the log.")
    return redirect("layouts")
