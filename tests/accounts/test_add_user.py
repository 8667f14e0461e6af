"""Users can be added with `manage.py add_user`."""

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import AuditEntry, AuditKind, Team
from tests.support.pages import read_page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("roles")]


def read_refusal(capsys, *arguments):
    """Run the command, and return the sentence with which it refuses its arguments."""
    with pytest.raises(SystemExit) as end:
        call_command("add_user", *arguments)
    assert end.value.code == 2
    assert not User.objects.filter(username="gus").exists()
    output = capsys.readouterr()
    assert output.out == ""
    return output.err.strip()


def test_a_link_for_choosing_a_password_is_printed(capsys, client, settings, east):
    settings.IS_MAILING = True
    call_command("add_user", "gus", "--role", "lead", "--team", "east", "--email", "gus@example.com")
    link = capsys.readouterr().out.strip()
    assert "Welcome, gus" in read_page(client.get(link.removeprefix(settings.PUBLIC_URL), follow=True))
    gus = User.objects.get(username="gus")
    assert gus.email == "gus@example.com"
    assert [group.name for group in gus.groups.all()] == ["Lead"]
    assert list(gus.teams.all()) == [east]
    assert mail.outbox == []
    entry = AuditEntry.objects.get(kind=AuditKind.RIGHTS_CHANGED)
    assert (entry.user, entry.detail) == (None, "Invited gus: Lead; East")


def test_several_roles_and_teams_may_be_given(east):
    west = Team.objects.create(name="West")
    call_command("add_user", "gus", "--role=Lead", "--role=Approver", "--team=East", "--team=West")
    gus = User.objects.get(username="gus")
    assert gus.groups.count() == 2
    assert set(gus.teams.all()) == {east, west}


def test_the_refusal_of_an_unknown_role_or_team_names_the_valid_ones(capsys, db):
    roles = "Viewer, Member, Lead, Approver, Administrator"
    assert read_refusal(capsys, "gus", "--role", "King") == f"There is no role King. Use one of {roles}."
    assert (
        read_refusal(capsys, "gus", "--role", "Lead", "--team", "East") == "There is no team East. No team exists yet."
    )
    for name in ("North", "South"):
        Team.objects.create(name=name)
    sentence = "There is no team East. Use one of North, South."
    assert read_refusal(capsys, "gus", "--role", "Lead", "--team", "East") == sentence


def test_names_and_addresses_that_are_taken_or_invalid_are_refused(capsys, dora):
    sentence = "There is already a user with the name Dora. Choose another name."
    assert read_refusal(capsys, "Dora", "--role", "Lead") == sentence
    assert "email address" in read_refusal(capsys, "gus", "--role", "Lead", "--email", "dora@example.com")
    assert "Enter a valid email address." in read_refusal(capsys, "gus", "--role", "Lead", "--email", "nonsense")
    assert "Enter a valid username." in read_refusal(capsys, "two words", "--role", "Lead")


def test_a_role_is_required(db):
    with pytest.raises(CommandError, match="--role"):
        call_command("add_user", "gus")
