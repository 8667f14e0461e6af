"""Which numbers a file has, and what it says about them: the same standing as on the screen and in the API."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from api.serializers import serialize_items
from batches.exports.breakdown import make_breakdown
from batches.exports.files import as_layout, find_layout
from batches.exports.layouts import PER_PHONE, Layout
from batches.exports.presets import BUILT_IN_PRESETS
from batches.exports.rows import ExportChoices
from batches.models import Digest, ExportLayout, Item, PhoneNumber, ScrubLine, ScrubSource
from batches.numbers.refresh import refresh_scrubs
from tests.exports.test_files import write_export
from tests.factories import answer_for, answer_with, people

pytestmark = pytest.mark.django_db
FREE = {"phone": "2025550101", "phoneType": "mobile", "doNotCall": False, "lastSeen": "2026-01-01"}
OTHER_FREE = FREE | {"phone": "2025550102"}
FLAGGED = FREE | {"phone": "2025550103", "doNotCall": True}
DEAD = FREE | {"phone": "2025550104", "isConnected": False}
STANDINGS = Layout(
    "standings",
    [("Number", "phone"), ("Standing", "phone_standing"), ("Why", "phone_reason"), ("Flag", "phone_flag_as_of")],
    per=PER_PHONE,
    needs="phone",
)


@pytest.fixture
def upload(finish_upload):
    def answer(item, position):
        if position:
            return answer_for(item, "no_match", output=None)
        return answer_with(item, phones=[DEAD, FLAGGED, FREE, OTHER_FREE])

    return finish_upload(people(10), answers=answer)


def read_rows(upload, layout, **choices):
    text = write_export(upload, layout, **choices).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))[1:]


def list_numbers(upload, **choices):
    return [row[0] for row in read_rows(upload, STANDINGS, **choices)]


def make_flags_stale(days=45):
    then = timezone.now() - timedelta(days=days)
    Item.objects.exclude(answered_at=None).update(answered_at=then)
    Digest.objects.exclude(answered_at=None).update(answered_at=then)
    PhoneNumber.objects.update(flag_at=then.date())


def put_in_scrub_file(number):
    source = ScrubSource.objects.create(kind="registry", name="Sample file", as_of=date(2026, 11, 1), status="ready")
    ScrubLine.objects.create(number=number, source=source)
    refresh_scrubs()


def test_a_file_says_of_each_number_whether_it_may_be_called_why_and_how_old_the_flag_is(upload):
    today = timezone.now().date()
    rows = {row[0]: row[1:] for row in read_rows(upload, STANDINGS)}
    assert [row[0] for row in rows.values()] == ["Call", "Call", "Do not call", "Disconnected"]
    assert rows["2025550101"][1].startswith("Mobile, seen Jan 2026, not on the Do Not Call list as of")
    assert rows["2025550103"][1].startswith("On the Do Not Call list, the vendor said on")
    assert {row[2] for row in rows.values()} == {today.isoformat()}


def test_the_number_that_any_list_saw_last_comes_first_on_pages_over_the_api_and_in_files(browser, upload):
    assert list_numbers(upload)[:2] == ["2025550101", "2025550102"]
    PhoneNumber.objects.filter(pk=2025550102).update(last_seen="2026-11-01")
    assert list_numbers(upload)[:2] == ["2025550102", "2025550101"]
    item = upload.items.get(row_number=2)
    page = browser.get(item.get_absolute_url()).content.decode()
    assert page.index("(202) 555-0102") < page.index("(202) 555-0101")
    table = browser.get("/items/", {"upload": upload.pk}).content.decode()
    assert "(202) 555-0102" in table
    assert "(202) 555-0101" not in table
    [shown] = serialize_items(upload.items.filter(pk=item.pk))
    found = shown["found"]["phones"]
    assert [phone["number"] for phone in found[:2]] == ["2025550102", "2025550101"]


def test_a_number_in_a_scrub_file_is_left_out_with_the_do_not_call_numbers(upload):
    put_in_scrub_file(2025550101)
    assert list_numbers(upload, without_dnc=True, without_disconnected=True) == ["2025550102"]


def test_a_number_in_a_scrub_file_comes_after_those_to_call_in_every_layout(upload):
    put_in_scrub_file(2025550101)
    layout = Layout("short", [("Best", "phone_1")])
    assert read_rows(upload, layout)[0] == ["2025550102"]


def test_numbers_with_a_stale_flag_can_be_left_out(upload):
    make_flags_stale()
    assert list_numbers(upload, without_dnc=True) != []
    assert list_numbers(upload, without_dnc=True, without_stale=True, without_disconnected=True) == []
    assert any("45 days old" in row[2] for row in read_rows(upload, STANDINGS))


def test_the_days_after_which_a_flag_is_stale_can_be_set(upload, settings):
    make_flags_stale()
    settings.DNC_STALE_DAYS = 90
    assert list_numbers(upload, without_stale=True)[:2] == ["2025550101", "2025550102"]


def test_a_file_says_how_many_numbers_it_leaves_out_and_why(upload):
    choices = ExportChoices(without_dnc=True, without_stale=True, without_disconnected=True)
    breakdown = make_breakdown(upload, upload.items.all(), STANDINGS, choices)
    assert (breakdown.found, breakdown.kept) == (4, 2)
    assert breakdown.by_reason == {"without_dnc": 1, "without_disconnected": 1}
    make_flags_stale()
    breakdown = make_breakdown(upload, upload.items.all(), STANDINGS, choices)
    assert breakdown.by_reason == {"without_dnc": 1, "without_disconnected": 1, "without_stale": 2}


@pytest.mark.parametrize("key", ["dialer", "text"])
def test_presets_for_calling_and_texting_leave_out_by_default_what_must_not_be_called(key):
    preset = next(preset for preset in BUILT_IN_PRESETS if preset.key == key)
    left_out = {"without_dnc", "without_stale", "without_deceased", "without_other", "without_disconnected"}
    assert left_out <= set(preset.choices)


def test_the_shell_can_leave_out_numbers_with_a_stale_flag(upload, tmp_path):
    make_flags_stale()
    out = tmp_path / "out.csv"
    call_command("export", str(upload.pk), "--layout", "long", "--without-stale", "--out", str(out))
    assert "2025550101" not in out.read_text("utf-8-sig")


@pytest.mark.parametrize("name", ["wide", "long", "full", "Dialer", "Text messages"])
def test_of_a_household_only_the_numbers_of_the_person_asked_for_are_exported(name, finish_upload):
    def answer(item, position):
        names = [("Wes Underhill", "2025550131"), (item.asked_name, "2025550132"), ("Zoe Zamora", "2025550133")]
        address = {"streetAddress": "9 Elm St", "city": "Tampa", "state": "FL", "zip": "33602"}
        persons = [
            {
                "fullName": full_name,
                "address": address,
                "phones": [{"phone": phone, "phoneType": "W", "phoneFtcDnc": "N", "phoneLastSeen": "2026-10-01"}],
            }
            for full_name, phone in names
        ]
        return answer_for(item, output=None, persons=persons)

    upload = finish_upload(10, answers=answer)
    saved = ExportLayout.objects.filter(name=name).first()
    layout = as_layout(saved) if saved else find_layout(name)
    text = write_export(upload, layout).decode("utf-8-sig")
    assert "2025550132" in text
    assert "2025550131" not in text
    assert "2025550133" not in text
