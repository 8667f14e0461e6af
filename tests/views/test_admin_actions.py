"""What staff decide in the admin: asked first, bounded, for who may, and said what became of each."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from batches import jobs
from batches.admin import confirmation
from batches.models import Batch, EarlierAnswer, Event, Hold, Item, Upload
from batches.statuses import BatchStatus, Outcome, UploadStatus
from batches.tracing import closing
from batches.tracing.lifecycle import move_batch
from tests.factories import answer_for, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def enqueued(monkeypatch):
    calls = []
    monkeypatch.setattr(jobs, "enqueue", lambda queue, function, *args: calls.append((queue, *args)))
    return calls


@pytest.fixture
def act(client, charlie):
    """Have an action done with records, answering its question with yes where there is one; gives the page after it."""
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
    """The question's own fields."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()))


def said(page):
    return [str(message) for message in page.context["messages"]]


@pytest.fixture
def lose(start_upload):
    """A running list whose one batch is unconfirmed."""

    def start(*args, **options):
        upload = start_upload(*(args or [12]), **options)
        batch = upload.batches.get()
        move_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
        move_batch(batch.pk, BatchStatus.UNCONFIRMED, problem="No answer.")
        return Batch.objects.get(pk=batch.pk)

    return start


@pytest.fixture
def miss(lose, alice):
    """A list all of whose people are missing."""

    def start(*args, **options):
        batch = lose(*args, **options)
        assert closing.give_up(batch, alice)
        return batch.upload

    return start


# Lists


def test_running_lists_are_held_and_others_left_alone(act, start_upload, make_upload, charlie):
    running, ready = start_upload(12), make_upload(people(11, City="Reston"))
    page = act("hold", running, ready)
    assert said(page) == [
        "1 list held: nothing more is sent for now. 1 list left alone: only running lists can be held."
    ]
    running.refresh_from_db()
    ready.refresh_from_db()
    assert (running.status, ready.status) == (UploadStatus.PAUSED, UploadStatus.READY)
    assert running.events.get(what="paused").user == charlie


def test_a_list_goes_on_only_once_that_is_confirmed(act, start_upload):
    upload = start_upload(12)
    act("hold", upload)
    page = act("release", upload, answer=False)
    assert "Go on with 1 list? What is sent may cost credits." in page.content.decode()
    upload.refresh_from_db()
    assert upload.status == UploadStatus.PAUSED
    assert said(act("release", upload)) == ["1 list released: sending goes on."]
    upload.refresh_from_db()
    assert upload.status == UploadStatus.RUNNING


def test_missing_people_of_lists_are_rerun_and_planned(act, miss, enqueued, charlie):
    upload = miss()
    page = act("rerun_missing", upload, answer=False)
    assert "Ask for 12 people once more?" in page.content.decode()
    assert upload.items.filter(outcome=Outcome.MISSING).count() == 12
    assert said(act("rerun_missing", upload)) == ["12 people to be asked for once more."]
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
        assert said(page)[0].startswith("Nothing was done: 20 people of these lists are missing now, not ")
    assert enqueued == []
    Item.objects.filter(pk__in=late).update(outcome=Outcome.MATCHED)
    Item.objects.filter(pk=upload.items.last().pk).update(outcome=Outcome.MATCHED)
    assert said(client.post(address, asked, follow=True)) == ["11 people to be asked for once more."]


def test_nothing_is_rerun_where_nobody_or_too_many_are_missing(act, miss, start_upload, enqueued, monkeypatch):
    assert said(act("rerun_missing", start_upload(people(11, City="Reston")))) == [
        "Nothing was done: nobody of these lists is missing."
    ]
    monkeypatch.setattr(confirmation, "MOST", 11)
    upload = miss()
    assert said(act("rerun_missing", upload))[0].startswith("Nothing was done: more than 11 people are missing there.")
    assert upload.items.filter(outcome=Outcome.MISSING).count() == 12
    assert enqueued == []


# Batches


def test_an_unconfirmed_batch_is_sent_again_once_that_is_confirmed(act, lose, charlie):
    batch = lose()
    page = act("send_again", batch, answer=False)
    assert "Send 1 batch again? What the vendor has taken is paid twice." in page.content.decode()
    assert Batch.objects.get().status == BatchStatus.UNCONFIRMED
    assert said(act("send_again", batch)) == ["1 batch to be sent again."]
    assert Batch.objects.get().status == BatchStatus.PLANNED
    assert Event.objects.get(what=Event.SENT_AGAIN).user == charlie


def test_what_was_tried_since_the_question_is_not_sent_again(act, lose, client):
    batch = lose()
    page = act("send_again", batch, answer=False).content.decode()
    Batch.objects.filter(pk=batch.pk).update(attempts=2)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    page = client.post(reverse("admin:batches_batch_changelist"), hidden, follow=True)
    assert said(page)[0].startswith("1 batch left alone:")
    assert Batch.objects.get().status == BatchStatus.UNCONFIRMED


def test_a_batch_that_waits_for_nobody_is_left_alone(act, start_upload):
    batch = start_upload(12).batches.get()
    assert said(act("send_again", batch))[0].startswith("1 batch left alone: not unconfirmed or refused")
    assert said(act("give_up", batch))[0].startswith("1 batch left alone: not unconfirmed or refused")
    assert Batch.objects.get().status == BatchStatus.PLANNED


def test_a_batch_is_given_up_once_that_is_confirmed(act, lose):
    batch = lose()
    assert "Give 1 batch up?" in act("give_up", batch, answer=False).content.decode()
    assert Batch.objects.get().status == BatchStatus.UNCONFIRMED
    assert said(act("give_up", batch))[0].startswith("1 batch given up")
    assert Item.objects.filter(outcome=Outcome.MISSING).count() == 12


# People


def test_missing_people_and_errors_are_rerun_and_others_left_alone(act, finish_upload, enqueued):
    upload = finish_upload(12, lambda item, place: answer_for(item, "error" if place < 2 else "matched"))
    failed, matched = upload.items.filter(outcome=Outcome.ERROR), upload.items.filter(outcome=Outcome.MATCHED)
    chosen = [*failed, matched.first()]
    assert "among 3 people once more?" in act("rerun", *chosen, answer=False).content.decode()
    assert failed.count() == 2
    assert said(act("rerun", *chosen)) == [
        "2 people to be asked for once more. "
        "1 person left alone: only missing people and errors of lists that are not cancelled can be re-run."
    ]
    assert upload.items.filter(outcome=Outcome.PENDING).count() == EarlierAnswer.objects.count() == 2
    assert enqueued == [("planning", upload.pk)]


def test_no_more_than_a_thousand_are_decided_about_at_once(act, miss, enqueued, monkeypatch):
    monkeypatch.setattr(confirmation, "MOST", 11)
    item = miss().items.first()
    page = act("rerun", item, select_across=1)
    assert said(page) == ["Nothing was done: choose at most 11 people at once."]
    assert Item.objects.filter(outcome=Outcome.MISSING).count() == 12
    monkeypatch.setattr(confirmation, "MOST", 12)
    assert said(act("rerun", item, select_across=1)) == ["12 people to be asked for once more."]


def test_an_answer_for_more_than_a_thousand_is_cut_off(act, miss, client, enqueued, monkeypatch):
    monkeypatch.setattr(confirmation, "MOST", 3)
    items = miss().items.order_by("pk")
    confirmed = " ".join(f"{item.pk}:0" for item in items)
    answer = {"action": "rerun", "_selected_action": items[0].pk, "confirmed": f"{confirmed} x:y 99999999999999:1"}
    client.post(reverse("admin:batches_item_changelist"), answer)
    assert Item.objects.filter(outcome=Outcome.PENDING).count() == 3


# Holds


def test_staff_hold_everything_by_hand_once_for_each_reason(act, client, start_upload):
    start_upload(12)
    added = client.post(reverse("admin:batches_hold_add"), {"reason": "The invoice is looked at."})
    assert added.status_code == 302
    assert Hold.objects.in_force(timezone.now()).get().reason == "The invoice is looked at."
    again = client.post(reverse("admin:batches_hold_add"), {"reason": "The invoice is looked at."})
    assert "in force already" in again.content.decode()
    past = timezone.now() - timedelta(minutes=1)
    over = {"reason": "Over", "until_0": past.date(), "until_1": f"{past:%H:%M:%S}"}
    assert "This is over already" in client.post(reverse("admin:batches_hold_add"), over).content.decode()
    assert Hold.objects.count() == 1


def test_a_hold_is_released_once_that_is_confirmed(act, charlie):
    hold, over = Hold.objects.create(reason="The key"), Hold.objects.create(reason="Old", lifted_at=timezone.now())
    act("release", hold, answer=False)
    assert Hold.objects.in_force(timezone.now()).exists()
    assert said(act("release", hold, over)) == ["1 hold released. 1 hold left alone: not in force any more."]
    hold.refresh_from_db()
    over.refresh_from_db()
    assert (hold.lifted_by, over.lifted_by) == (charlie, None)


# Who may


@pytest.mark.parametrize(
    ("action", "model"),
    [("hold", Upload), ("rerun_missing", Upload), ("send_again", Batch), ("give_up", Batch), ("rerun", Item)],
)
def test_who_may_only_look_decides_nothing(act, miss, lose, client, django_user_model, action, model):
    miss()
    lose(people(11, City="Reston"))
    erin = django_user_model.objects.create_user("erin", password="erin-password", is_staff=True)
    erin.user_permissions.add(Permission.objects.get(codename=f"view_{model._meta.model_name}"))
    client.force_login(erin)
    before = (list(Upload.objects.values()), list(Batch.objects.values()), list(Item.objects.values()))
    page = act(action, model.objects.first())
    assert f'value="{action}"' not in page.content.decode()
    assert before == (list(Upload.objects.values()), list(Batch.objects.values()), list(Item.objects.values()))


def test_who_may_change_lists_holds_them(act, start_upload, client, django_user_model):
    upload = start_upload(12)
    erin = django_user_model.objects.create_user("erin", password="erin-password", is_staff=True)
    erin.user_permissions.add(*Permission.objects.filter(codename__in=["view_upload", "change_upload"]))
    client.force_login(erin)
    act("hold", upload)
    upload.refresh_from_db()
    assert upload.status == UploadStatus.PAUSED
    page = client.get(reverse("admin:batches_upload_change", args=[upload.pk])).content.decode()
    assert 'name="_save"' not in page
    assert client.get(reverse("admin:batches_hold_add")).status_code == 403
