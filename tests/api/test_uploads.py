"""Lists over the API: how they are sent, followed and decided about."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.rights import Role
from api.models import ApiToken, IdempotencyKey
from batches.intake import row_import, uploads
from batches.models import Batch, Event, Tag, Upload
from batches.statuses import BatchStatus, Outcome
from batches.tracing import packing, spending
from tests.api.conftest import Caller
from tests.factories import HEADER, answer_for, make_workbook, people, person, to_csv
from tests.support.threads import run_at_once

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
    Batch.objects.update(attempts=1)
    for item in Batch.objects.get().items.all():
        item.outcome, item.answer = Outcome.MATCHED, answer_for(item).decode()
        item.save()
    shown = caller.api_get(address).json()
    assert (shown["percent"], shown["counts"]["matched"], shown["counts"]["duplicate"]) == (100, 12, 1)
    batches = caller.api_get(f"{address}/batches").json()["batches"]
    assert [(batch["number"], batch["size"], batch["counts"]["matched"]) for batch in batches] == [(1, 12, 12)]
    people_found = caller.api_get(f"{address}/items", outcome="matched").json()["items"]
    assert len(people_found) == 12
    assert people_found[0]["found"]["phones"]
    export = caller.api_get(f"{address}/export", outcome="matched").getvalue().decode()
    assert len(export.splitlines()) == 13


def test_options_are_stored_with_the_draft_which_is_not_started(caller):
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


def test_the_last_name_is_no_longer_in_doubt_once_a_full_name_is_given(caller):
    rows = to_csv(
        [[f"{n} Oak St", "Herndon", "VA", "Ada", "x"] for n in range(12)],
        ["Address", "City", "State", "First Name", "Note"],
    )
    assert set(caller.send(rows).json()["doubts"]) == {"last_name"}
    assert caller.send(rows, mapping=["first_name=", "full_name=First Name"]).json()["doubts"] == {}


@pytest.mark.parametrize(
    ("fields", "field", "message"),
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
def test_the_error_names_the_invalid_field_and_nothing_is_created(caller, fields, field, message):
    response = caller.send(**fields)
    assert (response.status_code, response.json().get("field")) == (422, field)
    assert message in response.json()["detail"]
    assert not Upload.objects.exists()
    assert not IdempotencyKey.objects.exists()


def test_a_list_without_a_file_is_refused(caller):
    response = caller.post("/api/v1/uploads", {"name": "x"})
    assert (response.status_code, response.json()["field"]) == (422, "file")


def test_a_body_that_is_not_json_is_refused(caller, make_upload):
    response = caller.api_post(f"/uploads/{make_upload(people(2)).pk}/check", "{")
    assert response.status_code == 400
    assert "detail" in response.json()


def test_a_truncated_form_is_refused(caller):
    response = caller.generic("POST", "/api/v1/uploads", b"x", content_type="multipart/form-data")
    assert (response.status_code, response.json()["detail"]) == (400, "The request could not be read.")


def test_a_repeated_idempotency_key_returns_the_same_list(caller):
    first, second = caller.send(key="order-7"), caller.send(key="order-7")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert caller.send(key="order-8").json()["id"] != first.json()["id"]
    assert Upload.objects.count() == 2


def test_idempotency_keys_are_separate_for_each_user(caller, charlie):
    _, secret = ApiToken.objects.create_with_secret(charlie, "x")
    assert caller.send(key="a").json()["id"] != Caller(secret).send(key="a").json()["id"]


def test_another_file_with_the_same_idempotency_key_is_refused(caller):
    caller.send(key="order-7")
    response = caller.send(people(3), key="order-7")
    assert (response.status_code, response.json()["field"]) == (422, "Idempotency-Key")


def test_an_idempotency_key_can_be_used_again_after_invalid_input(caller):
    assert caller.send(key="k", mapping="city=Nope").status_code == 422
    assert caller.send(key="k").status_code == 201


def test_an_interrupted_call_is_never_completed_automatically(caller, monkeypatch):
    def fail(*_, **__):
        raise OSError("The disk is full.")

    with monkeypatch.context() as patches:
        patches.setattr("batches.intake.list_options.uploads.receive", fail)
        assert caller.send(key="k").status_code == 500
    assert caller.send(key="k").status_code == 409


@pytest.mark.django_db(transaction=True)
def test_two_simultaneous_calls_with_one_idempotency_key_create_one_list(token):
    _, secret = token
    status_codes = run_at_once(*[lambda: Caller(secret).send(key="order-7").status_code] * 2)
    assert sorted(status_codes) in ([200, 201], [201, 409])
    assert Upload.objects.count() == 1


def test_columns_can_be_given_when_the_check_is_requested(caller):
    upload = caller.send().json()
    body = json.dumps({"mapping": ["first_name=Last Name", "last_name=First Name"], "match": ["emails"]})
    shown = caller.api_post(f"/uploads/{upload['id']}/check", body).json()
    assert (shown["mapping"]["first_name"], shown["match"]) == (["Last Name"], ["emails"])


def test_a_fixed_value_can_be_removed(caller):
    upload = caller.send(fixed="state=VA").json()
    assert upload["fixed"] == {"state": "VA"}
    assert caller.api_post(f"/uploads/{upload['id']}/check", json.dumps({"fixed": ["state="]})).json()["fixed"] == {}


def test_a_mapping_with_gaps_is_not_checked(caller):
    upload = caller.send().json()
    response = caller.api_post(f"/uploads/{upload['id']}/check", json.dumps({"mapping": ["city="]}))
    assert (response.status_code, response.json()["field"]) == (422, "mapping")
    assert Upload.objects.get().status == "draft"


def test_a_list_is_paused_resumed_and_cancelled_and_then_accepts_no_more_decisions(caller, alice, start_upload):
    upload = start_upload(12)
    for decision, status in [("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")]:
        assert caller.api_post(f"/uploads/{upload.pk}/{decision}").json()["status"] == status
        assert Event.objects.last().user == alice
    for decision in ("pause", "resume", "cancel", "start", "check"):
        response = caller.api_post(f"/uploads/{upload.pk}/{decision}")
        assert response.status_code == 409
        assert response.json()["detail"].endswith(".")


def test_a_list_over_the_limit_is_refused(caller, make_upload, settings):
    settings.UPLOAD_CREDIT_LIMIT = 5
    response = caller.api_post(f"/uploads/{make_upload(people(12)).pk}/start")
    assert response.status_code == 409
    assert "above the limit of" in response.json()["detail"]


def test_a_list_is_started_only_in_its_current_revision(caller, make_upload, alice):
    upload = make_upload(people(12))
    revision = caller.api_get(f"/uploads/{upload.pk}").json()["revision"]
    uploads.change_details(upload, None, name="other", priority=1, source="")
    response = caller.api_post(f"/uploads/{upload.pk}/start?revision={revision}")
    assert response.status_code == 409
    assert "has changed since" in response.json()["detail"]
    response = caller.api_post(f"/uploads/{upload.pk}/start?revision={revision + 1}")
    assert (response.status_code, response.json()["status"]) == (200, "running")


def test_a_waiting_list_shows_the_time_at_which_it_continues(caller, start_upload):
    upload = start_upload(12)
    assert caller.api_get(f"/uploads/{upload.pk}").json()["waits_until"] is None
    until = timezone.now() + timedelta(hours=1)
    Upload.objects.update(waits_until=until)
    assert caller.api_get(f"/uploads/{upload.pk}").json()["waits_until"][:16] == until.isoformat()[:16]
    Upload.objects.update(wait_reason="The budget is used up.")
    assert caller.api_get(f"/uploads/{upload.pk}").json()["wait_reason"] == "The budget is used up."


def test_starting_a_list_that_needs_approval_requests_it(caller, make_upload, settings):
    settings.APPROVAL_ABOVE = 5
    response = caller.api_post(f"/uploads/{make_upload(people(12)).pk}/start")
    assert (response.status_code, response.json()["status"]) == (200, "approval")


def test_lists_are_paged(caller, make_upload):
    oldest, middle, newest = (make_upload(people(2)).pk for _ in range(3))
    first = caller.api_get("/uploads", limit=2).json()
    assert ([upload["id"] for upload in first["uploads"]], first["next"]) == ([newest, middle], middle)
    second = caller.api_get("/uploads", limit=2, before=first["next"]).json()
    assert ([upload["id"] for upload in second["uploads"]], second["next"]) == ([oldest], None)


def test_lists_are_filtered_by_status(caller, make_upload):
    make_upload(people(2))
    assert len(caller.api_get("/uploads", status="ready").json()["uploads"]) == 1
    assert caller.api_get("/uploads", status="running").json()["uploads"] == []


def test_lists_are_filtered_by_tag_and_archive(caller, make_upload):
    spring, autumn, untagged = (make_upload(people(2)) for _ in range(3))
    for upload, names in ((spring, ["spring", "mail"]), (autumn, ["autumn"])):
        upload.tags.set([Tag.objects.get_or_create(name=name)[0] for name in names])
    Upload.objects.filter(pk=autumn.pk).update(archived_at=timezone.now())

    def list_ids(**query):
        return [upload["id"] for upload in caller.api_get("/uploads", **query).json()["uploads"]]

    assert list_ids(tag=["spring", "mail"]) == [spring.pk]
    assert list_ids(tag=["spring", "autumn"]) == [autumn.pk, spring.pk]
    assert list_ids(archived="true") == [autumn.pk]
    assert list_ids(archived="false") == [untagged.pk, spring.pk]
    assert len(list_ids()) == 3


@pytest.mark.parametrize(("field", "value"), [("limit", 501), ("limit", 0), ("before", 10**15), ("status", "odd")])
def test_an_invalid_query_for_lists_is_refused(caller, field, value):
    response = caller.api_get("/uploads", **{field: value})
    assert (response.status_code, response.json()["field"]) == (422, field)


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_lists_and_batches_does_not_change_the_number_of_queries(
    caller, start_upload, count, django_assert_max_num_queries
):
    for number in range(count):
        upload = start_upload([person(number * 100 + n) for n in range(12)])
    # Cache the cost of a match.
    spending.max_credits(1)
    for number in range(2, count + 1):
        upload.batches.create(number=number, size=10, status=BatchStatus.CLOSED)
    caller.api_get("/uploads")
    with django_assert_max_num_queries(9):
        caller.api_get("/uploads")
    with django_assert_max_num_queries(7):
        assert len(caller.api_get(f"/uploads/{upload.pk}/batches").json()["batches"]) == count


# Details


def change(caller, upload, body):
    return caller.patch(f"/api/v1/uploads/{upload.pk}", body, content_type="application/json")


def test_the_details_of_a_list_are_changed(caller, start_upload, make_user):
    make_user("luis", Role.MEMBER)
    upload = start_upload(12)
    body = {"name": "Tax roll", "source": "Travis", "note": "Call first.", "tags": ["tax", "q4"], "priority": "urgent"}
    shown = change(caller, upload, body | {"owner": "luis"}).json()
    assert {name: shown[name] for name in body} == body | {"tags": ["q4", "tax"]}
    assert (shown["owner"], shown["created_by"], shown["archived"]) == ("luis", "alice", False)


def test_details_that_are_left_out_stay_as_they_are(caller, start_upload):
    upload = start_upload(12)
    change(caller, upload, {"tags": ["tax"], "note": "Call first."})
    shown = change(caller, upload, {"note": "", "name": None}).json()
    assert (shown["note"], shown["tags"], shown["name"]) == ("", ["tax"], upload.name)


def test_a_list_is_archived_only_once_it_has_ended(caller, start_upload):
    upload = start_upload(12)
    refused = change(caller, upload, {"archived": True, "name": "Other"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "A list with status running cannot be archived.")
    assert caller.api_get(f"/uploads/{upload.pk}").json()["name"] == upload.name
    caller.api_post(f"/uploads/{upload.pk}/cancel")
    assert change(caller, upload, {"archived": True}).json()["archived"] is True
    assert change(caller, upload, {"archived": False}).json()["archived"] is False
    assert change(caller, upload, {"priority": "low"}).status_code == 409


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", " "), ("name", "x" * 201), ("owner", "nobody"), ("tags", ["x" * 41]), ("priority", "first")],
)
def test_details_that_are_not_allowed_are_refused(caller, start_upload, field, value):
    upload = start_upload(12)
    response = change(caller, upload, {field: value})
    assert (response.status_code, response.json()["field"]) == (422, field)


def test_members_can_change_only_the_priority_of_lists_that_are_not_theirs(caller, start_upload, make_user, alice):
    upload = start_upload(12)
    Upload.objects.update(owner=make_user("luis", Role.MEMBER))
    assert change(caller, upload, {"name": "Mine"}).status_code == 403
    assert change(caller, upload, {"priority": "low", "name": "Mine"}).status_code == 403
    assert change(caller, upload, {"priority": "low"}).json()["priority"] == "low"


# What a workbook hides


def hide_second_row(book):
    book["People"].row_dimensions[3].hidden = True


@pytest.mark.parametrize(("with_hidden", "rows"), [("false", 11), ("true", 12)])
def test_rows_that_a_workbook_hides_are_traced_only_on_request(caller, with_hidden, rows):
    workbook = make_workbook(hide_second_row, People=[HEADER, *people(12)])
    sent = caller.send(workbook, filename="people.xlsx", with_hidden=with_hidden).json()
    assert (sent["hidden_rows"], sent["with_hidden"]) == (1, with_hidden == "true")
    caller.api_post(f"/uploads/{sent['id']}/check")
    row_import.check_rows(sent["id"])
    assert caller.api_get(f"/uploads/{sent['id']}").json()["people"] == rows


def test_a_list_is_started_for_a_purpose(caller, make_upload):
    upload = make_upload(people(3))
    refused = caller.api_post(f"/uploads/{upload.pk}/start?purpose=fun")
    assert (refused.status_code, upload.pk) == (409, Upload.objects.get(status="ready").pk)
    started = caller.api_post(f"/uploads/{upload.pk}/start?purpose=legal-matter&purpose_note=Case 12").json()
    assert started["purpose"] == {
        "key": "legal-matter",
        "version": 1,
        "label": "Reach people in a legal matter",
        "note": "Case 12",
    }
