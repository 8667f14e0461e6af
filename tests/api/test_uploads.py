"""Lists over the API: sending, progress, decisions."""

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from api.models import ApiToken, IdempotencyKey
from batches.intake import row_import, uploads
from batches.models import Batch, Event, Upload
from batches.statuses import BatchStatus, Outcome
from batches.tracing import packing, spending
from tests.api.conftest import Caller
from tests.factories import answer_for, people, person, to_csv

pytestmark = pytest.mark.django_db


def test_a_list_is_traced_from_file_to_results(caller, alice):
    sent = caller.send([*people(12), person(1), person(99, State="Atlantis")], filename="spring.csv", priority="urgent")
    upload = sent.json()
    address = f"/uploads/{upload['id']}"
    assert (sent.status_code, upload["status"], upload["name"], upload["percent"]) == (201, "draft", "spring", 0)
    assert upload["mapping"]["zip"] == ["Zip"]
    assert (upload["created_by"], upload["priority"]) == ("alice", "urgent")

    assert caller.api_post(f"{address}/check").json()["status"] == "checking"
    row_import.check_rows(upload["id"])
    checked = caller.api_get(address).json()
    assert (checked["status"], checked["people"], checked["counts"]["invalid"]) == ("ready", 12, 1)

    assert caller.api_post(f"{address}/start").json()["status"] == "running"
    packing.plan_upload(upload["id"])
    batch = Upload.objects.get().batches.get()
    Batch.objects.update(attempts=1)
    for item in batch.items.all():
        item.outcome, item.answer = Outcome.MATCHED, answer_for(item).decode()
        item.save()
    shown = caller.api_get(address).json()
    assert (shown["percent"], shown["counts"]["matched"], shown["counts"]["duplicate"]) == (100, 12, 1)
    batches = caller.api_get(f"{address}/batches").json()["batches"]
    assert [(one["number"], one["size"], one["counts"]["matched"]) for one in batches] == [(1, 12, 12)]
    people_found = caller.api_get(f"{address}/items", outcome="matched").json()["items"]
    assert len(people_found) == 12
    assert people_found[0]["found"]["phones"]
    export = caller.api_get(f"{address}/export", outcome="matched").getvalue().decode()
    assert len(export.splitlines()) == 13


def test_options_are_stored_in_the_draft_and_nothing_starts(caller):
    header = ["A", "B", "C", "D", "E", "F"]
    rows = [["Ada", "Abbott", f"{n} Oak", "St", "Herndon", "VA"] for n in range(12)]
    mapping = ["first_name=A", "last_name=2", "address=C+D", "city=E", "state="]
    options = {"co_owners": "true", "look_back": 0, "companies": "leave_out", "name_order": "last_first"}
    sent = caller.send(to_csv(rows, header), mapping=mapping, fixed="state=VA", match=["phones", "emails"], **options)
    shown = sent.json()
    assert sent.status_code == 201
    assert shown["mapping"]["address"] == ["C", "D"]
    assert (shown["fixed"], shown["match"], shown["look_back"]) == ({"state": "VA"}, ["phones", "emails"], 0)
    assert (shown["status"], shown["co_owners"], shown["companies"]) == ("draft", True, "leave_out")
    assert shown["gaps"] == []
    assert caller.api_post(f"/uploads/{shown['id']}/start").status_code == 409


def test_an_uncertain_guess_is_listed_until_the_column_is_given(caller):
    rows = to_csv([[f"{n} Oak St", "Herndon", "VA", "Ada", "Abbott"] for n in range(12)], ["Situs", "x", "y", "z", "w"])
    doubts = caller.send(rows).json()["doubts"]
    assert doubts
    field = next(iter(doubts))
    assert field not in caller.send(rows, mapping=[f"{field}=1"]).json()["doubts"]


def test_half_a_name_is_no_doubt_once_the_full_name_is_given(caller):
    rows = to_csv(
        [[f"{n} Oak St", "Herndon", "VA", "Ada", "x"] for n in range(12)],
        ["Address", "City", "State", "First Name", "Note"],
    )
    assert set(caller.send(rows).json()["doubts"]) == {"last_name"}
    assert caller.send(rows, mapping=["first_name=", "full_name=First Name"]).json()["doubts"] == {}


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"rows": b""}, "file", "empty"),
        ({"mapping": "nose=City"}, "mapping", "there is no field “nose”"),
        ({"mapping": "city=Nope"}, "mapping", "there is no column “Nope”"),
        ({"fixed": "phone=1"}, "fixed", "cannot have a fixed value"),
        ({"match": "faxes"}, "match", "faxes is not allowed. Use phones or emails."),
        ({"look_back": -1}, "look_back", "days from 0"),
        ({"look_back": "soon"}, "look_back", "valid integer"),
        ({"priority": "high"}, "priority", "urgent"),
        ({"name": "a\0b"}, "name", "NUL"),
        ({"key": "k" * 201}, "Idempotency-Key", "200 characters"),
    ],
)
def test_bad_input_names_the_field_and_creates_nothing(caller, fields, field, words):
    response = caller.send(**fields)
    assert (response.status_code, response.json().get("field")) == (422, field)
    assert words in response.json()["detail"]
    assert not Upload.objects.exists()
    assert not IdempotencyKey.objects.exists()


def test_a_file_is_needed(caller):
    response = caller.post("/api/v1/uploads", {"name": "x"})
    assert (response.status_code, response.json()["field"]) == (422, "file")


def test_a_body_that_is_not_json_is_refused(caller, make_upload):
    response = caller.api_post(f"/uploads/{make_upload(people(2)).pk}/check", "{")
    assert (response.status_code, "detail" in response.json()) == (400, True)


def test_a_truncated_form_is_refused(caller):
    response = caller.generic("POST", "/api/v1/uploads", b"x", content_type="multipart/form-data")
    assert (response.status_code, response.json()["detail"]) == (400, "The request could not be read.")


def test_the_same_key_returns_the_same_list(caller):
    first, second = caller.send(key="order-7"), caller.send(key="order-7")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert caller.send(key="order-8").json()["id"] != first.json()["id"]
    assert Upload.objects.count() == 2


def test_keys_are_separate_for_each_user(caller, charlie):
    _, secret = ApiToken.objects.create_with_secret(charlie, "x")
    assert caller.send(key="a").json()["id"] != Caller(secret).send(key="a").json()["id"]


def test_another_file_under_the_same_key_is_refused(caller):
    caller.send(key="order-7")
    response = caller.send(people(3), key="order-7")
    assert (response.status_code, response.json()["field"]) == (422, "Idempotency-Key")


def test_a_key_is_free_again_after_bad_input(caller):
    assert caller.send(key="k", mapping="city=Nope").status_code == 422
    assert caller.send(key="k").status_code == 201


def test_an_interrupted_call_is_never_completed_automatically(caller, monkeypatch):
    def fail(*_, **__):
        raise OSError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr("batches.intake.list_options.uploads.receive", fail)
        assert caller.send(key="k").status_code == 500
    assert caller.send(key="k").status_code == 409


@pytest.mark.django_db(transaction=True)
def test_two_calls_at_once_with_one_key_create_one_list(token):
    gate, answers = threading.Barrier(2), []

    def call():
        try:
            gate.wait(10)
            answers.append(Caller(token[1]).send(key="order-7").status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) in ([200, 201], [201, 409])
    assert Upload.objects.count() == 1


def test_columns_can_be_given_at_the_check(caller):
    upload = caller.send().json()
    body = json.dumps({"mapping": ["first_name=Last Name", "last_name=First Name"], "match": ["emails"]})
    shown = caller.api_post(f"/uploads/{upload['id']}/check", body).json()
    assert (shown["mapping"]["first_name"], shown["match"]) == (["Last Name"], ["emails"])


def test_a_value_for_all_rows_can_be_removed(caller):
    upload = caller.send(fixed="state=VA").json()
    assert upload["fixed"] == {"state": "VA"}
    assert caller.api_post(f"/uploads/{upload['id']}/check", json.dumps({"fixed": ["state="]})).json()["fixed"] == {}


def test_a_mapping_with_gaps_is_not_checked(caller):
    upload = caller.send().json()
    response = caller.api_post(f"/uploads/{upload['id']}/check", json.dumps({"mapping": ["city="]}))
    assert (response.status_code, response.json()["field"]) == (422, "mapping")
    assert Upload.objects.get().status == "draft"


def test_possible_decisions_are_made_and_impossible_ones_refused(caller, alice, start_upload):
    upload = start_upload(12)
    for move, status in [("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")]:
        assert caller.api_post(f"/uploads/{upload.pk}/{move}").json()["status"] == status
        assert Event.objects.last().user == alice
    for move in ("pause", "resume", "cancel", "start", "check"):
        response = caller.api_post(f"/uploads/{upload.pk}/{move}")
        assert (response.status_code, response.json()["detail"][-1]) == (409, ".")


def test_limits_are_reported(caller, make_upload, settings):
    settings.UPLOAD_CREDIT_LIMIT = 5
    response = caller.api_post(f"/uploads/{make_upload(people(12)).pk}/start")
    assert (response.status_code, "above the limit of" in response.json()["detail"]) == (409, True)


def test_only_the_revision_that_was_seen_is_started(caller, make_upload, alice):
    upload = make_upload(people(12))
    seen = caller.api_get(f"/uploads/{upload.pk}").json()["revision"]
    uploads.change_details(upload, name="other", priority=1, source="")
    response = caller.api_post(f"/uploads/{upload.pk}/start?revision={seen}")
    assert (response.status_code, "has changed since" in response.json()["detail"]) == (409, True)
    response = caller.api_post(f"/uploads/{upload.pk}/start?revision={seen + 1}")
    assert (response.status_code, response.json()["status"]) == (200, "running")


def test_a_waiting_list_has_the_time_at_which_it_continues(caller, start_upload):
    upload = start_upload(12)
    assert caller.api_get(f"/uploads/{upload.pk}").json()["waits_until"] is None
    until = timezone.now() + timedelta(hours=1)
    Upload.objects.update(waits_until=until)
    assert caller.api_get(f"/uploads/{upload.pk}").json()["waits_until"][:16] == until.isoformat()[:16]


def test_a_list_that_must_be_approved_waits(caller, make_upload, settings):
    settings.APPROVAL_ABOVE = 5
    response = caller.api_post(f"/uploads/{make_upload(people(12)).pk}/start")
    assert (response.status_code, response.json()["status"]) == (200, "approval")


def test_lists_are_paged(caller, make_upload):
    made = [make_upload(people(2)).pk for _ in range(3)][::-1]
    first = caller.api_get("/uploads", limit=2).json()
    assert ([upload["id"] for upload in first["uploads"]], first["next"]) == (made[:2], made[1])
    second = caller.api_get("/uploads", limit=2, before=first["next"]).json()
    assert ([upload["id"] for upload in second["uploads"]], second["next"]) == (made[2:], None)
    assert caller.api_get("/uploads", status="running").json()["uploads"] == []
    for query in ({"limit": 501}, {"limit": 0}, {"before": 10**10}, {"status": "odd"}):
        response = caller.api_get("/uploads", **query)
        assert (response.status_code, response.json()["field"]) == (422, next(iter(query)))


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_lists_and_batches_does_not_change_the_number_of_queries(
    caller, start_upload, count, django_assert_max_num_queries
):
    for number in range(count):
        upload = start_upload([person(number * 100 + n) for n in range(12)])
    batch = upload.batches.get()
    spending.max_credits(1)
    for number in range(2, count + 1):
        upload.batches.create(number=number, size=10, status=BatchStatus.CLOSED)
    caller.api_get("/uploads")
    with django_assert_max_num_queries(6):
        caller.api_get("/uploads")
    with django_assert_max_num_queries(4):
        assert len(caller.api_get(f"/uploads/{upload.pk}/batches").json()["batches"]) == count
    assert batch.number == 1
