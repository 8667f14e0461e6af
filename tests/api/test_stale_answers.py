"""Stale reused answers are refreshed over the API: from the beginning, before the start, and afterwards."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.rights import Right
from batches.intake import row_import
from batches.models import Event, Item, Upload
from batches.statuses import Outcome, UploadStatus
from batches.tracing import packing, spending
from tests.api.conftest import give
from tests.factories import answer_for, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def traced(start_upload):
    """Return a list of four people, three of whom were matched 40 days ago and one today."""
    upload = start_upload(people(4))
    for item, days in zip(upload.items.order_by("pk"), [40, 40, 40, 0], strict=True):
        answered_at = timezone.now() - timedelta(days=days)
        answer = answer_for(item).decode()
        Item.objects.filter(pk=item.pk).update(outcome=Outcome.MATCHED, answer=answer, answered_at=answered_at)
    return upload


@pytest.fixture
def upload(traced, make_upload):
    return make_upload(people(5), settings={"look_back": 90})


@pytest.fixture
def started(upload, alice):
    """Return the list after its start, with three stale answers."""
    spending.start(upload, alice)
    packing.plan_upload(upload.pk)
    return Upload.objects.get(pk=upload.pk)


@pytest.fixture
def _decides(alice, monkeypatch):
    give(alice, Right.DECIDE)
    monkeypatch.setattr("batches.jobs.enqueue", lambda *args: None)


def count_reused(upload):
    return upload.items.filter(outcome=Outcome.REUSED).count()


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(("refresh_stale", "reused"), [("false", 4), ("true", 1)])
def test_a_new_list_says_what_becomes_of_stale_answers(caller, refresh_stale, reused):
    sent = caller.send(people(5), refresh_stale=refresh_stale).json()
    assert sent["refresh_stale"] is (refresh_stale == "true")
    caller.api_post(f"/uploads/{sent['id']}/check")
    row_import.check_rows(sent["id"])
    shown = caller.api_get(f"/uploads/{sent['id']}").json()
    assert (shown["counts"]["reused"], shown["stale"]) == (reused, reused - 1)


def test_the_choice_can_be_changed_before_the_start(caller, upload):
    assert caller.api_get(f"/uploads/{upload.pk}").json()["stale"] == 3
    shown = caller.api_post(f"/uploads/{upload.pk}/stale?choice=refresh&revision={upload.revision}").json()
    assert (shown["refresh_stale"], shown["stale"], shown["people"], shown["counts"]["reused"]) == (True, 0, 4, 1)
    shown = caller.api_post(f"/uploads/{upload.pk}/stale?choice=use").json()
    assert (shown["refresh_stale"], shown["stale"], shown["people"], shown["counts"]["reused"]) == (False, 3, 1, 4)


def test_a_choice_for_a_list_that_has_changed_or_was_started_is_refused(caller, upload, alice):
    refused = caller.api_post(f"/uploads/{upload.pk}/stale?choice=refresh&revision={upload.revision + 1}")
    assert (refused.status_code, "has changed" in refused.json()["detail"]) == (409, True)
    spending.start(upload, alice)
    assert caller.api_post(f"/uploads/{upload.pk}/stale?choice=refresh").status_code == 409
    assert caller.api_post(f"/uploads/{upload.pk}/stale?choice=sell").json()["field"] == "choice"
    assert count_reused(upload) == 4


@pytest.mark.usefixtures("_decides")
@pytest.mark.parametrize("status", [UploadStatus.RUNNING, UploadStatus.COMPLETE])
def test_stale_answers_of_a_started_list_are_refreshed(caller, started, alice, status):
    Upload.objects.filter(pk=started.pk).update(status=status)
    shown = caller.api_post(f"/uploads/{started.pk}/refresh?people=3").json()
    assert (shown["status"], shown["refresh_stale"], shown["stale"]) == ("running", True, 0)
    assert count_reused(started) == 1
    assert started.events.get(what=Event.STALE_REFRESHED).user == alice
    again = caller.api_post(f"/uploads/{started.pk}/refresh?people=3")
    assert (again.status_code, again.json()["detail"]) == (
        409,
        "Nothing was refreshed: no reused answer is stale, or the list is running.",
    )


@pytest.mark.usefixtures("_decides")
def test_nobody_is_refreshed_if_there_are_more_than_the_caller_saw(caller, started):
    refused = caller.api_post(f"/uploads/{started.pk}/refresh?people=2")
    assert refused.status_code == 409
    assert "there are now 3 stale answers" in refused.json()["detail"]
    assert caller.api_post(f"/uploads/{started.pk}/refresh").status_code == 409
    assert count_reused(started) == 4


def test_refreshing_requires_the_right_to_decide(caller, started):
    assert caller.api_post(f"/uploads/{started.pk}/refresh?people=3").status_code == 403
    assert count_reused(started) == 4


@pytest.mark.usefixtures("started")
def test_stale_answers_of_several_lists_take_one_query(caller, make_upload, django_assert_max_num_queries):
    make_upload(people(4), settings={"look_back": 90})
    spending.max_credits(1)
    caller.api_get("/uploads")
    cache.delete_many([f"reused:{upload.pk}:{upload.reused_count}" for upload in Upload.objects.all()])
    with django_assert_max_num_queries(10):
        assert sorted(shown["stale"] for shown in caller.api_get("/uploads").json()["uploads"]) == [0, 3, 3]
