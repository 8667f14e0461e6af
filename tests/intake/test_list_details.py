"""Users change the name, source, note, tags and owner of a list, and archive it."""

import pytest

from accounts.rights import RightMissing, Role
from batches.intake import list_details
from batches.intake.list_details import DetailsRefused, NewDetails, change_details
from batches.models import Tag, Upload
from batches.statuses import UploadStatus
from batches.tracing import pausing, spending
from tests.factories import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def upload(make_upload):
    return make_upload(people(12), name="roll.csv")


def find_changes(upload):
    kinds = ["renamed", "source changed", "note changed", "tags changed", "owner changed", "archived", "unarchived"]
    return [(event.what, event.detail, str(event.user)) for event in upload.events.filter(what__in=kinds)]


def reload(upload):
    return Upload.objects.get(pk=upload.pk)


def test_every_change_is_in_the_history_with_its_user(upload, alice, make_user):
    luis = make_user("luis", Role.MEMBER)
    new = NewDetails("Tax roll", "Travis County", "Call before Friday.", ["tax", "q4"], luis)
    assert change_details(upload, alice, new)
    changed = reload(upload)
    assert (changed.name, changed.list_source, changed.note) == ("Tax roll", "Travis County", "Call before Friday.")
    assert (changed.responsible, changed.created_by) == (luis, alice)
    assert [tag.name for tag in changed.tags.all()] == ["q4", "tax"]
    assert find_changes(upload) == [
        ("renamed", "from “roll” to “Tax roll”", "alice"),
        ("source changed", "“Travis County”", "alice"),
        ("note changed", "", "alice"),
        ("owner changed", "from alice to luis", "alice"),
        ("tags changed", "added q4, tax", "alice"),
    ]


def test_unchanged_details_are_not_in_the_history(upload, alice):
    assert not change_details(upload, alice, NewDetails(name=" roll ", source="", note="", tags=[], owner=alice))
    assert not change_details(upload, alice, NewDetails())
    assert find_changes(upload) == []


def test_a_tag_is_the_same_in_any_case(make_upload, upload, alice):
    change_details(upload, alice, NewDetails(tags=["Tax", " tax ", "hot  leads"]))
    other = make_upload(people(3))
    change_details(other, alice, NewDetails(tags=["TAX"]))
    assert sorted(Tag.objects.values_list("name", flat=True)) == ["Tax", "hot leads"]
    assert [tag.name for tag in other.tags.all()] == ["Tax"]


def test_blank_names_long_notes_and_too_many_tags_are_refused(upload, alice):
    with pytest.raises(DetailsRefused, match="name"):
        change_details(upload, alice, NewDetails(name="  "))
    with pytest.raises(DetailsRefused, match="2,000"):
        change_details(upload, alice, NewDetails(note="x" * 2001))
    with pytest.raises(DetailsRefused, match="20 tags"):
        change_details(upload, alice, NewDetails(tags=[str(number) for number in range(21)]))


def test_a_list_is_handed_only_to_colleagues_who_may_work_with_it(upload, alice, make_user):
    for stranger in (make_user("erin", Role.MEMBER, team="Fairfax"), make_user("vera", Role.VIEWER)):
        with pytest.raises(DetailsRefused):
            change_details(upload, alice, NewDetails(owner=stranger))
    assert reload(upload).owner is None


def test_members_change_their_own_lists_and_leads_those_of_the_team(make_upload, upload, alice, make_user):
    erin = make_user("erin", Role.MEMBER)
    own = make_upload(people(3), user=erin)
    assert change_details(own, erin, NewDetails(name="Mine"))
    assert change_details(own, alice, NewDetails(name="Erin's"))
    with pytest.raises(RightMissing, match="someone else's list"):
        change_details(upload, erin, NewDetails(name="Not mine"))
    # Once the list is handed on, it is no longer the member's own.
    change_details(upload, alice, NewDetails(owner=erin))
    change_details(own, alice, NewDetails(owner=alice))
    assert change_details(reload(upload), erin, NewDetails(name="Mine now"))
    with pytest.raises(RightMissing):
        list_details.archive(reload(own), erin)


def test_an_archived_list_waits_for_nobody_and_comes_back_when_it_is_started(upload, alice):
    assert list_details.archive(upload, alice)
    assert not list_details.archive(upload, alice)
    assert not Upload.objects.needing_action().exists()
    assert spending.start(upload, alice) == UploadStatus.RUNNING
    assert not reload(upload).is_archived


def test_a_running_list_is_not_archived(start_upload, alice):
    upload = start_upload(12)
    assert not list_details.archive(upload, alice)
    pausing.cancel_upload(upload, alice)
    assert list_details.archive(upload, alice)
    assert list_details.unarchive(upload, alice)
    assert not list_details.unarchive(upload, alice)
    assert [what for what, _, _ in find_changes(upload)] == ["archived", "unarchived"]


def test_the_page_saves_the_details(browser, upload, make_user):
    make_user("luis", Role.MEMBER)
    page = browser.get(f"/uploads/{upload.pk}/details/").content.decode()
    assert "luis" in page
    fields = {"name": "Tax roll", "source": "", "tags": "tax, q4", "note": "", "owner": upload.created_by_id}
    assert browser.post(f"/uploads/{upload.pk}/details/", fields).url == upload.get_absolute_url()
    assert reload(upload).name == "Tax roll"
    refused = browser.post(f"/uploads/{upload.pk}/details/", fields | {"name": ""})
    assert refused.status_code == 422
    assert "Please correct" in refused.content.decode() or "required" in refused.content.decode()


def test_the_page_is_for_those_who_may_change_the_list(client, upload, make_user):
    client.force_login(make_user("erin", Role.MEMBER))
    assert client.get(f"/uploads/{upload.pk}/details/").status_code == 403
    client.force_login(make_user("frank", Role.LEAD, team="Fairfax"))
    assert client.get(f"/uploads/{upload.pk}/details/").status_code == 404
