"""Actions of the admin ask first, are limited, need permission, and report the result for each record."""

import html
import json
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from batches import jobs
from batches.admin import confirmation
from batches.models import Batch, EarlierAnswer, Event, Item, SendingBlock, Upload
from batches.statuses import BatchStatus, Outcome, UploadStatus
from batches.tracing import closing
from batches.tracing.lifecycle import transition_batch
from tests.factories import answer_for, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def enqueued(monkeypatch):
    calls = []
    monkeypatch.setattr(jobs, "enqueue", lambda queue, function, *args: calls.append((queue, *args)))
    return calls


@pytest.fixture
def act(client, charlie):
    """Run an action on records, and confirm it if it asks. Return the next page."""
    client.force_login(charlie)

    def do(action, *records, answer=True, **more):
        address = reverse(f"admin:{records[0]._meta.app_label}_{records[0]._meta.model_name}_changelist")
        chosen = {"action": action, "index": 0, "_selected_action": [record.pk for record in records]}
        page = client.post(address, chosen | more, follow=True)
        hidden = read_hidden(page)
        if "confirmed" in hidden and answer:
            page = client.post(address, hidden, follow=True)
        return page

    return do


def read_hidden(page):
    """Return the hidden fields of the question."""
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode())
    return {name: html.unescape(value) for name, value in hidden}


def read_messages(page):
    return [str(message) for message in page.context["messages"]]


@pytest.fixture
def lose(start_upload):
    """Start a list whose only batch is unconfirmed."""

    def start(*args, **options):
        upload = start_upload(*(args or [12]), **options)
        batch = upload.batches.get()
        transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
        transition_batch(batch.pk, BatchStatus.UNCONFIRMED, problem="No answer is stored.")
        return Batch.objects.get(pk=batch.pk)

    return start


@pytest.fixture
def miss(lose, alice):
    """Make a list in which all people are missing."""

    def start(*args, **options):
        batch = lose(*args, **options)
        assert closing.close_manually(batch, alice)
        return batch.upload

    return start


# Lists


def test_running_lists_are_paused_and_others_skipped(act, start_upload, make_upload, charlie):
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
    page = act("resume", upload, answer=False)
    assert "Resume 1 list? Sending may cost credits." in page.content.decode()
    upload.refresh_from_db()
    assert upload.status == UploadStatus.PAUSED
    assert read_messages(act("resume", upload)) == ["Resumed 1 list."]
    upload.refresh_from_db()
    assert upload.status == UploadStatus.RUNNING


def test_missing_people_of_lists_are_rerun_and_planned(act, miss, enqueued, charlie):
    upload = miss()
    page = act("rerun_missing", upload, answer=False)
    assert "Re-run 12 people?" in page.content.decode()
    assert upload.items.filter(outcome=Outcome.MISSING).count() == 12
    assert read_messages(act("rerun_missing", upload)) == ["Re-running 12 people."]
    assert upload.items.filter(outcome=Outcome.PENDING, batch=None).count() == 12
    assert enqueued == [("planning", upload.pk)]
    assert upload.events.get(what="re-run").user == charlie


def test_no_more_missing_people_are_rerun_than_were_asked_about(act, client, miss, enqueued):
    upload = miss(people(20))
    late = list(upload.items.order_by("pk").values_list("pk", flat=True)[:8])
    Item.objects.filter(pk__in=late).update(outcome=Outcome.MATCHED)
    asked = read_hidden(act("rerun_missing", upload, answer=False))
    assert asked["people"] == "12"
    Item.objects.filter(pk__in=late).update(outcome=Outcome.MISSING)
    address = reverse("admin:batches_upload_changelist")
    for number in ("12", "", "x"):
        page = client.post(address, asked | {"people": number}, follow=True)
        assert read_messages(page)[0].startswith(
            "No changes were made: since you opened this page, the number has grown"
        )
    assert enqueued == []
    Item.objects.filter(pk__in=late).update(outcome=Outcome.MATCHED)
    Item.objects.filter(pk=upload.items.last().pk).update(outcome=Outcome.MATCHED)
    assert read_messages(client.post(address, asked, follow=True)) == ["Re-running 11 people."]


def test_nothing_is_rerun_if_no_people_or_too_many_are_missing(act, miss, start_upload, enqueued, monkeypatch):
    assert read_messages(act("rerun_missing", start_upload(people(11, City="Reston")))) == [
        "No changes were made: nobody in these lists is missing."
    ]
    monkeypatch.setattr(confirmation, "MAX_RECORDS", 11)
    upload = miss()
    assert read_messages(act("rerun_missing", upload))[0].startswith(
        "No changes were made: more than 11 people are missing in"
    )
    assert upload.items.filter(outcome=Outcome.MISSING).count() == 12
    assert enqueued == []


# Batches


def test_an_unconfirmed_batch_is_sent_again_after_confirmation(act, lose, charlie):
    batch = lose()
    page = act("send_again", batch, answer=False)
    assert (
        "Send 1 batch again? You will be charged twice for people the vendor has already received."
        in page.content.decode()
    )
    assert Batch.objects.get().status == BatchStatus.UNCONFIRMED
    assert read_messages(act("send_again", batch)) == ["Sending 1 batch again."]
    assert Batch.objects.get().status == BatchStatus.PLANNED
    assert Event.objects.get(what=Event.RESEND_REQUESTED).user == charlie


def test_a_batch_with_a_newer_attempt_is_not_sent_again(act, lose, client):
    batch = lose()
    hidden = read_hidden(act("send_again", batch, answer=False))
    Batch.objects.filter(pk=batch.pk).update(attempts=2)
    page = client.post(reverse("admin:batches_batch_changelist"), hidden, follow=True)
    assert read_messages(page)[0].startswith("Skipped 1 batch:")
    assert Batch.objects.get().status == BatchStatus.UNCONFIRMED


def test_a_batch_that_needs_no_decision_is_left_alone(act, start_upload):
    batch = start_upload(12).batches.get()
    assert read_messages(act("send_again", batch))[0].startswith("Skipped 1 batch: not unconfirmed or refused")
    assert read_messages(act("close", batch))[0].startswith("Skipped 1 batch: not unconfirmed or refused")
    assert Batch.objects.get().status == BatchStatus.PLANNED


def test_a_batch_is_closed_after_confirmation(act, lose):
    batch = lose()
    assert "Close 1 batch?" in act("close", batch, answer=False).content.decode()
    assert Batch.objects.get().status == BatchStatus.UNCONFIRMED
    assert read_messages(act("close", batch))[0].startswith("Closed 1 batch.")
    assert Item.objects.filter(outcome=Outcome.MISSING).count() == 12


# People


def test_missing_people_and_errors_are_rerun_and_others_skipped(act, finish_upload, enqueued):
    upload = finish_upload(12, lambda item, place: answer_for(item, "error" if place < 2 else "matched"))
    failed, matched = upload.items.filter(outcome=Outcome.ERROR), upload.items.filter(outcome=Outcome.MATCHED)
    chosen = [*failed, matched.first()]
    assert "errors among 3 people?" in act("rerun", *chosen, answer=False).content.decode()
    assert failed.count() == 2
    assert read_messages(act("rerun", *chosen)) == [
        "Re-running 2 people. "
        "Skipped 1 person: only missing people and errors in lists that are not cancelled can be re-run."
    ]
    assert upload.items.filter(outcome=Outcome.PENDING).count() == EarlierAnswer.objects.count() == 2
    assert enqueued == [("planning", upload.pk)]


def test_at_most_a_thousand_people_are_decided_about_at_once(act, miss, enqueued, monkeypatch):
    monkeypatch.setattr(confirmation, "MAX_RECORDS", 11)
    item = miss().items.first()
    page = act("rerun", item, select_across=1)
    assert read_messages(page) == ["No changes were made: please select at most 11 people."]
    assert Item.objects.filter(outcome=Outcome.MISSING).count() == 12
    monkeypatch.setattr(confirmation, "MAX_RECORDS", 12)
    assert read_messages(act("rerun", item, select_across=1)) == ["Re-running 12 people."]


def test_a_confirmation_for_more_than_a_thousand_is_cut_off(act, miss, client, enqueued, monkeypatch):
    monkeypatch.setattr(confirmation, "MAX_RECORDS", 5)
    items = miss().items.order_by("pk")
    confirmed = json.dumps({"x": "y", "99999999999999": 1} | {item.pk: 0 for item in items})
    answer = {"action": "rerun", "_selected_action": items[0].pk, "confirmed": confirmed}
    client.post(reverse("admin:batches_item_changelist"), answer)
    assert Item.objects.filter(outcome=Outcome.PENDING).count() == 3


@pytest.mark.parametrize("confirmed", ["", "x", "[]", "1", "null", "{}", '{"x": null}', "[" * 100_000])
def test_an_invalid_confirmation_changes_nothing(act, miss, client, enqueued, confirmed):
    item = miss().items.first()
    answer = {"action": "rerun", "_selected_action": item.pk, "confirmed": confirmed}
    client.post(reverse("admin:batches_item_changelist"), answer)
    assert enqueued == []


# Sending blocks


def test_staff_block_sending_once_for_each_reason(act, client, start_upload):
    start_upload(12)
    added = client.post(reverse("admin:batches_sendingblock_add"), {"reason": "The invoice is looked at."})
    assert added.status_code == 302
    assert SendingBlock.objects.in_force(timezone.now()).get().reason == "The invoice is looked at."
    again = client.post(reverse("admin:batches_sendingblock_add"), {"reason": "The invoice is looked at."})
    assert "Sending is already blocked for this reason." in again.content.decode()
    past = timezone.now() - timedelta(minutes=1)
    over = {"reason": "Over", "until_0": past.date(), "until_1": f"{past:%H:%M:%S}"}
    assert "This time is in the past." in client.post(reverse("admin:batches_sendingblock_add"), over).content.decode()
    assert SendingBlock.objects.count() == 1


def test_a_block_ends_after_confirmation(act, charlie):
    block, over = (
        SendingBlock.objects.create(reason="The key"),
        SendingBlock.objects.create(reason="Old", unblocked_at=timezone.now()),
    )
    act("unblock", block, answer=False)
    assert SendingBlock.objects.in_force(timezone.now()).exists()
    assert read_messages(act("unblock", block, over)) == [
        "Ended 1 sending block. Skipped 1 sending block: no longer in force."
    ]
    block.refresh_from_db()
    over.refresh_from_db()
    assert (block.unblocked_by, over.unblocked_by) == (charlie, None)


# Permissions


@pytest.mark.parametrize(
    ("action", "model"),
    [("pause", Upload), ("rerun_missing", Upload), ("send_again", Batch), ("close", Batch), ("rerun", Item)],
)
def test_users_who_may_only_view_decide_nothing(act, miss, lose, client, django_user_model, action, model):
    miss()
    lose(people(11, City="Reston"))
    erin = django_user_model.objects.create_user("erin", password="erin-password", is_staff=True)
    erin.user_permissions.add(Permission.objects.get(codename=f"view_{model._meta.model_name}"))
    client.force_login(erin)
    before = (list(Upload.objects.values()), list(Batch.objects.values()), list(Item.objects.values()))
    page = act(action, model.objects.first())
    assert f'value="{action}"' not in page.content.decode()
    assert before == (list(Upload.objects.values()), list(Batch.objects.values()), list(Item.objects.values()))


def test_users_who_may_change_lists_pause_them(act, start_upload, client, django_user_model):
    upload = start_upload(12)
    erin = django_user_model.objects.create_user("erin", password="erin-password", is_staff=True)
    erin.user_permissions.add(*Permission.objects.filter(codename__in=["view_upload", "change_upload"]))
    client.force_login(erin)
    act("pause", upload)
    upload.refresh_from_db()
    assert upload.status == UploadStatus.PAUSED
    page = client.get(reverse("admin:batches_upload_change", args=[upload.pk])).content.decode()
    assert 'name="_save"' not in page
    assert client.get(reverse("admin:batches_sendingblock_add")).status_code == 403
