"""Users decide which list is sent next."""

import pytest
from django.utils import timezone

from accounts.rights import RightMissing, Role
from batches.models import Batch, Event, Upload
from batches.statuses import BatchStatus, Priority, UploadStatus
from batches.tracing import dispatch, pausing, priority
from batches.tracing.lifecycle import transition_batch

pytestmark = pytest.mark.django_db


def choose_lists():
    """Return the ids of the lists whose batches are sent now, in order."""
    chosen = dispatch.choose_batches(timezone.now())
    uploads = dict(Batch.objects.filter(pk__in=chosen).values_list("pk", "upload_id"))
    return [uploads[pk] for pk in chosen]


def test_an_urgent_list_is_sent_next_even_if_others_wait_longer(start_upload, alice):
    first, second = start_upload(12), start_upload(14)
    assert choose_lists() == [first.pk, second.pk]
    assert priority.change_priority(second, alice, Priority.URGENT)
    assert choose_lists() == [second.pk, first.pk]


def test_the_list_moved_last_is_sent_before_all_urgent_lists(start_upload, alice):
    uploads = [start_upload(12 + number, priority=Priority.URGENT) for number in range(3)]
    priority.move_to_front(uploads[1], alice)
    priority.move_to_front(uploads[2], alice)
    assert choose_lists() == [uploads[2].pk, uploads[1].pk, uploads[0].pk]


def test_a_moved_list_does_not_take_turns(start_upload, alice, settings):
    long, short = start_upload(1200), start_upload(12)
    priority.move_to_front(long, alice)
    transition_batch(long.batches.first().pk, BatchStatus.SUBMITTING)
    settings.ITEMS_IN_FLIGHT = 5000
    assert choose_lists() == [long.pk, short.pk]


def test_another_priority_gives_a_moved_list_its_usual_place(start_upload, alice):
    first, second = start_upload(12), start_upload(14)
    priority.move_to_front(second, alice)
    assert priority.change_priority(second, alice, Priority.NORMAL)
    assert choose_lists() == [first.pk, second.pk]


def test_each_change_is_in_the_history_once(start_upload, alice):
    upload = start_upload(12)
    assert priority.change_priority(upload, alice, Priority.LOW)
    assert not priority.change_priority(upload, alice, Priority.LOW)
    assert priority.move_to_front(upload, alice)
    events = Event.objects.filter(upload=upload, user=alice).exclude(what__in=["uploaded", "started"])
    changes = [str(event) for event in events if "front" in event.what or "priority" in event.what]
    assert changes == ["priority changed: to low", "moved to front"]
    assert Upload.objects.get(pk=upload.pk).priority == Priority.URGENT


def test_a_list_that_has_ended_is_not_moved(start_upload, alice):
    upload = start_upload(12)
    pausing.cancel_upload(upload, alice)
    assert not priority.move_to_front(upload, alice)
    assert not priority.change_priority(upload, alice, Priority.URGENT)


def test_only_users_who_may_start_lists_change_their_order(start_upload, make_user):
    upload, viewer = start_upload(12), make_user("erin", Role.VIEWER)
    with pytest.raises(RightMissing):
        priority.move_to_front(upload, viewer)
    with pytest.raises(RightMissing):
        priority.change_priority(upload, viewer, Priority.URGENT)


def test_the_buttons_of_a_running_list_change_its_place(browser, start_upload):
    first, second = start_upload(12), start_upload(14)
    browser.post(f"/uploads/{second.pk}/front/")
    assert choose_lists() == [second.pk, first.pk]
    response = browser.post(f"/uploads/{second.pk}/priority/", {"priority": "2", "next": "/"})
    assert response.url == "/"
    assert choose_lists() == [first.pk, second.pk]
    browser.post(f"/uploads/{second.pk}/priority/", {"priority": "7"})
    second.refresh_from_db()
    assert (second.priority, second.status) == (Priority.LOW, UploadStatus.RUNNING)
