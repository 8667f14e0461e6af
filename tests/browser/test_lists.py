"""Lists are traced and exported in a real browser, and problems with them are solved on the pages and in the admin."""

import csv
import re

import requests
from playwright.sync_api import expect

from tests.support.portal import ROOT
from tests.support.tour import make_list


def test_the_sample_list_is_uploaded_traced_and_exported(page, tmp_path):
    page.get_by_role("link", name="Upload a list").first.click()
    page.get_by_label("Choose CSV or Excel files").set_input_files(ROOT / "static" / "sample.csv")
    page.get_by_label("Name").fill("Spring leads")
    page.get_by_role("button", name="Check the columns").click()

    assert page.get_by_label("Property Zip goes to").locator("option:checked").text_content() == "Property ZIP"
    page.get_by_label("Phone goes to").select_option("")
    # Another test may have traced the same people.
    page.get_by_label("Reuse results from the last").fill("0")
    page.get_by_role("button", name=re.compile(r"^Check .*rows$")).click()

    page.get_by_role("heading", name="Review and start").wait_for()
    page.get_by_role("heading", name="cannot be traced").wait_for()
    page.get_by_role("button", name="at most").click()
    progress = page.locator("svg.bar.l")
    expect(progress).to_have_attribute("aria-label", re.compile("[1-9][0-9]* matched"))

    page.get_by_role("link", name="Dashboard").click()
    page.get_by_role("link", name="Spring leads", exact=True).first.click()
    expect(page.locator(".title .chip")).to_have_text("Complete")

    page.get_by_role("link", name=re.compile("^Matched")).click()
    page.locator("tbody tr").first.get_by_role("link").first.click()
    page.wait_for_url("**/items/**")
    assert page.get_by_text("555-01").first.is_visible()

    page.go_back()
    page.get_by_label("More for Spring leads").click()
    with page.expect_download() as download_info:
        page.get_by_role("link", name="Download CSV").click()
    download_info.value.save_as(tmp_path / "traced.csv")
    with (tmp_path / "traced.csv").open(encoding="utf-8-sig", newline="") as file:
        traced = list(csv.DictReader(file))
    with (ROOT / "static" / "sample.csv").open(newline="") as file:
        original = list(csv.DictReader(file))
    assert [row["Note"] for row in traced] == [row["Note"] for row in original]
    assert {row["Outcome"] for row in traced} >= {"matched", "no_match", "invalid", "duplicate"}


def trace_sample(portal, name):
    """Trace the sample list until it is complete, without reusing earlier answers. Return its id."""
    sample = ROOT / "static" / "sample.csv"
    return portal.trace_completely(sample, "--name", name, "--look-back", "0")["upload"]


def test_a_file_that_is_not_a_list_is_refused_with_the_reason(page, tmp_path):
    (tmp_path / "list.csv").write_bytes(b"%PDF-1.7 no list at all")
    page.goto("/uploads/new/")
    page.get_by_label("Choose CSV or Excel files").set_input_files(tmp_path / "list.csv")
    page.get_by_role("button", name="Check the columns").click()
    page.get_by_text("This is a PDF document, not a list.").wait_for()


def test_missing_people_are_re_run(page, portal):
    pk = trace_sample(portal, "Rerun leads")
    matched = f"Item.objects.filter(upload={pk}, outcome='matched')"
    portal.do(f"ids = list({matched}.values_list('pk', flat=True)[:5])")
    portal.do("Item.objects.filter(pk__in=ids).update(outcome='missing', answer='', request_id='')")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"/items/?upload={pk}&outcome=missing")
    for box in page.get_by_role("checkbox", name="can be re-run").all()[1:]:
        box.check()
    page.get_by_role("button", name="Re-run").click()
    page.get_by_text("Re-running 4 people.").wait_for()

    portal.wait_until(
        lambda: portal.ask(f"Upload.objects.get(pk={pk}).status") == "complete", "the result of the re-run"
    )
    page.goto(f"/uploads/{pk}/")
    page.get_by_role("button", name="Re-run 1").click()
    page.get_by_text("Re-running 1 person.").wait_for()
    page.get_by_role("link", name="Activity").click()
    page.get_by_role("link", name="Full history").last.click()
    expect(page.get_by_text("re-run")).to_have_count(2)


def test_an_unconfirmed_batch_is_closed(page, portal):
    pk = trace_sample(portal, "Unconfirmed leads")
    unconfirmed = "status='unconfirmed', submitted_at='2026-01-01T00:00Z', completed_at=None, attempts=1"
    page.on("dialog", lambda dialog: dialog.accept())
    portal.do(f"Batch.objects.filter(upload={pk}, number=1).update({unconfirmed})")
    portal.do(f"Item.objects.filter(upload={pk}, batch__number=1).update(outcome='pending', answered_via=None)")
    # This comes last, because the clock completes a running list without open batches.
    portal.do(f"Upload.objects.filter(pk={pk}).update(status='running')")
    page.goto("/")
    page.get_by_role("button", name="Close").click()
    page.get_by_text("was closed. People without an answer").wait_for()
    expect(page.get_by_role("button", name="Close")).to_have_count(0)


def test_an_unmatched_delivery_is_retried_and_set_aside(page, portal):
    headers = {"x-api-key": "sandbox"}
    assert requests.post(f"{portal.address}/webhooks/item/nobody/", data=b"{broken", headers=headers, timeout=60).ok
    page.goto("/")
    page.get_by_text("1 delivery from the vendor could not be matched").wait_for()
    page.get_by_role("link", name="Review", exact=True).click()
    page.locator("tbody tr").first.get_by_role("link").first.click()
    page.get_by_text("{broken").wait_for()
    page.get_by_role("button", name="Try again").click()
    page.get_by_text("It still cannot be filed.").wait_for()
    page.get_by_role("button", name="Set aside").click()
    page.goto("/")
    assert page.get_by_text("could not be matched").count() == 0


def test_a_token_is_created_and_makes_the_first_call_of_the_api_reference(page):
    page.goto("/tokens/")
    page.get_by_label("Name").fill("Nightly run")
    page.get_by_role("button", name="Create token").click()
    secret = page.get_by_label("Copy the token now").input_value()
    page.goto("/api/v1/docs")
    call = page.get_by_label("The first call", exact=True).inner_text()
    address = re.search(r'"(http[^"]+)"', call)[1]
    answer = requests.get(address, headers={"Authorization": f"Bearer {secret}"}, timeout=60)
    assert "uploads" in answer.json()


def test_staff_pause_and_resume_a_list_in_the_admin(page, portal):
    make_list(portal, "County roll", count=3_000, street="Oak", priority="normal")
    page.goto("/admin/batches/upload/")
    row = page.locator("#result_list tr").filter(has_text="County roll")

    def run_action(action):
        row.get_by_role("checkbox").check()
        page.get_by_label("Action:").select_option(label=action)
        page.get_by_role("button", name="Go", exact=True).click()

    run_action("Pause: send nothing more for now")
    expect(row).to_contain_text("Paused")
    run_action("Resume sending")
    expect(page.get_by_text("Resume 1 list? Sending may cost credits.")).to_be_visible()
    page.get_by_role("button", name="Yes, continue").click()
    expect(row).to_contain_text("Running")
    portal.cancel_list("County roll")


def test_people_in_the_admin_are_filtered_by_a_list_that_is_found_by_its_name(page, portal):
    make_list(portal, "Autumn leads", count=12, street="Ash", priority="normal")
    page.goto("/admin/batches/item/")
    expect(page.locator("#result_list tbody tr").first).to_be_visible()
    page.get_by_role("combobox", name="List").click()
    page.locator(".select2-search__field").press_sequentially("autumn")
    page.get_by_role("option", name="Autumn leads").click()
    page.locator("form.by-relation").filter(has_text="List").get_by_role("button", name="Show").click()
    page.wait_for_url("**upload*")
    people = page.locator("#result_list")
    assert people.locator("tbody tr").count() == people.get_by_text("Autumn leads").count() == 12
