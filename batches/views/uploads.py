from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from batches import continuing, following, jobs, recall, receiving, spending
from batches.counts import count_batches, count_uploads
from batches.filters import UploadFilter
from batches.forms import ContinuationForm, FileForm, MappingForm, TemplateForm, UploadForm
from batches.layout import UnreadableFile
from batches.lifecycle import record
from batches.models import Upload
from batches.statuses import Outcome, UploadStatus
from batches.tables import BatchTable, EventTable, ItemTable, UploadTable
from batches.views.exports import send_file
from batches.views.listing import paginate, show_list
from batches.views.live import shared

REVIEWED = {UploadStatus.READY, UploadStatus.APPROVAL, UploadStatus.FAILED, UploadStatus.CHECKING}
KEPT = "kept columns"
"""In the session: what was chosen for the columns of a list whose rows stand as they were read with others."""
GONE_ON = "Nothing was changed: the list has gone on meanwhile. This is where it is now."
OTHER_COLUMNS = "Nothing was changed: the list got another file or sheet meanwhile. Look at its columns."


@shared(table=UploadTable)
def upload_list(request):
    filterset = UploadFilter(request.GET, Upload.objects.with_creator())
    return show_list(request, "uploads/list.html", filterset, UploadTable, count_uploads)


def upload_new(request):
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            upload = receiving.receive(user=request.user, **form.cleaned_data)
            return go_on(request, "upload-columns", upload.pk)
        except UnreadableFile as problem:
            form.add_error("file", str(problem))
    return show_file_form(request, form)


def upload_file(request, pk):
    """The first step once more: what is said of a list, and its file."""
    upload = get_object_or_404(Upload, pk=pk)
    if not upload.is_editable:
        return leave(request, upload)
    form = FileForm(request.POST or None, request.FILES or None, upload=upload)
    if request.method == "POST" and form.is_valid():
        try:
            return change_file(request, upload, **form.cleaned_data)
        except UnreadableFile as problem:
            form.add_error("file", f"{problem} Until then the list keeps the file that is there.")
    return show_file_form(request, form, upload)


def show_file_form(request, form, upload=None):
    context = {"form": form, "upload": upload, "sources": Upload.objects.sources()}
    return render(request, "uploads/new.html", context, status=422 if form.errors else 200)


def change_file(request, upload, file, **details):
    """Raises UnreadableFile."""
    header = recall.header_of(upload.columns)
    if file is None:
        is_done = receiving.change_details(upload, **details)
    elif is_done := receiving.replace_file(upload, file, request.user, **details):
        upload.refresh_from_db()
        is_same = recall.header_of(upload.columns) == header
        columns = "Its columns are the same: your choices stay." if is_same else "Its columns are others: look at them."
        messages.success(request, f"The list has another file now, {upload.filename}. {columns}")
    return go_on(request, "upload-columns", upload.pk) if is_done else leave(request, upload)


def go_on(request, to, *args):
    """To another page; a script that has sent a form is told where."""
    return HttpResponseClientRedirect(reverse(to, args=args)) if request.htmx else redirect(to, *args)


def leave(request, upload):
    """To where a list is by now that cannot be changed any more."""
    if request.method == "POST":
        messages.error(request, GONE_ON)
    return go_on(request, "upload", upload.pk)


def upload_columns(request, pk):
    """The mapping screen: which column says what."""
    upload = get_object_or_404(Upload, pk=pk)
    if not upload.is_editable:
        return leave(request, upload)
    if request.POST.get("header", header := recall.header_of(upload.columns)) != header:
        messages.error(request, OTHER_COLUMNS)
        return redirect("upload-columns", pk)
    if "forget" in request.POST:
        request.session.pop(KEPT, None)
        return redirect("upload-columns", pk)
    if "sheet" in request.POST:
        return choose_sheet(request, upload)
    if "use_template" in request.POST:
        return choose_template(request, upload)
    return choose_columns(request, upload, header)


def choose_columns(request, upload, header):
    is_kept = request.method == "GET" and recall_choices(request, upload, header)
    samples = receiving.read_samples(upload)
    form = MappingForm(request.POST or None, upload=upload, samples=samples)
    if request.method == "POST" and (form.is_valid() or "back" in request.POST):
        take = keep_columns if "back" in request.POST else accept_columns
        return take(request, upload, form)
    templates = TemplateForm(initial={"use_template": upload.used_template})
    context = {"upload": upload, "form": form, "header": header, "is_kept": is_kept, "templates": templates}
    context["columns"] = describe_columns(upload, samples)
    return render(request, "uploads/columns.html", context, status=422 if form.errors else 200)


def choose_sheet(request, upload):
    """Read another sheet of the workbook, as long as no row of the first has been stored."""
    try:
        if upload.status != UploadStatus.DRAFT or not receiving.change_sheet(upload, request.POST["sheet"]):
            messages.error(request, GONE_ON)
    except UnreadableFile as problem:
        messages.error(request, str(problem))
    return redirect("upload-columns", upload.pk)


def choose_template(request, upload):
    """Read the columns as another template says, as long as no row has been stored."""
    form = TemplateForm(request.POST)
    if form.is_valid() and upload.status == UploadStatus.DRAFT:
        receiving.change_template(upload, form.cleaned_data["use_template"])
    return redirect("upload-columns", upload.pk)


def accept_columns(request, upload, form):
    if not receiving.accept_mapping(upload, form.mapping, form.fixed, user=request.user, **form.options):
        return leave(request, upload)
    request.session.pop(KEPT, None)
    upload.refresh_from_db()
    if name := form.cleaned_data["template"]:
        recall.remember(upload, name, request.user)
    jobs.enqueue("intake", jobs.check_rows, upload.pk)
    return redirect(upload)


def keep_columns(request, upload, form):
    """Go to another step with what was chosen so far: on a draft it stays for everybody.

    Rows that were checked are worth more than a look at other columns: there it stays for whoever chose it.
    """
    request.session.pop(KEPT, None)
    chosen = form.chosen
    is_changed = any(getattr(upload, name) != value for name, value in chosen.items())
    if is_changed and not receiving.keep_choices(upload, **chosen):
        request.session[KEPT] = {"upload": upload.pk, "header": recall.header_of(upload.columns), "chosen": chosen}
    return redirect("upload" if request.POST["back"] == "review" else "upload-file", upload.pk)


def recall_choices(request, upload, header):
    """Show an upload as it was left by whoever asks; True if that is not how it is kept."""
    kept = request.session.get(KEPT, {})
    if (kept.get("upload"), kept.get("header")) != (upload.pk, header):
        return False
    for name, value in kept["chosen"].items():
        setattr(upload, name, value)
    return True


def describe_columns(upload, samples):
    """Each column with its first values, for the table under the form."""
    names = [name.strip() or f"Column {number}" for number, name in enumerate(upload.columns, start=1)]
    return [(name, [row[i] if i < len(row) else "" for row in samples[:3]]) for i, name in enumerate(names)]


def upload_page(request, pk):
    upload = get_object_or_404(Upload.objects.with_creator(), pk=pk)
    if upload.status == UploadStatus.DRAFT:
        return redirect("upload-columns", pk)
    context = {"upload": upload}
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
    if upload.is_started:
        following.look_at_one(upload, timezone.now())
    else:
        upload.counts = count_uploads([upload])[upload.pk]
    context["counts"] = upload.counts
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
