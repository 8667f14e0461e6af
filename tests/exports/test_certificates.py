"""The certificate of an export: what a file was made from and by which rules, naming nobody."""

import hashlib
import json
import zipfile
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from accounts.rights import RightMissing, Role
from api.models import ApiToken
from batches.exports import certificates, files
from batches.exports.presets import find_preset, list_presets
from batches.exports.rows import ExportChoices, find_first_month
from batches.intake import suppression
from batches.models import EVERYONE, Export, ExportCertificate, SavedView, ScrubSource
from batches.statuses import ScrubKind, ScrubStatus
from batches.tables.saved_views import save_view
from tests.exports.test_files import write_export
from tests.factories import answer_with
from tests.support.pages import read_page

pytestmark = pytest.mark.django_db
MOBILE = {"phone": "2025550101", "phoneType": "mobile", "doNotCall": False, "lastSeen": "2026-01-01"}
FLAGGED = {"phone": "2025550102", "phoneType": "landline", "doNotCall": True}
LISTED = {"phone": "2025550104", "phoneType": "mobile", "doNotCall": False}


@pytest.fixture
def upload(finish_upload, alice):
    """Return a list of 12 people with three phones each. One of the phones is on the do-not-contact list."""
    upload = finish_upload(12, answers=lambda item, _: answer_with(item, phones=[MOBILE, FLAGGED, LISTED]))
    suppression.suppress_lines(["202-555-0104"], alice)
    return upload


def make_scrub_file(**values):
    as_of = timezone.now().date() - timedelta(days=40)
    values = {"status": ScrubStatus.READY} | values
    return ScrubSource.objects.create(kind=ScrubKind.REGISTRY, name="Virginia", as_of=as_of, number_count=7, **values)


def certify(upload, *args, **choices):
    """Return the bytes of an export, and what its certificate says."""
    written = write_export(upload, *args, **choices)
    return written, ExportCertificate.objects.latest("pk").content


def test_a_certificate_says_what_is_in_the_file_and_what_is_not(upload):
    written, content = certify(upload, "long", without_dnc=True)
    assert content["file"]["sha256"] == hashlib.sha256(written).hexdigest()
    assert content["file"] | {"sha256": ""} == {
        "sha256": "",
        "size": len(written),
        "rows": 12,
        "numbers": 12,
        "people": 12,
    }
    assert (content["counts"], content["found"], content["kept"]) == ("numbers", 36, 12)
    assert [(step["reason"], step["count"]) for step in content["left_out"]] == [("listed", 12), ("without_dnc", 12)]
    assert [rule["choice"] for rule in content["rules"]["left_out"]] == ["without_dnc"]


def test_a_certificate_names_the_sources_and_their_ages(upload):
    make_scrub_file(state="VA")
    make_scrub_file(state="MD", status=ScrubStatus.FAILED)
    _, content = certify(upload)
    vendor, do_not_contact_list, registry = content["sources"]
    assert vendor["first_answer"] <= vendor["last_answer"]
    assert date.fromisoformat(vendor["last_answer"][:10])
    assert do_not_contact_list["entries"] == 1
    assert (registry["name"], registry["covers"]) == ("Virginia", "VA")
    assert (registry["age_in_days"], registry["numbers"]) == (40, 7)


def test_a_certificate_names_nobody_who_was_traced(upload):
    _, content = certify(upload)
    text = json.dumps(content)
    item = upload.items.first()
    assert [value for value in (item.last_name, item.address, "2025550101") if value in text] == []


def test_an_interrupted_download_has_no_certificate(upload):
    chunks = files.stream_export(upload, upload.items.all(), files.find_layout("wide"), ExportChoices())
    next(chunks)
    chunks.close()
    assert not Export.objects.get().is_complete
    assert not ExportCertificate.objects.exists()


def test_people_are_counted_if_the_layout_has_no_phones(upload):
    _, content = certify(upload, "Mailer", without_suppressed=True)
    assert (content["counts"], content["found"], content["kept"]) == ("people", 12, 12)


def test_the_page_and_the_file_show_the_certificate(browser, upload):
    make_scrub_file(state="VA")
    written, content = certify(upload, "long", without_dnc=True)
    pk = Export.objects.get().pk
    assert reverse("export-certificate", args=[pk]) in browser.get("/exports/").content.decode()
    page = browser.get(reverse("export-certificate", args=[pk])).content.decode()
    for text in (hashlib.sha256(written).hexdigest(), "Virginia", "40 days old", "Do-not-call numbers", "−12"):
        assert text in page
    assert browser.get(reverse("export-certificate-file", args=[pk])).json() == content


def test_users_who_do_not_see_the_list_do_not_see_its_certificate(client, upload, make_user):
    write_export(upload)
    client.force_login(make_user("mia", "Member", team="Fairfax"))
    for name in ("export-certificate", "export-certificate-file"):
        assert client.get(reverse(name, args=[Export.objects.get().pk])).status_code == 404


def test_the_log_shows_certificates_with_the_same_number_of_queries(upload, browser, django_assert_max_num_queries):
    write_export(upload)
    browser.get("/exports/")
    with django_assert_max_num_queries(40) as few:
        browser.get("/exports/")
    for _ in range(3):
        write_export(upload)
    with django_assert_max_num_queries(len(few)):
        browser.get("/exports/")


# Months


def test_numbers_that_were_not_seen_for_long_are_left_out_and_counted(browser, finish_upload, time_machine):
    time_machine.move_to("2026-11-28T12:00Z", tick=True)
    recent, old = MOBILE | {"lastSeen": "2026-08-31"}, FLAGGED | {"lastSeen": "2026-07-31"}
    upload = finish_upload(12, answers=lambda item, _: answer_with(item, phones=[recent, old, LISTED]))
    _, content = certify(upload, "long", seen_within=3)
    assert (content["kept"], content["left_out"][0]["reason"], content["left_out"][0]["count"]) == (
        12,
        "seen_within",
        24,
    )
    assert content["rules"]["numbers_seen_within_months"] == 3
    page = browser.get(f"/uploads/{upload.pk}/export/choose/?layout=long&seen_within=3").content.decode()
    assert "−24" in page
    response = browser.get(f"/uploads/{upload.pk}/export/?layout=long&seen_within=3")
    text = b"".join(response).decode()
    assert "2025550101" in text
    assert "2025550102" not in text
    assert "seen within 3 months" in browser.get("/exports/").content.decode()
    assert browser.get(f"/uploads/{upload.pk}/export/?seen_within=5").status_code == 400


@pytest.mark.parametrize(
    ("months", "month"), [(0, ""), (1, "2026-01"), (2, "2025-12"), (12, "2025-02"), (26, "2023-12")]
)
def test_the_first_month_that_counts_began_at_most_that_many_months_ago(months, month):
    assert find_first_month(months, date(2026, 2, 28)) == month


# Presets


def test_a_preset_keeps_layout_choices_format_and_people(browser, upload, alice):
    save_view(alice, "export", "Calls", "layout=long&without_dnc=1&format=xlsx&outcome=matched&q=Ada&seen_within=6")
    preset = find_preset("calls", list_presets(alice))
    assert (preset.layout, preset.format, preset.choices) == ("long", "xlsx", ("without_dnc",))
    assert preset.seen_within == "6"
    assert preset.filters == (("outcome", "matched"),)
    response = browser.get(f"/uploads/{upload.pk}/export/?preset={preset.key}")
    assert response["Content-Disposition"].endswith('.xlsx"')
    b"".join(response)
    entry = Export.objects.get()
    assert (entry.layout, entry.format, entry.choices["choices"]) == ("long", "xlsx", ["without_dnc"])
    assert entry.choices["rows"] == {"outcome": ["matched"]}


def test_a_preset_is_shared_with_a_role_or_with_everyone(alice, make_user):
    save_view(alice, "export", "For leads", "layout=long", Role.LEAD)
    save_view(alice, "export", "For all", "layout=wide", EVERYONE)
    save_view(alice, "export", "Mine", "layout=full")
    names = {
        role: [preset.name for preset in list_presets(make_user(role.lower(), role)) if preset.view]
        for role in ("Member", "Lead")
    }
    assert names == {"Member": ["For all"], "Lead": ["For leads", "For all"]}
    assert [preset.name for preset in list_presets(None) if preset.view] == ["For all"]
    assert "Shared by alice" in list_presets(None)[-1].hint


def test_only_those_who_may_decide_share_presets_and_only_presets_are_shared(alice, make_user):
    with pytest.raises(RightMissing):
        save_view(make_user("mia", "Member"), "export", "For all", "layout=wide", EVERYONE)
    assert save_view(alice, "uploadtable", "Mine", "status=running", EVERYONE).shared_with == ""
    assert save_view(alice, "export", "Odd", "layout=wide", "Nobody").shared_with == ""


def test_a_preset_that_a_user_may_not_use_is_refused_by_name(browser, upload, make_user):
    view = SavedView.objects.create(user=make_user("mia", "Member"), table="export", name="Hers", query="layout=long")
    response = browser.get(f"/uploads/{upload.pk}/export/?preset=view-{view.pk}")
    assert response.status_code == 400
    assert b"There is no preset" in response.content


def test_presets_are_one_click_away_on_the_list_and_above_its_people(browser, upload):
    address = f"/uploads/{upload.pk}/export/?preset=dialer"
    assert address in browser.get(f"/uploads/{upload.pk}/").content.decode()
    people = browser.get(f"/items/?upload={upload.pk}&outcome=matched").content.decode()
    assert f"/uploads/{upload.pk}/export/?outcome=matched&amp;preset=dialer" in people


def test_the_shell_exports_by_preset(upload, alice, tmp_path):
    save_view(alice, "export", "Nightly", "layout=long&without_dnc=1&outcome=matched", EVERYONE)
    out = tmp_path / "out.csv"
    call_command("export", str(upload.pk), "--preset", "nightly", "--out", str(out))
    text = out.read_text("utf-8-sig")
    assert "2025550101" in text
    assert "2025550102" not in text
    with pytest.raises(CommandError, match=r"Unknown preset: weekly\. Use one of Dialer"):
        call_command("export", str(upload.pk), "--preset", "weekly", "--out", str(out))


@pytest.mark.parametrize(
    ("name", "is_workbook"), [("dialer.xlsx", True), ("DIALER.XLSX", True), ("dialer.csv", False), ("dialer", False)]
)
def test_the_name_of_the_file_decides_its_format_also_with_a_preset(upload, tmp_path, name, is_workbook):
    out = tmp_path / name
    call_command("export", str(upload.pk), "--preset", "dialer", "--out", str(out))
    assert zipfile.is_zipfile(out) is is_workbook


def test_the_format_of_a_preset_counts_if_the_name_of_the_file_says_nothing(upload, alice, tmp_path):
    save_view(alice, "export", "Nightly", "layout=long&format=xlsx", EVERYONE)
    for name, is_workbook in (("out", True), ("out.csv", False)):
        call_command("export", str(upload.pk), "--preset", "nightly", "--out", str(tmp_path / name))
        assert zipfile.is_zipfile(tmp_path / name) is is_workbook


def test_rules_are_named_with_their_capitals(browser, upload):
    write_export(upload, without_stale=True, without_dnc=True)
    sentence = "without do-not-call numbers; without numbers whose Do Not Call flag is stale"
    assert sentence in read_page(browser.get(f"/exports/{Export.objects.get().pk}/certificate/"))
    assert sentence in read_page(browser.get("/exports/"))


def test_the_api_lists_the_exports_of_a_list_with_purpose_and_certificate(upload, alice, client):
    write_export(upload)
    write_export(upload, "long", without_dnc=True)
    _, secret = ApiToken.objects.create_with_secret(alice, "Nightly run")
    headers = {"authorization": f"Bearer {secret}"}
    first = client.get(f"/api/v1/uploads/{upload.pk}/exports?limit=1", headers=headers).json()
    (export,) = first["exports"]
    assert (export["layout"], export["choices"], export["is_complete"]) == ("long", ["without_dnc"], True)
    assert export["certificate"] == ExportCertificate.objects.get(pk=export["id"]).content
    second = client.get(f"/api/v1/uploads/{upload.pk}/exports?before={first['next']}", headers=headers).json()
    assert [each["layout"] for each in second["exports"]] == ["wide"]


def test_certificates_outlive_what_was_found(settings):
    assert settings.EXPORT_CERTIFICATE_DAYS >= 5 * 365 > settings.RESULT_RETENTION_DAYS
    assert certificates.VERSION == 1
