"""What users say about matches counts more than the match check, in all lists of the person, until it is undone."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, AuditKind
from accounts.rights import RightMissing, Role
from api.serializers import serialize_items
from batches import retention
from batches.exports import files
from batches.exports.rows import ExportChoices
from batches.models import Digest, Item, MatchDecision, Upload
from batches.people.contacts import Address, Contact
from batches.people.match_decision import Decision, describe_decision, hash_found, label_decision
from batches.results import deciding, digests
from batches.statuses import MatchDecided
from tests.factories import answer_with, people
from tests.support.pages import read_page

pytestmark = pytest.mark.django_db
PHONE = {"phone": "2025550101", "phoneType": "mobile", "doNotCall": False, "lastSeen": "2026-01-01"}


def answer(name):
    return lambda item, _: answer_with(item, phones=[PHONE], names=[name])


@pytest.fixture
def items(finish_upload):
    """Return the same person in two lists, for whom somebody with another name was found."""
    for _ in range(2):
        upload = finish_upload(people(1), answers=answer("Zed Yellow"), settings={"look_back": 0})
        digests.digest_batch(upload.batches.get().pk)
        digests.digest_upload(upload.pk)
    return list(Item.objects.order_by("pk"))


def read_verdicts():
    return list(Digest.objects.order_by("pk").values_list("match", flat=True))


def decide(item, verdict, user):
    return deciding.decide(item.pk, MatchDecided(verdict), user)


def test_a_decision_counts_in_all_lists_of_the_person(items, alice):
    assert read_verdicts() == ["other", "other"]
    assert decide(items[0], "same", alice)
    assert read_verdicts() == ["same", "same"]
    entry = AuditEntry.objects.get(kind=AuditKind.MATCH_DECIDED)
    assert (entry.user, entry.upload_id, entry.detail) == (alice, items[0].upload_id, "Same person")


def test_a_second_click_changes_nothing(items, alice):
    assert decide(items[0], "same", alice)
    assert not decide(items[1], "same", alice)
    assert MatchDecision.objects.count() == 1


def test_undoing_brings_back_the_earlier_decision_and_then_the_check(items, alice):
    decide(items[0], "same", alice)
    decide(items[1], "other", alice)
    latest, first = MatchDecision.objects.order_by("-pk")
    assert deciding.undo(latest.pk, alice)
    assert read_verdicts() == ["same", "same"]
    assert deciding.undo(first.pk, alice)
    assert not deciding.undo(first.pk, alice)
    assert read_verdicts() == ["other", "other"]


def test_the_totals_of_batches_are_summed_again(items, alice):
    decide(items[0], "same", alice)
    batches, _ = digests.list_undigested(timezone.now())
    assert set(batches) == {item.batch_id for item in items}
    for batch in batches:
        digests.digest_batch(batch)
    assert list(items[0].upload.batches.values_list("match_same", "match_other")) == [(1, 0)]


def test_a_digest_that_is_made_later_follows_the_decision(items, alice):
    decide(items[0], "same", alice)
    Digest.objects.all().delete()
    assert digests.load_digests(items)[items[1].pk].match == "same"
    digests.refresh_digests(Item.objects.all())
    assert read_verdicts() == ["same", "same"]


def test_another_answer_about_the_person_is_judged_anew(items, finish_upload, alice):
    decide(items[0], "same", alice)
    other = finish_upload(people(1), answers=answer("Xena Walker"), settings={"look_back": 0})
    digests.digest_batch(other.batches.get().pk)
    assert other.items.get().digest.match == "other"


def test_nobody_decides_where_nobody_was_found(start_upload, alice):
    item = start_upload(people(1)).items.get()
    with pytest.raises(deciding.NothingFound):
        decide(item, "same", alice)


def test_users_without_the_right_or_the_list_cannot_decide(items, make_user, alice):
    with pytest.raises(RightMissing):
        decide(items[0], "same", make_user("vic", Role.VIEWER))
    with pytest.raises(Item.DoesNotExist):
        decide(items[0], "same", make_user("sue", Role.MEMBER, team="Fairfax"))
    decide(items[0], "same", alice)
    assert not deciding.undo(MatchDecision.objects.get().pk, make_user("tim", Role.MEMBER, team="Fairfax"))


def test_files_follow_a_decision(items, alice):
    upload = Upload.objects.get(pk=items[1].upload_id)
    layout = files.find_layout("wide")

    def export():
        chunks = files.stream_export(upload, upload.items.all(), layout, ExportChoices(without_other=True))
        return b"".join(chunks).decode()

    assert "2025550101" not in export()
    decide(items[0], "same", alice)
    assert "2025550101" in export()


def test_the_page_says_who_decided_and_offers_undo(browser, items, alice):
    address = items[1].get_absolute_url()
    assert "Ask who answers" in read_page(browser.get(address))
    browser.post(f"/items/{items[0].pk}/match/", {"verdict": "same"})
    page = read_page(browser.get(address))
    assert "Yes, alice confirmed on" in page
    assert "It belongs to someone" not in page
    browser.post(f"/match-decisions/{MatchDecision.objects.get().pk}/undo/")
    assert "It belongs to someone with another name." in read_page(browser.get(address))


def test_someone_else_is_a_reason_to_check_the_number(browser, finish_upload):
    item = finish_upload(people(1), answers=answer("Ada Abbott")).items.get()
    browser.post(f"/items/{item.pk}/match/", {"verdict": "other"})
    page = browser.get(item.get_absolute_url())
    assert "It belongs to someone else, alice said on" in read_page(page)
    assert page.context["numbers"].best.standing.has("someone_else")
    assert "Someone else, said alice" in read_page(browser.get("/items/?columns=match.phone"))


def test_an_unknown_verdict_is_refused(browser, items):
    page = browser.post(f"/items/{items[0].pk}/match/", {"verdict": "perhaps"}, follow=True)
    assert "Nothing was recorded." in read_page(page)
    assert not MatchDecision.objects.exists()


def test_the_api_follows_a_decision(items, alice):
    decide(items[0], "same", alice)
    found = Item.objects.select_related("same_as__same_as", "batch", "upload")
    assert [item["match"] for item in serialize_items(found)] == ["same", "same"]


def test_erased_people_lose_the_decisions_about_them(items, alice):
    decide(items[0], "same", alice)
    assert deciding.forget_decisions([items[0].pk]) == 1


def test_old_decisions_are_deleted(items, alice, settings):
    settings.RESULT_RETENTION_DAYS = 30
    decide(items[0], "same", alice)
    MatchDecision.objects.update(at=timezone.now() - timedelta(days=31))
    assert deciding.RETAINED_DECISIONS in retention.retained
    deciding.RETAINED_DECISIONS.purge_expired(timezone.now(), float("inf"))
    assert not MatchDecision.objects.exists()


def test_who_was_found_is_recognised_by_names_and_address():
    found = Contact(names=["Zed Yellow", "Z Yellow"], current=Address("1 Oak St"))
    assert hash_found(found) == hash_found(Contact(names=["z  yellow", "ZED YELLOW"], current=Address("1 OAK ST")))
    assert hash_found(found) != hash_found(Contact(names=["Zed Yellow"], current=Address("1 Oak St")))
    assert hash_found(found) != hash_found(Contact(names=["Zed Yellow", "Z Yellow"], current=Address("2 Oak St")))


def test_a_decision_is_said_with_who_and_when():
    day = date(2026, 11, 28)
    assert describe_decision(Decision("same", "Ada", day)) == "Yes, Ada confirmed on Nov 28, 2026."
    assert describe_decision(Decision("other", "Ada", day)) == "No, Ada said on Nov 28, 2026 that it is someone else."
    assert label_decision(Decision("same", "Ada", day)) == "Confirmed by Ada"
