"""The ten most common acts take the clicks and keys that docs/performance.md says: at most half as many as before."""

import csv
import re

import pytest
from playwright.sync_api import expect

from tests.support.browsing import browse
from tests.support.portal import ROOT
from tests.support.tour import HEADER, make_list

NAME = "Maple Lane heirs"
LAST_NAMES = [f"Quill{first}{second}" for first in "aeiou" for second in "bdfglmn"]
PAUSED_COUNT = 3_000
"""People in a list that still runs when it is paused."""
DROP = """([name, content]) => {
    const dropped = new DataTransfer();
    dropped.items.add(new File([content], name, {type: "text/csv"}));
    const options = {dataTransfer: dropped, bubbles: true, cancelable: true};
    for (const kind of ["dragover", "drop"]) document.body.dispatchEvent(new DragEvent(kind, options));
}"""


NOTE_COPIED = """() => {
    const note = () => { if (document.querySelector("[aria-label=Copied]")) window.wasCopied = true; };
    new MutationObserver(note).observe(document.body, {subtree: true, attributeFilter: ["aria-label"]});
}"""
"""A script that notes that a button said “Copied”, which it does for too short a time for a busy computer."""


class Hand:
    """Use a page as a person does, and count clicks and keys. Typed words and the Enter after them do not count."""

    def __init__(self, page):
        self.page = page
        self.count = 0
        page.on("dialog", self.answer)

    def answer(self, dialog):
        self.count += 1
        dialog.accept()

    def click(self, role, name, **options):
        self.count += 1
        self.page.get_by_role(role, name=name, **options).first.click()

    def press(self, key):
        self.count += 1
        self.page.keyboard.press(key)

    def drop(self, name, content):
        self.count += 1
        self.page.evaluate(DROP, [name, content])

    def search(self, words):
        """Type words into the search over the page, wait for what they find, and press Enter."""
        self.page.keyboard.type(words)
        self.page.locator(f'#palette .results[data-query="{words}"] [data-suggestion]').first.wait_for()
        self.page.keyboard.press("Enter")


def read_counts():
    """Return act → its clicks and keys before and now, as documented in docs/performance.md."""
    text = (ROOT / "docs" / "performance.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| (\d+): [^|]+ \| (\d+): [^|]+ \|$", text, re.MULTILINE)
    return {act: (int(before), int(now)) for act, before, now in rows}


COUNTS = read_counts()


@pytest.fixture(scope="module")
def upload(portal, tmp_path_factory):
    """Return the id of a complete list of people with rare names."""
    path = tmp_path_factory.mktemp("acts") / "maple.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for row, last in enumerate(LAST_NAMES):
            writer.writerow(["Ada", last, f"{row} Maple Ln", "Herndon", "VA", "20170"])
    pk = portal.trace_completely(path, "--name", NAME)["upload"]
    is_digested = f"Upload.objects.get(pk={pk}).digested_at is not None"
    portal.wait_until(lambda: portal.ask(is_digested), "the digests")
    return pk


@pytest.fixture
def hand(chromium, portal, upload):
    permissions = ["clipboard-read", "clipboard-write"]
    with browse(chromium, portal, permissions=permissions) as page:
        yield Hand(page)


def check(hand, act):
    before, now = COUNTS[act]
    assert hand.count == now
    assert now * 2 <= before


def open_first_person_to_call(hand, upload):
    """Open the first person to call. This comes before the act, so it does not count."""
    hand.page.goto(f"/items/?upload={upload}&has=callable&match=same&deceased=no")
    hand.page.locator("tbody a.go").first.click()
    hand.page.wait_for_url("**/items/*/**")
    # The panel has the address before it has the person.
    hand.page.locator("#person-panel .phone").first.wait_for()


def test_there_are_ten_acts():
    assert len(COUNTS) == 10


def test_a_list_is_uploaded(hand):
    hand.page.goto("/")
    hand.drop("Dropped here.csv", "First Name,Last Name,Address,City,State,Zip\nAda,Abbott,1 Elm,Herndon,VA,20170\n")
    hand.page.get_by_role("heading", name="Check the columns").wait_for()
    check(hand, "Upload a list, as far as its columns")


def test_a_list_is_opened_by_its_name(hand, upload):
    hand.page.goto("/exports/")
    hand.press("/")
    hand.search("maple lane")
    hand.page.wait_for_url(f"**/uploads/{upload}/")
    check(hand, "Open a list by its name")


def test_a_person_is_opened_by_name(hand, portal, upload):
    name = portal.ask(f"Item.objects.filter(upload={upload}, outcome='matched').first().last_name")
    hand.page.goto("/exports/")
    hand.press("/")
    hand.search(f"ada {name.lower()}")
    expect(hand.page.get_by_role("heading", level=1)).to_contain_text(name)
    check(hand, "Open a person by name")


def test_the_people_to_call_are_shown(hand, upload):
    hand.page.goto(f"/uploads/{upload}/")
    hand.click("link", "Ready to call")
    hand.page.wait_for_url("**/items/**")
    assert hand.page.locator("tbody a.tel").count() >= 1
    expect(hand.page.locator("tbody .tel.off")).to_have_count(0)
    check(hand, "From a list to those of its people who may be called")


def test_the_next_person_is_opened(hand, upload):
    open_first_person_to_call(hand, upload)
    first = hand.page.url
    hand.press("j")
    hand.page.wait_for_url(lambda url: "/items/" in url and url != first)
    check(hand, "From one person to the next")


def test_the_best_number_is_copied(hand, upload):
    open_first_person_to_call(hand, upload)
    number = hand.page.locator(".phone.first .tel").text_content().strip()
    hand.page.evaluate(NOTE_COPIED)
    hand.click("button", re.compile(rf"^Copy {re.escape(number)}"))
    hand.page.wait_for_function("window.wasCopied")
    assert hand.page.evaluate("navigator.clipboard.readText()") == number
    check(hand, "Copy a person's best number")


def test_a_person_is_put_on_the_do_not_contact_list(hand, portal, upload):
    open_first_person_to_call(hand, upload)
    hand.page.keyboard.press("j")
    # The row behind the panel has an Undo too.
    panel = hand.page.get_by_role("region", name="Person", exact=True)
    panel.get_by_role("link", name="Previous person").first.wait_for()
    hand.click("button", "Do not contact")
    undo = panel.get_by_role("button", name="Undo").first
    undo.wait_for()
    check(hand, "Put a person on the do-not-contact list")
    # Other tests need to find people to call in the same list.
    undo.click()
    panel.get_by_role("button", name="Do not contact").first.wait_for()


def test_a_list_is_exported_for_a_dialer(hand, upload):
    hand.page.goto("/")
    hand.page.get_by_label(f"Export {NAME}").wait_for()
    hand.count += 1
    hand.page.get_by_label(f"Export {NAME}").click()
    with hand.page.expect_download() as download:
        hand.click("link", re.compile("^Dialer"))
    assert download.value.suggested_filename.endswith(".csv")
    check(hand, "Export a list for a dialer, from the dashboard")


def test_a_list_is_paused(hand, portal):
    make_list(portal, "Willow owners", PAUSED_COUNT, "Willow", "urgent")
    hand.page.goto("/")
    hand.click("button", "Pause Willow owners")
    hand.page.get_by_role("button", name="Resume Willow owners").wait_for()
    check(hand, "Pause a list, from the dashboard")
    portal.cancel_list("Willow owners")


def test_missing_people_are_re_run(hand, portal, upload):
    portal.do(f"ids = list(Item.objects.filter(upload={upload}, outcome='no_match').values_list('pk', flat=True)[:2])")
    portal.do("Item.objects.filter(pk__in=ids).update(outcome='missing', answer='', request_id='')")
    portal.do("from batches.tracing.counts import freeze_counts")
    portal.do(f"[freeze_counts(batch.pk) for batch in Batch.objects.filter(upload={upload})]")
    hand.page.goto(f"/uploads/{upload}/")
    hand.click("button", re.compile(r"^Re-run \d+ missing, at most \$"))
    hand.page.get_by_text(re.compile("^Re-running")).first.wait_for()
    check(hand, "Re-run the missing people of a list")
    # Other tests need the complete list.
    portal.wait_until(lambda: portal.ask(f"Upload.objects.get(pk={upload}).status") == "complete", "the re-run")
