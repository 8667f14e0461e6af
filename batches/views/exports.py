"""Export results: choose and count the rows, download the file, read the log, and edit layouts."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right, require
from accounts.sign_in import recently_authenticated
from batches.exports import certificates, download
from batches.exports.breakdown import make_breakdown
from batches.exports.files import list_layouts
from batches.exports.layouts import LAYOUT_FIELDS, NUMBERED_FIELDS, fold_name
from batches.exports.presets import Preset, find_last_choices, find_preset, list_presets
from batches.exports.preview import make_preview
from batches.exports.rows import CHOICE_LABELS
from batches.forms.exports import ExportForm, LayoutForm, first_error
from batches.keys import read_keys
from batches.models import EXPORT_TABLE, Export, ExportLayout, ItemQuerySet, Upload, in_visible_list
from batches.people_audit import record_people
from batches.tables.filters import ExportFilter, ItemFilter
from batches.tables.saved_views import SHARED_WITH, normalise_query
from batches.tables.tables import ExportTable
from batches.user_request import UserRequest
from batches.views.shortcuts import filtered_upload, render_list

PREVIEWED = "previewed_people"
"""The session's key for the people whom the preview of a layout showed last."""
MAX_ROWS_COUNTED_AT_ONCE = 50_000
"""In lists with more rows than this, the rows to export are counted only when the user asks for the count."""


@recently_authenticated
def export_upload(request: UserRequest, pk: int) -> HttpResponseBase:
    """Return the upload's results as a file.

    Query parameters: preset, or layout, format (csv or xlsx) and the choices of ExportForm, such as without_dnc=1; the
    filters of the table of people, and ticked people as item=…. If one of them is invalid, return 400 with the reason.
    """
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    require(request.user, Right.EXPORT)
    data: QueryDict = request.GET
    if name := data.get("preset"):
        preset = find_preset(name, list_presets(request.user))
        if not preset:
            return refuse(f"preset: There is no preset “{name}”.")
        data = preset.apply_to(data)
    form, filterset = ExportForm(data), ItemFilter(data, upload.items.all(), request.user, upload)
    if problem := first_error(form, filterset.form):
        return refuse(": ".join(problem))
    items, chosen = choose_items(request, filterset)
    layout, file_format = form.cleaned_data["layout"], form.cleaned_data["format"]
    return download.export_response(request, upload, items, layout, form.choices, file_format, chosen)


def refuse(sentence: str) -> HttpResponseBadRequest:
    return HttpResponseBadRequest(f"{sentence}\n", content_type="text/plain; charset=utf-8")


@recently_authenticated
def choose_export(request: UserRequest, pk: int) -> HttpResponse:
    """Show the presets, what the file leaves out, and its first lines. If htmx sent the request, return the counts."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    require(request.user, Right.EXPORT)
    presets, last = list_presets(request.user), find_last_choices(request.user)
    data = apply_preset(request.GET, presets, last)
    form, filterset = ExportForm(data), ItemFilter(data, upload.items.all(), request.user, upload)
    breakdown, problem = None, first_error(form, filterset.form)
    is_counted = "count" in request.GET or upload.row_count <= MAX_ROWS_COUNTED_AT_ONCE
    if is_counted and not problem:
        items, _ = choose_items(request, filterset)
        breakdown = make_breakdown(upload, items, form.cleaned_data["layout"], form.choices)
        record_people(
            AuditKind.SEEN, request.user, [(pk, item) for item in breakdown.preview_ids], "preview of an export"
        )
    chosen = (data.get("layout") or "wide", frozenset(form.choices.chosen()))
    context = {
        "upload": upload,
        "form": form,
        "filter": filterset,
        "breakdown": breakdown,
        "problem": problem,
        "query": normalise_query(EXPORT_TABLE, data.urlencode()),
        "presets": [(preset, *describe_preset(preset, chosen, last)) for preset in presets],
        "own_presets": [preset for preset in presets if preset.view and preset.view.user == request.user],
        "shared_with": SHARED_WITH,
        "ticked": request.GET.getlist("item"),
        "missing_columns": [] if problem else find_missing_columns(upload, form),
    }
    return render(request, "exports/_count.html" if request.htmx else "exports/choose.html", context)


def apply_preset(query: QueryDict, presets: list[Preset], last: tuple[str, tuple[str, ...]] | None) -> QueryDict:
    """Return the choices in the address or, if it names a preset, those of the preset.

    Without any choice, they are those of the user's last export, or of the first preset: the safest one.
    """
    if preset := find_preset(query.get("preset", ""), presets):
        return preset.apply_to(query)
    if any(name in query for name in ("layout", "format", "count", "seen_within", *CHOICE_LABELS)):
        return query
    if last and last[0] in list_layouts():
        return replace(presets[0], layout=last[0], choices=last[1]).apply_to(query)
    return presets[0].apply_to(query)


def describe_preset(
    preset: Preset, chosen: tuple[str, frozenset[str]], last: tuple[str, tuple[str, ...]] | None
) -> tuple[bool, bool]:
    """Return whether a preset is what is chosen now, and whether it is what the user exported last time."""
    own = (preset.layout, frozenset(preset.choices))
    return own == chosen, bool(last) and own == (last[0], frozenset(last[1]))  # type: ignore[index]


def find_missing_columns(upload: Upload, form: ExportForm) -> list[str]:
    """Return the columns that the layout takes from a list but that this list does not have."""
    existing = {fold_name(name) for name in upload.all_columns}
    return [name for name in form.cleaned_data["layout"].named_originals if fold_name(name) not in existing]


def choose_items(request: UserRequest, filterset: ItemFilter) -> tuple[ItemQuerySet, dict[str, list[str]]]:
    """Return the items that match the filters, or the ticked ones among them, and the choices to log."""
    return download.choose_items(filterset.qs, filterset.chosen, read_keys(request.GET.getlist("item")))


def export_list(request: UserRequest) -> HttpResponse:
    """Show the log of exports: who downloaded what, when, and with which choices."""
    filterset = ExportFilter(
        request.GET,
        Export.objects.filter(in_visible_list(request.user))
        .select_related("upload", "user", "certificate")
        .defer("item_ids", "certificate__content"),
    )
    return render_list(request, "exports/list.html", filterset, ExportTable, upload=filtered_upload(request, filterset))


def certificate(request: UserRequest, pk: int) -> HttpResponse:
    """Show what the file of an export was made from and by which rules."""
    found = certificates.find_certificate(pk, request.user)
    context = {"certificate": found, "export": found.export, "content": certificates.read_content(found)}
    return render(request, "exports/certificate.html", context)


def certificate_file(request: UserRequest, pk: int) -> JsonResponse:
    """Return the same as a file of JSON."""
    found = certificates.find_certificate(pk, request.user)
    response = JsonResponse(found.content, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="export-{found.pk}-certificate.json"'
    return response


def layout_list(request: UserRequest) -> HttpResponse:
    return render(request, "exports/layouts.html", {"layouts": ExportLayout.objects.select_related("created_by")})


def edit_layout(request: UserRequest, pk: int | None = None) -> HttpResponse:
    """Show and save the form of a new or existing layout."""
    require(request.user, Right.EXPORT)
    layout = get_object_or_404(ExportLayout, pk=pk) if pk else ExportLayout(created_by=request.user)
    form = LayoutForm(request.POST or None, instance=layout)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, f"Saved the layout “{layout.name}”. You can use it for any list.")
        return redirect("layouts")
    fields = [(name, label) for name, (label, _) in LAYOUT_FIELDS.items()] + list(NUMBERED_FIELDS.items())
    context = {"form": form, "layout": layout, "fields": [*fields, ("column NAME", "A column of the list itself")]}
    context |= fill_draft(request, form)
    if context.get("problem"):
        # The form above says it already.
        context["problem"] = "Correct the layout to see its preview."
    return render(request, "exports/layout.html", context, status=422 if form.errors else 200)


@require_POST
def preview_layout(request: UserRequest) -> HttpResponse:
    """Fill the layout, as it is typed, with the first rows of a list. Nothing is saved."""
    require(request.user, Right.EXPORT)
    return render(request, "exports/_layout_preview.html", fill_draft(request, LayoutForm(request.POST)))


def fill_draft(request: UserRequest, form: LayoutForm) -> dict[str, Any]:
    """Return the context of a layout's preview. People who are shown are written to the audit log, once in a row."""
    draft = form.read_draft()
    if isinstance(draft, str):
        return {"problem": draft}
    preview = make_preview(draft, request.user)
    # The same people are shown again after each change of the draft.
    if preview.upload and request.session.get(PREVIEWED) != preview.item_ids:
        request.session[PREVIEWED] = preview.item_ids
        seen = [(preview.upload.pk, pk) for pk in preview.item_ids]
        record_people(AuditKind.SEEN, request.user, seen, "preview of a layout")
    return {"preview": preview}


@require_POST
def delete_layout(request: UserRequest, pk: int) -> HttpResponse:
    require(request.user, Right.EXPORT)
    layout = get_object_or_404(ExportLayout, pk=pk)
    with transaction.atomic():
        audit.record(AuditKind.LAYOUT_DELETED, request.user, detail=layout.name)
        layout.delete()
    messages.success(request, f"Deleted the layout “{layout.name}”. Exports that used it stay in the log.")
    return redirect("layouts")
