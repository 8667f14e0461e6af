"""Vendor accounts of a portal, and lists that are sent over them."""

NAMES = """
from django.core.files import File
from accounts import encryption
from accounts.models import Team
from batches import jobs
from batches.intake import row_import, uploads
from batches.intake.trace_settings import TraceSettings
def add_account(key, team):
    account = VendorAccount.objects.create(name=f"Account {key}", encrypted_key=encryption.encrypt(key))
    account.teams.add(Team.objects.get_or_create(name=team)[0])
def start_list(path, name, team):
    with open(path, "rb") as file:
        team = Team.objects.get_or_create(name=team)[0] if team else None
        upload = uploads.receive(File(file, name="people.csv"), None, name, team=team)
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), None)
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert jobs.start(upload, None)
"""
"""Functions for the portal's shell."""


def make_keys(count):
    """Return the keys of this many accounts."""
    return [f"key-{number}" for number in range(1, count + 1)]


def vendor_options(keys):
    """Return the options with which the sandbox vendor has an account for each of these keys."""
    return [word for key in keys for word in ("--account", key)]


def add_accounts(portal, keys, find_team):
    """Add an account for each key, for the team with the name that `find_team` returns for it."""
    portal.do(NAMES)
    for key in keys:
        portal.do(f"add_account({key!r}, {find_team(key)!r})")


def start_list(portal, path, name, team=None):
    """Start a list of a team, or of none. Call `add_accounts` first."""
    portal.do(f"start_list({str(path)!r}, {name!r}, {team!r})")
