"""Actions of the admin need permission and confirmation, are limited, and report what was done and skipped."""

import html
import json
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from accounts.rights import Role
from batches import jobs
from batches.admin import confirmation
from batches.models import Batch, EarlierAnswer, Event, Item, SendingBlock, Upload
from batches.statuses import BatchStatus, Outcome, UploadStatus
from batches.tracing import closing
from batches.tracing.lifecycle import transition_batch
from tests.admin.test_pages import admin_url
from tests.factories import answer_for, people
from tests.support.roles import get_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def enqueued(monkeypatch):
    """Return a list to which each job that is enqueued from now on is added, as (queue, *arguments)."""
    enqueued = []
    monkeypatch.setattr(jobs, "enqueue", lambda queue, function, *args: enqueued.append((queue, *args)))
    return enqueued


@pytest.fixture
def act(client, charlie):
    """Return a function that runs an action on records, confirms it if it has to be confirmed, and returns the page."""
    client.force_login(charlie)

    def act(action, *records, confirm=True, **fields):
        address = admin_url(type(records[0]))
        form = {"action": action, "index": 0, "_selected_action": [record.pk for record in records]}
        page = client.post(address, form | fields, follow=True)
        hidden = read_hidden(page)
        if "confirmed" in hidden and confirm:
            page = client.post(address, hidden, follow=True)
        return page

    return act


def read_hidden(page):
    """Return the hidden fields of a page that asks for confirmation."""
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode())
    return {name: html.unescape(value) for name, value in hidden}


def read_messages(page):
    return [str(message) for message in page.context["messages"]]


@pytest.fixture
def make_unconfirmed(start_upload):
    """Return a function that starts a list whose only batch is unconfirmed, and returns the batch."""

    def make(count_or_rows=12):
        batch = start_upload(count_or_rows).batches.get()
        transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
        transition_batch(batch.pk, BatchStatus.UNCONFIRMED, problem="No answer is stored.")
        return Batch.objects.get(pk=batch.pk)

    return make


@pytest.fixture
def make_missing(make_unconfirmed, alice):
    """Return a function that starts a list in which all people are missing, and returns the list."""

    def make(count_or_rows=12):
        batch = make_unconfirmed(count_or_rows)
        assert closing.close_manually(batch, alice)
        return batch.upload

    return make


# Lists


def test_running_lists_are_paused_and_others_are_skipped(act, start_upload, make_upload, charlie):
    running, ready = start_upload(12), make_upload(people(11, City="Reston"))
    page = act("pause", running, ready)
    assert read_messages(page) == [
        "Paused 1 list. Nothing more will be sent until you resume. Skipped 1 list: only running lists can be paused."
    ]
    running.refresh_from_db()
    ready.refresh_from_db()
    assert (running.status, ready.status) == (UploadStatus.PAUSED, UploadStatus.READY)
    assert running.events.get(what="paused").user == charlie


def test_a_list_is_resumed_only_after_confirmation(act, start_upload):
    upload = start_upload(12)
    act("pause", upload)
    page = act("resume", upload, confirm=False)
    assert "Resume 1 list? Sending may cost credits." in page.content.decode()
    upload.refresh_from_db()
    assert upload.status == UploadStatus.PAUSED
    assert read_messages(act("resume", upload)) == ["Resumed 1 list."]
    upload.refresh_from_db()
    assert upload.status == UploadStatus.RUNNING


def test_missing_people_of_lists_are_rerun_and_planned(act, make_missing, enqueued, charlie):
    upload = make_missing()
    page = act("rerun_missing", upload, confirm=False)
    assert "Re-run 12 people?" in page.content.decode()
    assert upload.items.filter(outcome=Outcome.MISSING).count() == 12
    assert read_messages(act("rerun_missing", upload)) == ["Re-running 12 people."]
    assert upload.items.filter(outcome=Outcome.PENDING, batch=None).count() == 12
    assert enqueued == [("planning", upload.pk)]
    assert upload.events.get(what="re-run").user == charlie


def test_no_more_missing_people_are_rerun_than_the_confirmation_named(act, client, make_missing, enqueued):
    upload = make_missing(people(20))
    others = Item.objects.filter(pk__in=list(upload.items.order_by("pk").values_list("pk", flat=True)[:8]))
    others.update(outcome=Outcome.MATCHED)
    hidden = read_hidden(act("rerun_missing", upload, confirm=False))
    assert hidden["people"] == "12"
    others.update(outcome=Outcome.MISSING)
    address = admin_url(Upload)
    for number in ("12", "", "x"):
        [message] = read_messages(client.post(address, hidden | {"people": number}, follow=True))
        assert message.startswith("No changes were made: since you opened this page, the number has grown")
    assert enqueued == []
    others.update(outcome=Outcome.MATCHED)
    Item.objects.filter(pk=upload.items.last().pk).update(outcome=Outcome.MATCHED)
    assert read_messages(client.post(address, hidden, follow=True)) == ["Re-running 11 people."]


def test_nobody_is_rerun_if_nobody_or_too_many_are_missing(act, make_missing, start_upload, enqueued, monkeypatch):
    assert read_messages(act("rerun_missing", start_upload(people(11, City="Reston")))) == [
        "No changes were made: nobody in these lists is missing."
    ]
    monkeypatch.setattr(confirmation, "MAX_RECORDS", 11)
    upload = make_missing()
    [message] = read_messages(act("rerun_missing", upload))
    assert message.startswith("No changes were made: more than 11 people are missing in")
    assert upload.items.filter(outcome=Outcome.MISSING).count() == 12
    assert enqueued == []


# Batches


def test_an_unconfirmed_batch_is_sent_again_after_confirmation(act, make_unconfirmed, charlie):
    batch = make_unconfirmed()
    page = act("send_again", batch, confirm=False)
    question = "Send 1 batch again? You will be charged twice for people the vendor has already received."
    assert question in page.content.decode()
    assert Batch.objects.get().status == BatchStatus.UNCONFIRMED
    assert read_messages(act("send_again", batch)) == ["Sending 1 batch again."]
    assert Batch.objects.get().status == BatchStatus.PLANNED
    assert Event.objects.get(what=Event.RESEND_REQUESTED).user == charlie


def test_a_batch_that_has_already_been_sent_again_is_skipped(act, make_unconfirmed, client):
    batch = make_unconfirmed()
    hidden = read_hidden(act("send_again", batch, confirm=False))
    Batch.objects.filter(pk=batch.pk).update(attempts=2)
    [message] = read_messages(client.post(admin_url(Batch), hidden, follow=True))
    assert message.startswith("Skipped 1 batch:")
    assert Batch.objects.get().status == BatchStatus.UNCONFIRMED


def test_a_batch_that_needs_no_decision_is_skipped(act, start_upload):
    batch = start_upload(12).batches.get()
    for action in ("send_again", "close"):
        [message] = read_messages(act(action, batch))
        assert message.startswith("Skipped 1 batch: not unconfirmed or refused")
    assert Batch.objects.get().status == BatchStatus.PLANNED


def test_a_batch_is_closed_after_confirmation(act, make_unconfirmed):
    batch = make_unconfirmed()
    assert "Close 1 batch?" in act("close", batch, confirm=False).content.decode()
    assert Batch.objects.get().status == BatchStatus.UNCONFIRMED
    [message] = read_messages(act("close", batch))
    assert message.startswith("Closed 1 batch.")
    assert Item.objects.filter(outcome=Outcome.MISSING).count() == 12


# People


def test_missing_people_and_errors_are_rerun_and_others_are_skipped(act, finish_upload, enqueued):
    upload = finish_upload(12, lambda item, position: answer_for(item, "error" if position < 2 else "matched"))
    failed, matched = upload.items.filter(outcome=Outcome.ERROR), upload.items.filter(outcome=Outcome.MATCHED)
    chosen = [*failed, matched.first()]
    assert "errors among 3 people?" in act("rerun", *chosen, confirm=False).content.decode()
    assert failed.count() == 2
    assert read_messages(act("rerun", *chosen)) == [
        "Re-running 2 people. "
        "Skipped 1 person: only missing people and errors in lists that are not cancelled can be re-run."
    ]
    assert upload.items.filter(outcome=Outcome.PENDING).count() == EarlierAnswer.objects.count() == 2
    assert enqueued == [("planning", upload.pk)]


def test_the_number_of_people_that_one_decision_is_about_is_limited(act, make_missing, enqueued, monkeypatch):
    monkeypatch.setattr(confirmation, "MAX_RECORDS", 11)
    item = make_missing().items.first()
    page = act("rerun", item, select_across=1)
    assert read_messages(page) == ["No changes were made: please select at most 11 people."]
    assert Item.objects.filter(outcome=Outcome.MISSING).count() == 12
    monkeypatch.setattr(confirmation, "MAX_RECORDS", 12)
    assert read_messages(act("rerun", item, select_across=1)) == ["Re-running 12 people."]


def test_a_confirmation_for_more_people_than_the_limit_applies_to_the_first_ones(
    act, make_missing, client, enqueued, monkeypatch
):
    monkeypatch.setattr(confirmation, "MAX_RECORDS", 5)
    items = make_missing().items.order_by("pk")
    invalid_entries = {"x": "y", "99999999999999": 1}
    confirmed = json.dumps(invalid_entries | {item.pk: 0 for item in items})
    form = {"action": "rerun", "_selected_action": items[0].pk, "confirmed": confirmed}
    client.post(admin_url(Item), form)
    # Of the first five entries, two are invalid.
    assert Item.objects.filter(outcome=Outcome.PENDING).count() == 5 - 2


@pytest.mark.parametrize("confirmed", ["", "x", "[]", "1", "null", "{}", '{"x": null}', "[" * 100_000])
def test_an_invalid_confirmation_changes_nothing(act, make_missing, client, enqueued, confirmed):
    item = make_missing().items.first()
    form = {"action": "rerun", "_selected_action": item.pk, "confirmed": confirmed}
    client.post(admin_url(Item), form)
    assert enqueued == []


# Sending blocks


def test_staff_cannot_block_sending_twice_for_the_same_reason(staff_browser):
    address = admin_url(SendingBlock, "add")
    assert staff_browser.post(address, {"reason": "The invoice is being checked."}).status_code == 302
    assert SendingBlock.objects.in_force(timezone.now()).get().reason == "The invoice is being checked."
    page = staff_browser.post(address, {"reason": "The invoice is being checked."}).content.decode()
    assert "Sending is already blocked for this reason." in page
    assert SendingBlock.objects.count() == 1


def test_a_block_that_ends_in_the_past_is_refused(staff_browser):
    past = timezone.now() - timedelta(minutes=1)
    form = {"reason": "Over", "until_0": past.date(), "until_1": f"{past:%H:%M:%S}"}
    assert "This time is in the past." in staff_browser.post(admin_url(SendingBlock, "add"), form).content.decode()
    assert not SendingBlock.objects.exists()


def test_a_block_ends_after_confirmation(act, charlie):
    block = SendingBlock.objects.create(reason="The key")
    ended = SendingBlock.objects.create(reason="Old", unblocked_at=timezone.now())
    act("unblock", block, confirm=False)
    assert SendingBlock.objects.in_force(timezone.now()).exists()
    assert read_messages(act("unblock", block, ended)) == [
        "Ended 1 sending block. Skipped 1 sending block: no longer in force."
    ]
    block.refresh_from_db()
    ended.refresh_from_db()
    assert (block.unblocked_by, ended.unblocked_by) == (charlie, None)


# Permissions


@pytest.mark.parametrize(
    ("action", "model"),
    [("pause", Upload), ("rerun_missing", Upload), ("send_again", Batch), ("close", Batch), ("rerun", Item)],
)
def test_users_who_may_only_view_records_cannot_run_actions(
    act, make_missing, make_unconfirmed, client, django_user_model, action, model
):
    make_missing()
    make_unconfirmed(people(11, City="Reston"))
    erin = django_user_model.objects.create_user("erin", password="erin-password", is_staff=True)
    erin.groups.add(get_role(Role.ADMINISTRATOR))
    erin.user_permissions.add(Permission.objects.get(codename=f"view_{model._meta.model_name}"))
    client.force_login(erin)

    def read_records():
        return [list(each.objects.values()) for each in (Upload, Batch, Item)]

    before = read_records()
    page = act(action, model.objects.first())
    assert f'value="{action}"' not in page.content.decode()
    assert read_records() == before


def test_users_who_may_change_lists_can_pause_them(act, start_upload, client, django_user_model):
    upload = start_upload(12)
    erin = django_user_model.objects.create_user("erin", password="erin-password", is_staff=True)
    erin.groups.add(get_role(Role.ADMINISTRATOR))
    erin.user_permissions.add(*Permission.objects.filter(codename__in=["view_upload", "change_upload"]))
    client.force_login(erin)
    act("pause", upload)
    upload.refresh_from_db()
    assert upload.status == UploadStatus.PAUSED
    page = client.get(admin_url(Upload, "change", upload.pk)).content.decode()
    assert 'name="_save"' not in page
    assert client.get(admin_url(SendingBlock, "add")).status_code == 403
