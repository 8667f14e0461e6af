"""Admin actions that change records: they ask first if money may be spent, and report what changed and what did not."""

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
from batches.tracing.limits import OverLimit
from batches.user_request import UserRequest

MAX_RECORDS = 1000
"""Maximum number of records that one action changes, also if everything that a search finds is selected."""
MAX_RECORDS_NAMED = 50
"""Maximum number of records that the confirmation page lists by name."""


@dataclass(frozen=True)
class Decision:
    """What an action does with each selected record. Sentences contain {} for the number of records."""

    action: str
    """The admin action's name; the confirmation page posts back to it."""
    apply: Callable[[Any, Any], object]
    """(record, user) → true if the record was changed."""
    done: str
    skipped: str
    """Why the other records were not changed."""
    question: str = ""
    """If empty, the action runs without asking."""


def run_decision(
    model_admin: ModelAdmin, request: HttpRequest, queryset: QuerySet, decision: Decision
) -> TemplateResponse | None:
    """Apply a decision to each selected record. Return the page that asks first, or None once it is applied."""
    if (records := select_records(model_admin, request, queryset)) is None:
        return None
    if decision.question and not is_confirmed(request):
        question = decision.question.format(format_count(len(records), model_admin.opts))
        return confirmation_page(model_admin, request, decision.action, records, question)
    changed, refusals = 0, []
    for record in records:
        try:
            changed += bool(decision.apply(record, request.user))
        except OverLimit as problem:
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
    """Return the selected records by primary key; None, with a warning, if they are more than MAX_RECORDS.

    Once confirmed, return the records that the question was about, each with the attempts it had then.
    """
    if is_confirmed(request):
        return load_confirmed(model_admin.get_queryset(request), request.POST["confirmed"])
    # In the order of the page: that is the one with an index.
    records = list(queryset[: MAX_RECORDS + 1])
    if len(records) <= MAX_RECORDS:
        return sorted(records, key=lambda record: record.pk)
    limit = format_count(MAX_RECORDS, model_admin.opts)
    show_warning(model_admin, request, f"No changes were made: please select at most {limit}.")
    return None


def is_confirmed(request: HttpRequest) -> bool:
    return "confirmed" in request.POST


def load_confirmed(queryset: QuerySet, text: str) -> list[Any]:
    """Return the records of a JSON object from primary keys to attempts.

    A batch keeps the attempts that the question showed, so a decision about an earlier attempt changes nothing.
    """
    try:
        attempts = {str(pk): number for pk, number in list(json.loads(text).items())[:MAX_RECORDS]}
    except (ValueError, AttributeError, RecursionError):
        return []
    records = list(queryset.filter(pk__in=[pk for pk in attempts if read_key(pk)]).order_by("pk"))
    for record in records:
        if hasattr(record, "attempts"):
            record.attempts = read_key(str(attempts[str(record.pk)])) or 0
    return records


def confirmation_page(
    model_admin: ModelAdmin, request: HttpRequest, action: str, records: list[Any], question: str, **fields: Any
) -> TemplateResponse:
    """Render the page that asks and names the records. The answer posts `fields` back to the same action."""
    confirmed = json.dumps({record.pk: getattr(record, "attempts", 0) for record in records})
    selected = records[0].pk if records else 0
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Are you sure?",
        "question": question,
        "opts": model_admin.opts,
        "named": records[:MAX_RECORDS_NAMED],
        "more": len(records) - MAX_RECORDS_NAMED,
        "hidden": {"action": action, "confirmed": confirmed, ACTION_CHECKBOX_NAME: selected} | fields,
    }
    return TemplateResponse(request, "admin/confirm.html", context)


def rerun(model_admin: ModelAdmin, request: UserRequest, items: ItemQuerySet, selected: int) -> None:
    """Re-run items, as the portal does. `selected` is how many people were selected."""
    try:
        rerun_count = jobs.rerun(items, request.user).total()
    except OverLimit as problem:
        show_warning(model_admin, request, str(problem))
    else:
        message = rerun_message(rerun_count, selected - rerun_count)
        show_result(model_admin, request, message, bool(rerun_count))


def show_result(model_admin: ModelAdmin, request: HttpRequest, message: str, is_success: bool) -> None:
    model_admin.message_user(request, message, messages.SUCCESS if is_success else messages.WARNING)


def show_warning(model_admin: ModelAdmin, request: HttpRequest, message: str) -> None:
    model_admin.message_user(request, message, messages.WARNING)


def format_count(number: int, opts: Options) -> str:
    """Return a number of records with their name, as in `1 list` or `2 lists`."""
    return f"{number:,} {opts.verbose_name if number == 1 else opts.verbose_name_plural}"
