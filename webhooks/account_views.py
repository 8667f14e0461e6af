"""Settings → Vendor accounts: the accounts with the vendor. The key of the default one is set on the server."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.rights import Right, require
from batches.models import SendingBlock, VendorAccount
from batches.reports import account_use
from batches.tracing import vendor_accounts
from batches.tracing.vendor_accounts import KeyInUse
from batches.tracing.vendor_keys import list_keys
from batches.user_request import UserRequest
from webhooks import vendor_key
from webhooks.account_forms import DetailsForm, KeyForm, NewAccountForm
from webhooks.models import KeyCheck


def account_list(request: UserRequest) -> HttpResponse:
    require(request.user, Right.ADMINISTER)
    return render(request, "vendor_accounts/list.html", {"uses": account_use.load_uses(timezone.now())})


def add_account(request: UserRequest) -> HttpResponse:
    require(request.user, Right.ADMINISTER)
    form = NewAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            account = vendor_accounts.add(form.details, form.cleaned_data["key"], request.user)
        except KeyInUse as problem:
            form.add_error("key", str(problem))
        else:
            messages.success(request, f"Added “{account}”. The lists of its teams are sent over it from now on.")
            ask_vendor(request, account)
            return redirect(account)
    return render(request, "vendor_accounts/new.html", {"form": form}, status=422 if form.errors else 200)


def account_page(request: UserRequest, pk: int) -> HttpResponse:
    """Show an account, with a form to change it."""
    account = find_account(request, pk)
    form = DetailsForm(request.POST or None, instance=account)
    if request.method == "POST" and form.is_valid():
        vendor_accounts.change(account, form.details, request.user)
        messages.success(request, "Saved.")
        return redirect(account)
    check = vendor_key.find_check(account)
    context = {
        "account": account,
        "awaited": account_use.count_awaited()[pk],
        "form": form,
        "blocks": SendingBlock.objects.in_force(timezone.now()).filter(account=pk),
        "is_readable": bool(list_keys(account)),
        "check": check,
        "problem": vendor_key.describe_problem(check),
        "is_only_of": list_only_account_of(account),
    }
    return render(request, "vendor_accounts/page.html", context, status=422 if form.errors else 200)


def list_only_account_of(account: VendorAccount) -> list[str]:
    """Return the names of the teams that have no other account in use."""
    with_others = VendorAccount.objects.active().exclude(pk=account.pk).values("teams")
    return [team.name for team in account.teams.exclude(pk__in=with_others.filter(teams__isnull=False))]


def replace_key(request: UserRequest, pk: int) -> HttpResponse:
    account = find_account(request, pk)
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            is_replaced = vendor_accounts.replace_key(account, form.cleaned_data["key"], request.user)
        except KeyInUse as problem:
            form.add_error("key", str(problem))
        else:
            account.refresh_from_db()
            if is_replaced:
                messages.success(request, "Key replaced. Deliveries may still carry the one before.")
                ask_vendor(request, account)
            else:
                messages.warning(request, "Somebody else has just replaced the key. Yours was not saved.")
            return redirect(account)
    context = {"account": account, "form": form}
    return render(request, "vendor_accounts/key.html", context, status=422 if form.errors else 200)


def ask_vendor(request: UserRequest, account: VendorAccount) -> None:
    """Ask the vendor about the key of an account, which takes at most a few seconds. Say so if it is refused."""
    check = vendor_key.ask_vendor(account)
    if check.result == KeyCheck.Result.REFUSED:
        messages.warning(request, "The vendor refuses this key.")


@require_POST
def end_earlier_key(request: UserRequest, pk: int) -> HttpResponse:
    account = find_account(request, pk)
    if vendor_accounts.end_earlier_key(account, request.user):
        messages.success(request, "Deliveries with the earlier key are refused from now on.")
    return redirect(account)


@require_POST
def hold(request: UserRequest, pk: int) -> HttpResponse:
    account = find_account(request, pk)
    vendor_accounts.hold(account, request.user)
    messages.success(request, "Nothing is sent over this account until sending is unblocked.")
    return redirect(account)


@require_POST
def retire(request: UserRequest, pk: int) -> HttpResponse:
    account = find_account(request, pk)
    if vendor_accounts.retire(account, request.user):
        messages.success(request, "Account retired. Results for what was sent over it are still received.")
    return redirect(account)


@require_POST
def reinstate(request: UserRequest, pk: int) -> HttpResponse:
    account = find_account(request, pk)
    if vendor_accounts.reinstate(account, request.user):
        messages.success(request, "The lists of its teams are sent over this account again.")
    return redirect(account)


def find_account(request: UserRequest, pk: int) -> VendorAccount:
    """Return an account for a user who may change it. Otherwise raise RightMissing or Http404."""
    require(request.user, Right.ADMINISTER)
    return get_object_or_404(VendorAccount, pk=pk)
