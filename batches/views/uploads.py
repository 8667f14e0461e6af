from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_POST

from batches import continuing, jobs, recall, receiving, spending
from batches.counts import count_batches, count_uploads
from batches.filters import UploadFilter
from batches.forms import ContinuationForm, MappingForm, TemplateForm, UploadForm
from batches.layout import UnreadableFile
from batches.lifecycle import record
from batches.models import Upload
from batches.statuses import Outcome, UploadStatus
from batches.tables import BatchTable, EventTable, ItemTable, UploadTable
from batches.views.exports import send_file
from batches.views.listing import paginate, show_list
from batches.views.live import shared

REVIEWED = {UploadStatus.READY, UploadStatus.APPROVAL, UploadStatus.FAILED, UploadStatus.CHECKING}
EDITABLE = {UploadStatus.DRAFT, UploadStatus.READY, UploadStatus.FAILED}


@shared
def upload_list(request):
    filterset = UploadFilter(request.GET, Upload.objects.with_creator())
    return show_list(request, "uploads/list.html", filterset, UploadTable, count_uploads)


def upload_new(request):
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        answers = form.cleaned_data
        try:
            upload = receiving.receive(user=request.user, **answers)
            return redirect("upload-columns", upload.pk)
        except UnreadableFile as problem:
            form.add_error("file", str(problem))
    context = {"form": form, "sources": Upload.objects.sources()}
    return render(request, "uploads/new.html", context, status=422 if form.errors else 200)


def upload_columns(request, pk):
    """The mapping screen: which column says what."""
    upload = get_object_or_404(Upload, pk=pk)
    if upload.status not in EDITABLE:
        return redirect(upload)
    if "sheet" in request.POST:
        return choose_sheet(request, upload)
    if "use_template" in request.POST:
        return choose_template(request, upload)
    samples = receiving.read_samples(upload)
    templates = TemplateForm(initial={"use_template": upload.used_template})
    form = MappingForm(request.POST or None, upload=upload, samples=samples)
    if request.method == "POST" and form.is_valid():
        return accept_columns(request, upload, form)
    columns = describe_columns(upload, samples)
    context = {"upload": upload, "form": form, "columns": columns, "templates": templates}
    return render(request, "uploads/columns.html", context, status=422 if form.errors else 200)


def choose_sheet(request, upload):
    """Read another sheet of the workbook, as long as no row of the first has been stored."""
    if upload.status == UploadStatus.DRAFT:
        try:
            receiving.examine(upload, request.POST["sheet"])
        except UnreadableFile as problem:
            messages.error(request, str(problem))
    return redirect("upload-columns", upload.pk)


def choose_template(request, upload):
    """Read the columns as another template says, as long as no row has been stored."""
    form = TemplateForm(request.POST)
    if upload.status == UploadStatus.DRAFT and form.is_valid():
        receiving.change_template(upload, form.cleaned_data["use_template"])
    return redirect("upload-columns", upload.pk)


def accept_columns(request, upload, form):
    if receiving.accept_mapping(upload, form.mapping, form.fixed, user=request.user, **form.options):
        upload.refresh_from_db()
        if name := form.cleaned_data["template"]:
            recall.remember(upload, name, request.user)
        jobs.enqueue("intake", jobs.check_rows, upload.pk)
    return redirect(upload)


def describe_columns(upload, samples):
    """Each column with its first values, for the table under the form."""
    names = [name.strip() or f"Column {number}" for number, name in enumerate(upload.columns, start=1)]
    return [(name, [row[i] if i < len(row) else "" for row in samples[:3]]) for i, name in enumerate(names)]


def upload_page(request, pk):
    upload = get_object_or_404(Upload.objects.with_creator(), pk=pk)
    if upload.status == UploadStatus.DRAFT:
        return redirect("upload-columns", pk)
    context = {"upload": upload, "counts": count_uploads([upload])[pk]}
    if upload.invalid_count:
        context["mending"] = ContinuationForm()
        context["mend_most"] = spending.most_credits(upload.invalid_count * (2 if upload.co_owners else 1))
    context["continuation"] = upload.continuations.first()
    if upload.status in REVIEWED:
        return show_review(request, upload, context)
    return show_progress(request, upload, context)


@shared
def show_progress(request, upload, context):
    """A list that was started: how far it is, its batches and its history."""
    batches = upload.batches.for_lists().order_by("number")
    context["table"] = paginate(request, BatchTable(batches, exclude=["upload"]), count_batches)
    context["events"] = EventTable(upload.events.with_names().order_by("-at", "-id")[:12])
    context["troubled"] = upload.batches.needing_a_person().with_resent().for_lists().order_by("number")[:10]
    return render(request, "uploads/_progress.html" if request.htmx else "uploads/page.html", context)


def upload_history(request, pk):
    """All that happened to an upload and its batches, or to one of them, in order."""
    upload = get_object_or_404(Upload, pk=pk)
    events = upload.events.with_names()
    if request.GET.get("batch", "").isdecimal():
        events = events.filter(batch__number=request.GET["batch"][:9])
    table = paginate(request, EventTable(events), per_page=100)
    return render(request, "uploads/history.html", {"upload": upload, "table": table})


def upload_rejected(request, pk):
    """The invalid rows as a file to mend: the list's own columns, and what is wrong with each."""
    upload = get_object_or_404(Upload, pk=pk)
    record(pk, "rejected rows downloaded", user=request.user)
    return send_file(continuing.stream_rejected(upload), f"{slugify(upload.name) or 'list'}-{pk}-rejected.csv")


@require_POST
def upload_mended(request, pk):
    """Take mended rows of a list."""
    upload = get_object_or_404(Upload, pk=pk)
    form = ContinuationForm(request.POST, request.FILES)
    try:
        if not form.is_valid():
            raise UnreadableFile("Choose the file with the mended rows.")
        continuation = continuing.receive(upload, form.cleaned_data["mended"], request.user)
    except (UnreadableFile, spending.OverLimit) as problem:
        messages.error(request, str(problem))
    else:
        jobs.enqueue("intake", jobs.check_continuation, continuation.pk)
        messages.success(request, "The mended rows are being read.")
    return redirect(upload)


def show_review(request, upload, context):
    """Before the start: what becomes of the rows, what that is expected to cost, and the most that it can."""
    invalid = upload.items.filter(outcome=Outcome.INVALID).for_lists()
    table = ItemTable(invalid, exclude=["upload", "outcome", "answered_at"], sequence=["row_number", "found", "..."])
    context["table"] = paginate(request, table, per_page=10)
    past = spending.look_at_past()
    most, expected = spending.most_credits(upload.item_count), spending.expect_credits(upload, past)
    context |= {"lines": spending.plan_spend(upload), "most": most, "expected": expected, "past": past}
    context |= {"most_money": spending.to_money(most), "needs_approval": spending.is_over_approval(most)}
    context["expected_money"] = spending.to_money(expected) if expected is not None else None
    return render(request, "uploads/_review.html" if request.htmx else "uploads/review.html", context)
