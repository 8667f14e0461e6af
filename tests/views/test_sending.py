"""Settings → Sending: what is blocked and why, unblocking with a reason, and the limits."""

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, AuditKind
from accounts.rights import Role
from batches.models import SendingBlock
from tests.support.pages import read_page, read_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(client, make_user):
    client.force_login(make_user("erin", Role.LEAD))
    return client


@pytest.fixture
def block():
    return SendingBlock.objects.create(reason="The vendor does not accept the API key.")


def test_the_page_says_that_sending_is_not_blocked(lead):
    assert "Sending is not blocked." in read_page(lead.get("/settings/sending/"))


def test_a_block_is_shown_with_its_reason_once(lead, block):
    assert read_page(lead.get("/settings/sending/")).count(block.reason) == 1


def test_a_lead_unblocks_sending_and_says_why(lead, block):
    address = f"/settings/sending/{block.pk}/unblock/"
    assert lead.post(address, {"why": "New key set on all hosts."}).url == "/settings/sending/"
    block.refresh_from_db()
    assert block.unblocked_by.username == "erin"
    entry = AuditEntry.objects.get(kind=AuditKind.SENDING_UNBLOCKED)
    assert (entry.user.username, entry.detail) == ("erin", f"Sending block {block.pk}. New key set on all hosts.")
    assert any(
        row.startswith(block.reason) and row.endswith("erin") for row in read_rows(lead.get("/settings/sending/"))
    )


def test_without_a_reason_sending_stays_blocked(lead, block):
    response = lead.post(f"/settings/sending/{block.pk}/unblock/", {"why": " "})
    assert response.status_code == 422
    block.refresh_from_db()
    assert block.unblocked_at is None
    assert not AuditEntry.objects.filter(kind=AuditKind.SENDING_UNBLOCKED).exists()


def test_unblocking_twice_is_recorded_once(lead, block):
    for _ in range(2):
        lead.post(f"/settings/sending/{block.pk}/unblock/", {"why": "New key."})
    assert AuditEntry.objects.filter(kind=AuditKind.SENDING_UNBLOCKED).count() == 1


def test_a_block_that_has_ended_by_itself_is_listed_as_an_earlier_one(lead):
    SendingBlock.objects.create(reason="The daily limit is reached.", until=timezone.now())
    rows = read_rows(lead.get("/settings/sending/"))
    assert any(row.startswith("The daily limit is reached.") and row.endswith("skipportal") for row in rows)


def test_the_limits_are_shown_with_what_is_left(lead, settings):
    settings.DAILY_CREDIT_LIMIT, settings.PRICE_PER_CREDIT, settings.UPLOAD_CREDIT_LIMIT = 5000, 0.12, 0
    rows = read_rows(lead.get("/settings/sending/"))
    assert "All lists in one day (UTC) $600.00 5,000 credits $600.00 5,000 credits DAILY_CREDIT_LIMIT" in rows
    assert "One list No limit — UPLOAD_CREDIT_LIMIT" in rows
