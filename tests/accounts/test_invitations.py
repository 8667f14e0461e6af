"""Links of invitations are valid once, for seven days, and until the next invitation."""

import re
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import invitations
from accounts.models import AuditEntry, AuditKind
from accounts.rights import Right, Role, can
from accounts.team import members
from accounts.team.members import CannotChange
from tests.support.pages import read_page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("roles")]
NO_LONGER_WORKS = "This link no longer works"
PASSWORDS = {"new_password1": "correct horse battery", "new_password2": "correct horse battery"}


@pytest.fixture(autouse=True)
def _mail_server(settings):
    settings.IS_MAILING = True


def path_of(link, settings):
    assert link.startswith(f"{settings.PUBLIC_URL}/welcome/")
    return link.removeprefix(settings.PUBLIC_URL)


@pytest.fixture
def invited(dora, east, settings):
    """Return an invited user and the path of the link."""
    user, invitation = members.add(dora, "gus", "gus@example.com", [Role.MEMBER], [east])
    return user, path_of(invitation.link, settings)


def accept(client, path, **passwords):
    form = client.get(path, follow=True)
    return client.post(form.wsgi_request.path, PASSWORDS | passwords, follow=True)


def test_an_invited_person_chooses_a_password_and_is_logged_in(invited):
    user, path = invited
    client = Client()
    page = client.get(path, follow=True)
    assert "Welcome, gus" in read_page(page)
    assert "no-store" in page["Cache-Control"]
    # Others may see the address of the form, so the token is not in it.
    assert path not in page.wsgi_request.path
    accept(client, path)
    assert client.get("/settings/").status_code == 200
    assert UserSession.objects.get(user=user).session_key == client.session.session_key
    assert Client().login(username="gus", password=PASSWORDS["new_password1"])
    assert can(User.objects.get(pk=user.pk), Right.UPLOAD)
    assert AuditEntry.objects.get(kind=AuditKind.PASSWORD_CHANGED).user == user


def test_a_link_is_valid_once(invited):
    _, path = invited
    accept(Client(), path)
    page = read_page(Client().get(path, follow=True))
    assert NO_LONGER_WORKS in page
    assert "Ask an administrator" in page


def test_only_the_first_of_two_open_forms_sets_the_password(invited):
    user, path = invited
    first, second = Client(), Client()
    form = second.get(path, follow=True).wsgi_request.path
    accept(first, path)
    other = {"new_password1": "another long password", "new_password2": "another long password"}
    assert NO_LONGER_WORKS in read_page(second.post(form, other))
    assert User.objects.get(pk=user.pk).check_password(PASSWORDS["new_password1"])


@pytest.mark.parametrize(("days", "works"), [(6.9, True), (7.1, False)])
def test_a_link_is_valid_for_seven_days(invited, time_machine, settings, days, works):
    settings.PASSWORD_RESET_TIMEOUT = 3600
    _, path = invited
    time_machine.move_to(timezone.now() + timedelta(days=days))
    assert (NO_LONGER_WORKS not in read_page(Client().get(path, follow=True))) == works


def test_a_weak_password_is_refused(invited):
    user, path = invited
    page = accept(Client(), path, new_password1="short", new_password2="short")
    assert "at least 12 characters" in read_page(page)
    assert not User.objects.get(pk=user.pk).has_usable_password()


def test_a_link_that_was_changed_or_belongs_to_no_active_user_does_not_work(invited):
    user, path = invited
    assert NO_LONGER_WORKS in read_page(Client().get(f"{path[:-2]}x/", follow=True))
    assert NO_LONGER_WORKS in read_page(Client().get("/welcome/OTk5OTk/abc-def/", follow=True))
    assert NO_LONGER_WORKS in read_page(Client().get("/welcome/%C3%BC/abc-def/", follow=True))
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert NO_LONGER_WORKS in read_page(Client().get(path, follow=True))


def test_a_link_for_another_purpose_does_not_work(invited):
    from django.contrib.auth.tokens import default_token_generator  # noqa: PLC0415 - only here

    user, path = invited
    beginning = path.rstrip("/").rpartition("/")[0]
    token = default_token_generator.make_token(user)
    assert NO_LONGER_WORKS in read_page(Client().get(f"{beginning}/{token}/", follow=True))
    assert not default_token_generator.check_token(user, path.rstrip("/").rpartition("/")[2])


# On the page


def invite(admin_browser, **changes):
    return admin_browser.post(
        "/team/invite/", {"name": "gus", "email": "gus@example.com", "roles": ["Member"]} | changes
    )


def test_an_invitation_is_mailed(admin_browser, east):
    response = invite(admin_browser, teams=[east.pk])
    assert response.status_code == 302
    (message,) = mail.outbox
    assert message.to == ["gus@example.com"]
    assert "dora invites you" in message.body
    path = re.search(r"http\S+(/welcome/\S+)", message.body)[1]
    assert "Welcome, gus" in read_page(Client().get(path, follow=True))
    assert list(User.objects.get(username="gus").teams.all()) == [east]
    assert "</span>Invited</span>" in read_page(admin_browser.get("/team/"))
    entry = AuditEntry.objects.get(kind=AuditKind.RIGHTS_CHANGED)
    assert entry.detail == "Invited gus: Member; East"


@pytest.mark.parametrize("why", ["no mail server", "no address", "mail server is down"])
def test_the_link_is_shown_once_if_it_cannot_be_mailed(admin_browser, settings, monkeypatch, caplog, why):
    def fail(*_, **__):
        raise OSError("gus@example.com refused")

    if why == "no mail server":
        settings.IS_MAILING = False
    if why == "mail server is down":
        monkeypatch.setattr(invitations.EmailMessage, "send", fail)
    response = invite(admin_browser, email="" if why == "no address" else "gus@example.com")
    assert response.status_code == 201
    assert "no-store" in response["Cache-Control"]
    link = re.search(r'value="(http[^"]+/welcome/[^"]+)"', response.content.decode())[1]
    assert "Welcome, gus" in read_page(Client().get(path_of(link, settings), follow=True))
    assert mail.outbox == []
    assert "gus@example.com" not in caplog.text
    assert "/welcome/" not in read_page(admin_browser.get("/team/"))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "DORA"}, "There is already a user with the name DORA."),
        ({"email": "Dora@example.com"}, "Another user has this email address."),
        ({"name": "two words"}, "Enter a valid username."),
        ({"roles": []}, "This field is required."),
        ({"email": "no address"}, "Enter a valid email address."),
    ],
)
def test_an_invalid_invitation_is_refused(admin_browser, changes, sentence):
    response = invite(admin_browser, **changes)
    assert response.status_code == 422
    assert sentence in read_page(response)
    assert User.objects.count() == 1


def test_a_new_invitation_ends_the_earlier_link(admin_browser, invited):
    user, path = invited
    admin_browser.post(f"/team/users/{user.pk}/invite/")
    assert NO_LONGER_WORKS in read_page(Client().get(path, follow=True))
    path = re.search(r"http\S+(/welcome/\S+)", mail.outbox[-1].body)[1]
    accept(Client(), path)
    assert User.objects.get(pk=user.pk).has_usable_password()


def test_an_expired_invitation_says_so(admin_browser, dora, invited, time_machine):
    time_machine.move_to(timezone.now() + timedelta(days=8))
    admin_browser.force_login(dora)
    assert "</span>Invitation expired</span>" in read_page(admin_browser.get("/team/"))


def test_nobody_gets_a_link_for_a_user_who_has_joined(admin_browser, dora, alice, charlie):
    response = admin_browser.post(f"/team/users/{alice.pk}/invite/", follow=True)
    assert "alice has joined already and can log in." in read_page(response)
    charlie.set_unusable_password()
    charlie.save()
    with pytest.raises(CannotChange, match="Only a superuser"):
        members.invite_again(dora, charlie.pk)
    assert mail.outbox == []


# The first administrator


@pytest.fixture
def first_path(settings, capsys):
    settings.IS_SANDBOX = False
    call_command("first_login")
    link = re.fullmatch(r"Create the first administrator at (\S+)\n", capsys.readouterr().out)[1]
    return path_of(link, settings)


FIRST = {"username": "iris", "email": "iris@example.com"}
FIRST |= {"password1": "correct horse battery", "password2": "correct horse battery"}


def test_the_first_administrator_is_created_with_a_printed_link(client, first_path, capsys):
    assert "You will be the first administrator" in read_page(client.get(first_path))
    response = client.post(first_path, FIRST, follow=True)
    assert response.redirect_chain == [("/", 302)]
    iris = User.objects.get()
    assert (iris.username, iris.is_superuser, iris.is_staff) == ("iris", True, True)
    assert client.get("/team/").status_code == 200
    call_command("first_login")
    assert capsys.readouterr().out == ""


def test_the_printed_link_stops_working_once_there_is_a_user(client, first_path):
    call_command("createsuperuser", "--noinput", username="jo", email="jo@example.com")
    assert NO_LONGER_WORKS in read_page(client.get(first_path))
    assert NO_LONGER_WORKS in read_page(client.post(first_path, FIRST))
    assert User.objects.get().username == "jo"


def test_the_printed_link_works_for_seven_days_and_cannot_be_guessed(client, first_path, time_machine):
    assert NO_LONGER_WORKS in read_page(client.get("/welcome/first/first:abc:def/"))
    time_machine.move_to(timezone.now() + timedelta(days=7, minutes=1))
    assert NO_LONGER_WORKS in read_page(client.get(first_path))


def test_the_first_administrator_needs_a_good_password(client, first_path):
    page = client.post(first_path, FIRST | {"password1": "short", "password2": "short"})
    # If the status were that of an error, the address would be logged, and the token with it.
    assert page.status_code == 200
    assert "at least 12 characters" in read_page(page)
    assert not User.objects.exists()


@pytest.mark.parametrize("right", ["is_staff", "is_superuser"])
def test_a_link_ends_if_its_user_gets_all_rights(client, invited, right):
    user, path = invited
    assert client.get(path, follow=True).context["validlink"]
    User.objects.filter(pk=user.pk).update(**{right: True})
    assert not client.get(path, follow=True).context["validlink"]
