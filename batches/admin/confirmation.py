"""Actions that decide: they ask where money may be spent, make the portal's moves, and say what became of each."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.template.response import TemplateResponse

from batches import jobs
from batches.keys import read_key

MOST = 1000
"""Records that are decided about at once, also where all that a search finds are chosen."""
NAMED = 50
"""Records that the question names."""


@dataclass(frozen=True)
class Decision:
    """What an action does with each record that is chosen."""

    name: str
    """The action's, by which the answer to its question finds it again."""
    move: Callable
    """(record, user) → true if it was made."""
    done: str
    why_not: str
    question: str = ""
    """None is asked where it is empty."""


def decide(model_admin, request, queryset, decision):
    """Make one decision about each of the chosen. Return the page with its question, or None once it is made."""
    if (chosen := choose(model_admin, request, queryset)) is None:
        return None
    if decision.question and not is_confirmed(request):
        question = decision.question.format(count(chosen, model_admin.opts))
        return ask(model_admin, request, decision.name, chosen, question)
    moved = sum(bool(decision.move(record, request.user)) for record in chosen)
    tell(model_admin, request, (moved, decision.done), (len(chosen) - moved, decision.why_not))
    return None


def choose(model_admin, request, queryset):
    """Return the chosen records in order of their numbers; None, with a message, if they are more than MOST.

    Once confirmed they are those that the question was about, each as it stood then.
    """
    if is_confirmed(request):
        return read_confirmed(model_admin.get_queryset(request), request.POST["confirmed"])
    # In the page's own order, for which there is an index.
    chosen = list(queryset[: MOST + 1])
    if len(chosen) <= MOST:
        return sorted(chosen, key=lambda record: record.pk)
    warn(
        model_admin,
        request,
        f"Nothing was done: choose at most {MOST:,} {model_admin.opts.verbose_name_plural} at once.",
    )
    return None


def is_confirmed(request):
    return "confirmed" in request.POST


def read_confirmed(queryset, text):
    """Return the records of `pk:attempts pk:attempts …`; a batch tried again since is decided about as it was shown."""
    tries = dict(part.partition(":")[::2] for part in text.split()[:MOST])
    chosen = list(queryset.filter(pk__in=[pk for pk in tries if read_key(pk)]).order_by("pk"))
    for record in chosen:
        if hasattr(record, "attempts"):
            record.attempts = read_key(tries[str(record.pk)]) or 0
    return chosen


def ask(model_admin, request, name, chosen, question, **shown):
    """Render the page that asks and names the chosen; the answer returns to the same action, with what was `shown`."""
    stand = " ".join(f"{record.pk}:{getattr(record, 'attempts', 0)}" for record in chosen)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Are you sure?",
        "question": question,
        "opts": model_admin.opts,
        "named": chosen[:NAMED],
        "more": len(chosen) - NAMED,
        "hidden": {"action": name, "confirmed": stand, ACTION_CHECKBOX_NAME: chosen[0].pk if chosen else 0} | shown,
    }
    return TemplateResponse(request, "admin/confirm.html", context)


def rerun(model_admin, request, items, chosen):
    """Have items asked for once more, and planned; `chosen` is how many people were meant."""
    moved = jobs.rerun(items, request.user)
    why_not = "only missing people and errors of lists that are not cancelled can be re-run"
    tell(
        model_admin,
        request,
        (sum(moved.values()), "to be asked for once more"),
        (chosen - sum(moved.values()), why_not),
        of=items.model._meta,
    )


def tell(model_admin, request, done, left, of=None):
    """Say how many were changed, and why the others were not: pairs of number and words."""
    of = of or model_admin.opts
    said = [f"{count(done[0], of)} {done[1]}."] if done[0] or not left[0] else []
    said += [f"{count(left[0], of)} left alone: {left[1]}."] if left[0] else []
    model_admin.message_user(request, " ".join(said), messages.SUCCESS if done[0] else messages.WARNING)


def warn(model_admin, request, sentence):
    model_admin.message_user(request, sentence, messages.WARNING)


def count(records, of):
    """`1 list`, `2 lists`."""
    number = records if isinstance(records, int) else len(records)
    return f"{number:,} {of.verbose_name if number == 1 else of.verbose_name_plural}"
