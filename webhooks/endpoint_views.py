"""Settings → Endpoints: the systems that we notify, how each attempt went, and what to do if one fails."""

from datetime import datetime, timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.rights import Right, require
from batches.models import Upload
from batches.nouns import noun_for
from batches.user_request import UserRequest
from webhooks.models import Attempt, Endpoint, Message
from webhooks.outbound import endpoints
from webhooks.outbound.forms import ConfirmedReplayForm, NewEndpointForm, ReplayForm

PAGE_SIZE = 50
"""Attempts on one page."""
DEFAULT_REPLAY = timedelta(days=1)
"""How far back a replay goes unless the administrator enters another time."""


def endpoint_list(request: UserRequest) -> HttpResponse:
    require(request.user, Right.ADMINISTER)
    rows = [(endpoint, endpoints.find_state(endpoint)) for endpoint in endpoints.with_state(timezone.now())]
    return render(request, "endpoints/list.html", {"rows": rows, "days": endpoints.COUNTED_PERIOD.days})


@never_cache
def add_endpoint(request: UserRequest) -> HttpResponse:
    """Add an endpoint, and show its secret, which will not be shown again."""
    require(request.user, Right.ADMINISTER)
    form = NewEndpointForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        endpoint = endpoints.add(request.user, form.cleaned_data["url"])
        return show_secret(request, endpoint, is_new=True)
    return render(request, "endpoints/new.html", {"form": form}, status=422 if form.errors else 200)


def show_secret(request: UserRequest, endpoint: Endpoint, is_new: bool) -> HttpResponse:
    """Show a new secret on a page of its own. A message would not do, because it is kept in a cookie."""
    context = {"endpoint": endpoint, "is_new": is_new}
    return render(request, "endpoints/secret.html", context, status=201 if is_new else 200)


def endpoint_page(request: UserRequest, pk: int) -> HttpResponse:
    """Show an endpoint with its attempts, newest first."""
    require(request.user, Right.ADMINISTER)
    now = timezone.now()
    endpoint = get_object_or_404(endpoints.with_state(now), pk=pk)
    attempts = Attempt.objects.filter(endpoint=endpoint).select_related("message__upload")
    only_failed = "failed" in request.GET
    if only_failed:
        attempts = attempts.exclude(problem="")
    page = Paginator(attempts, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "endpoint": endpoint,
        "state": endpoints.find_state(endpoint),
        "days": endpoints.COUNTED_PERIOD.days,
        "rows": endpoints.make_rows(list(page), now),
        "page": page,
        "only_failed": only_failed,
        "next_message": next_waiting(endpoint),
        "form": ReplayForm(initial={"since": timezone.localtime(now - DEFAULT_REPLAY).strftime("%Y-%m-%dT%H:%M")}),
    }
    return render(request, "endpoints/page.html", context)


def next_waiting(endpoint: Endpoint) -> Message | None:
    """Return the message that is due next, if any is waiting."""
    return endpoint.messages.filter(status=Message.Status.WAITING).order_by("next_try_at").first()


@require_POST
def send_test(request: UserRequest, pk: int) -> HttpResponse:
    endpoint = find_endpoint(request, pk)
    endpoints.send_test(request.user, endpoint)
    messages.success(request, "Test message created. It is sent within seconds: reload this page to see the result.")
    return redirect("endpoint", pk=endpoint.pk)


@never_cache
@require_POST
def replace_secret(request: UserRequest, pk: int) -> HttpResponse:
    endpoint = find_endpoint(request, pk)
    endpoints.replace_secret(request.user, endpoint)
    return show_secret(request, endpoint, is_new=False)


@require_POST
def turn_on(request: UserRequest, pk: int) -> HttpResponse:
    endpoints.set_active(request.user, find_endpoint(request, pk), True)
    messages.success(request, "Endpoint turned on.")
    return redirect("endpoint", pk=pk)


@require_POST
def turn_off(request: UserRequest, pk: int) -> HttpResponse:
    endpoints.set_active(request.user, find_endpoint(request, pk), False)
    messages.success(request, "Endpoint turned off. Nothing is sent to it.")
    return redirect("endpoint", pk=pk)


@require_POST
def send_again(request: UserRequest, pk: int, message: int) -> HttpResponse:
    endpoint = find_endpoint(request, pk)
    chosen = get_object_or_404(Message.objects.select_related("endpoint"), pk=message, endpoint=endpoint)
    if endpoints.send_again(request.user, chosen):
        messages.success(request, "The message is sent within seconds: reload this page to see the result.")
    else:
        messages.info(request, "The message is being sent already.")
    return redirect("endpoint", pk=pk)


def replay(request: UserRequest, pk: int) -> HttpResponse:
    """Say how many messages would be sent again since a time. On POST, send them."""
    endpoint = find_endpoint(request, pk)
    if request.method == "POST":
        return replay_confirmed(request, endpoint)
    form = ReplayForm(request.GET)
    context = {"endpoint": endpoint, "form": form}
    if form.is_valid():
        context |= count_replayable(endpoint, form.cleaned_data["since"])
    return render(request, "endpoints/replay.html", context, status=422 if form.errors else 200)


def count_replayable(endpoint: Endpoint, since: datetime) -> dict[str, object]:
    replayable = endpoints.find_replayable(endpoint, since)
    newest = replayable.order_by("-pk").values_list("pk", flat=True).first()
    return {"since": since, "count": replayable.count(), "newest": newest, "sample": find_lists(replayable)}


def find_lists(messages_to_send: object) -> list[Upload]:
    """Return the lists of the newest of these messages."""
    newest = messages_to_send.select_related("upload").order_by("-pk")[:5]  # type: ignore[attr-defined]
    return [message.upload for message in newest]


def replay_confirmed(request: UserRequest, endpoint: Endpoint) -> HttpResponse:
    form = ConfirmedReplayForm(request.POST)
    if not form.is_valid():
        return render(request, "endpoints/replay.html", {"endpoint": endpoint, "form": form}, status=422)
    count = endpoints.replay(request.user, endpoint, form.cleaned_data["since"], form.cleaned_data["newest"])
    verb = "is" if count == 1 else "are"
    messages.success(request, f"{count:,} {noun_for(count, 'message')} {verb} being sent again.")
    return redirect("endpoint", pk=endpoint.pk)


def find_endpoint(request: UserRequest, pk: int) -> Endpoint:
    """Return an endpoint for a user who may change it. Otherwise raise RightMissing or Http404."""
    require(request.user, Right.ADMINISTER)
    return get_object_or_404(Endpoint, pk=pk)
