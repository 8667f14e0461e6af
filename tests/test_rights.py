"""Every role may use the addresses that docs/rights.md says, and no others."""

import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from accounts.encryption import encrypt
from accounts.models import Team
from accounts.rights import ROLE_RIGHTS, Right, Role
from accounts.sign_in import is_button
from api.models import ApiToken
from api.routes import api
from batches.action_rights import ACTION_RIGHTS
from batches.intake import problem_groups
from batches.models import (
    CallOutcome,
    ErasureRequest,
    Export,
    ExportLayout,
    LoadedFile,
    MatchDecision,
    Purpose,
    SavedView,
    ScrubSource,
    SendingBlock,
    SharedSelection,
    Suppression,
    Upload,
    VendorAccount,
)
from notices.models import Notice
from tests.exports.test_files import write_export
from tests.factories import people, person, to_csv
from webhooks.models import DeliveryKind, Endpoint, UnmatchedDelivery
from webhooks.outbound.events import make_test_message

pytestmark = pytest.mark.django_db
DOCUMENT = (Path(__file__).parent.parent / "docs" / "rights.md").read_text()
RIGHTS = {
    "any user": None,
    "see lists": Right.SEE_LISTS,
    "see contact details": Right.SEE_CONTACTS,
    "upload": Right.UPLOAD,
    "start": Right.START,
    "decide": Right.DECIDE,
    "export": Right.EXPORT,
    "change the do-not-contact list": Right.SUPPRESS,
    "approve": Right.APPROVE,
    "administer": Right.ADMINISTER,
}
ROLES = [*Role, None]
OTHERS = ("login/", "logout/", "^login/", "oidc/", "settings/security/", "welcome/", "strays/", "admin/", "api/v1/")
"""Beginnings of the addresses that the document describes outside its tables."""
MONITORING = {"healthz", "livez", "readyz", "metrics"}


def read_table(heading):
    section = DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return {address: RIGHTS[right] for address, right in re.findall(r"^\| `(.+?)` \| (.+?) \|$", section, re.MULTILINE)}


def find_pages(patterns=None, prefix=""):
    for pattern in patterns or get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if route.startswith(OTHERS):
            continue
        if not isinstance(pattern, URLPattern):
            yield from find_pages(pattern.url_patterns, route)
        elif pattern.name not in MONITORING:
            yield "/" + re.sub(r"<\w+:(\w+)>", r"<\1>", route)


def test_every_page_is_in_the_table_once():
    assert sorted(find_pages()) == sorted(read_table("Pages"))


def test_every_operation_of_the_api_is_in_the_table_once():
    paths = api.get_openapi_schema()["paths"]
    operations = [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]
    assert sorted(operations) == sorted(read_table("API"))


@pytest.fixture
def records(finish_upload, make_user, alice):
    """Return part of an address → what it stands for: the ids of a list of the team Herndon and of other records."""
    upload = finish_upload([*people(12), person(99, State="Atlantis")], name="herndon-roll.csv")
    batch = upload.batches.get()
    problem = problem_groups.list_problems(upload)[0]
    delivery = UnmatchedDelivery.objects.create(kind=DeliveryKind.ITEM, token=batch.token, reason="Odd.", body=b"{}")
    block = SendingBlock.objects.create(reason="The key is refused.")
    message = make_test_message(Endpoint.objects.create(url="https://hooks.example.com/"), timezone.now())
    message.save()
    write_export(upload)
    entry = Suppression.objects.create(kind="phone", key="7035550148", label="7035550148")
    keys = {
        "uploads": upload.pk,
        "batches": batch.pk,
        "items": upload.items.first().pk,
        "outcomes": CallOutcome.objects.create(item=upload.items.first(), number=7035550148, outcome="no_answer").pk,
        "match-decisions": MatchDecision.objects.create(item=upload.items.first(), verdict="same").pk,
        "link": "no-such-link",
        "key": problem.key,
        "correction": 1,
        "name": "itemtable",
        "unmatched": delivery.pk,
        "suppressions": entry.pk,
        "do-not-contact": entry.pk,
        "loaded-files": LoadedFile.objects.create(kind="outcomes", filename="calls.csv").pk,
        "scrubs": ScrubSource.objects.create(kind="registry", name="Registry", as_of="2026-11-01").pk,
        "exports": Export.objects.latest("pk").pk,
        "layouts": ExportLayout.objects.create(name="Ours", columns=[["Phone", "phone"]], per="phone").pk,
        "sending-blocks": block.pk,
        "sending": block.pk,
        "endpoints": message.endpoint_id,
        "message": message.pk,
        "forget": ErasureRequest.objects.create().pk,
        "users": make_user("zoe", Role.MEMBER).pk,
        "teams": Team.objects.create(name="East").pk,
        "vendor-accounts": VendorAccount.objects.create(name="East", encrypted_key=encrypt("the-key-of-east")).pk,
        "purposes": Purpose.objects.first().pk,
    }
    return keys


def fill(route, keys, user):
    """Return the address of a route, filled with `keys`."""
    folder = re.split(r"/[<{]pk", route)[0].rpartition("/")[2]
    if folder == "notices":
        keys = keys | {"notices": Notice.objects.create(user=user, kind="complete", subject=1, at=timezone.now()).pk}
    if folder == "views":
        view, _ = SavedView.objects.get_or_create(user=user, table="uploadtable", name="Mine")
        keys = keys | {"views": view.pk}
    if folder == "shared":
        keys = keys | {"shared": SharedSelection.objects.create(made_by=user).pk}
    if folder == "tokens":
        keys = keys | {"tokens": ApiToken.objects.create_with_secret(user, "Nightly run")[0].pk}
    address = re.sub(r"[<{]pk[>}]", str(keys.get(folder, "")), route)
    return re.sub(r"<(\w+)>", lambda name: str(keys[name[1]]), address)


def open_page(client, address):
    """Open a page, or press its button, and undo what that has changed. Return the status."""
    with transaction.atomic():
        response = client.post(address) if is_button(address) else client.get(address)
        status = response.status_code
        if response.streaming:
            list(response.streaming_content)
        transaction.set_rollback(True)
    return status


def try_pages(client, user, keys, table):
    client.force_login(user)
    return {route: open_page(client, fill(route, keys, user)) for route in table}


def call(client, operation, keys, user, headers):
    """Call an operation of the API, and undo what that has changed. Return the status."""
    method, _, route = operation.partition(" ")
    address = fill(route, keys, user) + ("?q=ada" if route.endswith("find") else "")
    data = {"file": SimpleUploadedFile("people.csv", to_csv(people(2)))} if operation.endswith("/uploads") else {}
    options = {} if data else {"content_type": "application/json"}
    with transaction.atomic():
        if method == "GET":
            response = client.get(address, headers=headers)
        else:
            response = getattr(client, method.lower())(address, data, headers=headers, **options)
        transaction.set_rollback(True)
    return response.status_code


def try_operations(client, user, keys, table):
    _, secret = ApiToken.objects.create_with_secret(user, "Nightly run")
    headers = {"Authorization": f"Bearer {secret}"}
    return {operation: call(client, operation, keys, user, headers) for operation in table}


def is_allowed(role, right):
    return right is None or right in ROLE_RIGHTS.get(role, [])


@pytest.mark.parametrize("role", ROLES)
def test_members_of_the_team_may_do_what_their_role_allows(client, make_user, records, role):
    user = make_user("erin", *filter(None, [role]))
    pages, operations = read_table("Pages"), read_table("API")
    statuses = try_pages(client, user, records, pages) | try_operations(client, user, records, operations)
    table = pages | operations
    allowed = {address for address, status in statuses.items() if status not in (401, 403, 404, 405)}
    assert allowed == {address for address, right in table.items() if is_allowed(role, right)}
    # A user without any right does not even see the list.
    if role:
        assert {statuses[address] for address in set(table) - allowed} <= {403}
    assert not {status for status in statuses.values() if status >= 500}


ABOUT_A_LIST = r"/(uploads|batches|items|unmatched)/[<{]pk"


@pytest.mark.parametrize("role", ROLES)
def test_only_administrators_find_the_lists_of_another_team(client, make_user, records, role):
    user = make_user("erin", *filter(None, [role]), team="Fairfax")
    pages = [route for route in read_table("Pages") if re.search(ABOUT_A_LIST, route)]
    operations = [route for route in read_table("API") if re.search(ABOUT_A_LIST, route)]
    found = try_pages(client, user, records, pages)
    if role == Role.ADMINISTRATOR:
        assert not {404, 403} & set(found.values())
        return
    assert {route: status for route, status in found.items() if status != 404} == {}
    called = try_operations(client, user, records, operations)
    assert {operation for operation, status in called.items() if status not in (403, 404)} == set()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER, Role.LEAD])
def test_pages_about_all_lists_leave_out_those_of_other_teams(client, make_user, records, role):
    client.force_login(make_user("erin", role, team="Fairfax"))
    name, street = "herndon-roll", "12 Oak St"
    for address in ("/", "/uploads/", "/batches/", "/items/", "/exports/", "/scorecards/?by=list", "/reconciliation/"):
        page = client.get(address).content.decode()
        assert name not in page, address
        assert street not in page, address
    if role != Role.VIEWER:
        assert f"/items/{records['items']}/" not in client.get("/find/?q=abbott").content.decode()


def test_leads_of_all_teams_see_lists_from_the_shell(client, make_user, make_upload):
    upload = make_upload(people(2), user=None)
    lead, member = make_user("erin", Role.LEAD), make_user("frank", Role.MEMBER)
    assert upload.team is None
    for user, status in ((lead, 200), (member, 404)):
        client.force_login(user)
        assert client.get(f"/uploads/{upload.pk}/").status_code == status


def test_a_user_in_no_team_sees_only_their_own_lists(client, make_user, make_upload):
    erin = make_user("erin", Role.MEMBER, team=None)
    own, other = make_upload(people(2), user=erin), make_upload(people(2))
    client.force_login(erin)
    assert client.get(f"/uploads/{own.pk}/").status_code == 200
    assert client.get(f"/uploads/{other.pk}/").status_code == 404


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("team", ["Herndon", None])
def test_one_list_and_a_query_for_lists_follow_the_same_rule(make_user, make_upload, role, team):
    user = make_user("erin", *filter(None, [role]), team=team)
    lists = [make_upload(people(2)), make_upload(people(2), user=None)]
    lists.append(Upload.objects.create(name="Own", created_by=user))
    visible = set(Upload.objects.visible_to(user))
    assert {upload for upload in lists if upload.is_visible_to(user)} == visible


def test_buttons_are_left_out_by_the_rights_of_their_addresses():
    patterns = {
        pattern.name: "/" + re.sub(r"<\w+:(\w+)>", r"<\1>", str(pattern.pattern)) for pattern in find_patterns()
    }
    table = read_table("Pages")
    assert {name: table[patterns[name]] for name in ACTION_RIGHTS} == ACTION_RIGHTS


def find_patterns():
    """Yield the URL patterns of the pages, none of which are in folders of their own."""
    for resolver in get_resolver().url_patterns:
        if not isinstance(resolver, URLPattern) and not str(resolver.pattern):
            yield from (pattern for pattern in resolver.url_patterns if isinstance(pattern, URLPattern))
