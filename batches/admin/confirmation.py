"""Run admin actions that change records.

Ask first if money may be spent, and then report what has and has not changed.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.db.models.options import Options
from django.http import HttpRequest
from django.template.response import TemplateResponse

from batches import jobs
from batches.forms.result_messages import rerun_message
from batches.keys import read_key
from batches.models import ItemQuerySet
from batches.tracing.limits import SpendingRefused
from batches.user_request import UserRequest

MAX_RECORDS = 1000
"""Maximum number of records that one action changes, even if everything that a search finds is selected."""
MAX_RECORDS_NAMED = 50
"""Maximum number of records that the confirmation page lists by name."""


@dataclass(frozen=True)
class Decision:
    """What an action does with each selected record, and the sentences about it, in which {} is a number of records."""

    action: str
    """The name of the admin action, to which the confirmation page posts back."""
    apply: Callable[[Any, Any], object]
    """(record, user) → true if the record was changed."""
    done: str
    """The sentence about the records that were changed."""
    skipped: str
    """Why the other records were not changed."""
    question: str = ""
    """The question to confirm first, or "" if the action runs without asking."""


def run_decision(
    model_admin: ModelAdmin, request: HttpRequest, queryset: QuerySet, decision: Decision
) -> TemplateResponse | None:
    """Apply a decision to each selected record. Return the confirmation page if one is needed, otherwise None."""
    if (records := select_records(model_admin, request, queryset)) is None:
        return None
    if decision.question and not is_confirmed(request):
        question = decision.question.format(format_count(len(records), model_admin.opts))
        return render_confirmation(model_admin, request, decision.action, records, question)
    changed, refusals = 0, []
    for record in records:
        try:
            changed += bool(decision.apply(record, request.user))
        except SpendingRefused as problem:
            refusals.append(f"{record}: {problem}")
    if changed or not refusals:
        skipped = len(records) - changed - len(refusals)
        show_result(model_admin, request, result_message(decision, changed, skipped, model_admin.opts), bool(changed))
    for refusal in refusals[:MAX_RECORDS_NAMED]:
        show_warning(model_admin, request, refusal)
    return None


def result_message(decision: Decision, changed: int, skipped: int, opts: Options) -> str:
    """Return how many records a decision changed, and why it skipped the others."""
    sentences = [decision.done.format(format_count(changed, opts))] if changed or not skipped else []
    if skipped:
        sentences.append(f"Skipped {format_count(skipped, opts)}: {decision.skipped}")
    return " ".join(sentences)


def select_records(model_admin: ModelAdmin, request: HttpRequest, queryset: QuerySet) -> list[Any] | None:
    """Return the selected records, ordered by primary key.

    If there are more than MAX_RECORDS, show a warning and return None.

    Once the question has been confirmed, return the records that it was about. Each batch gets the number of attempts
    that it had when the question was asked.
    """
    if is_confirmed(request):
        return load_confirmed(model_admin.get_queryset(request), request.POST["confirmed"])
    # Load the records in the order of the page, which an index supports, and sort only these few.
    records = list(queryset[: MAX_RECORDS + 1])
    if len(records) <= MAX_RECORDS:
        return sorted(records, key=lambda record: record.pk)
    limit = format_count(MAX_RECORDS, model_admin.opts)
    show_warning(model_admin, request, f"No changes were made: please select at most {limit}.")
    return None


def is_confirmed(request: HttpRequest) -> bool:
    return "confirmed" in request.POST


def load_confirmed(queryset: QuerySet, text: str) -> list[Any]:
    """Return the records that a confirmation names. `text` is a JSON object of primary key → attempts.

    Each batch gets the number of attempts that it had when the question was asked, so an outdated decision changes
    nothing.
    """
    try:
        attempts = {str(pk): count for pk, count in list(json.loads(text).items())[:MAX_RECORDS]}
    except (ValueError, AttributeError, RecursionError):
        return []
    records = list(queryset.filter(pk__in=[pk for pk in attempts if read_key(pk)]).order_by("pk"))
    for record in records:
        if hasattr(record, "attempts"):
            record.attempts = read_key(str(attempts[str(record.pk)])) or 0
    return records


def render_confirmation(
    model_admin: ModelAdmin, request: HttpRequest, action: str, records: list[Any], question: str, **fields: Any
) -> TemplateResponse:
    """Render the confirmation page, which lists the records. Confirming it posts `fields` back to the same action."""
    confirmed = json.dumps({record.pk: getattr(record, "attempts", 0) for record in records})
    selected = records[0].pk if records else 0
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Are you sure?",
        "question": question,
        "opts": model_admin.opts,
        "named": records[:MAX_RECORDS_NAMED],
        "unnamed_count": len(records) - MAX_RECORDS_NAMED,
        "hidden": {"action": action, "confirmed": confirmed, ACTION_CHECKBOX_NAME: selected} | fields,
    }
    return TemplateResponse(request, "admin/confirm.html", context)


def rerun(model_admin: ModelAdmin, request: UserRequest, items: ItemQuerySet, selected_count: int) -> None:
    """Re-run items, as the portal does. `selected_count` is how many people were selected."""
    try:
        rerun_count = jobs.rerun(items, request.user).total()
    except SpendingRefused as problem:
        show_warning(model_admin, request, str(problem))
    else:
        message = rerun_message(rerun_count, selected_count - rerun_count)
        show_result(model_admin, request, message, bool(rerun_count))


def show_result(model_admin: ModelAdmin, request: HttpRequest, message: str, is_success: bool) -> None:
    model_admin.message_user(request, message, messages.SUCCESS if is_success else messages.WARNING)


def show_warning(model_admin: ModelAdmin, request: HttpRequest, message: str) -> None:
    model_admin.message_user(request, message, messages.WARNING)


def format_count(count: int, opts: Options) -> str:
    """Return a number of records with its noun, as in `1 list` or `2 lists`."""
    return f"{count:,} {opts.verbose_name if count == 1 else opts.verbose_name_plural}"
