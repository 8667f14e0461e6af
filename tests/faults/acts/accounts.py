"""Send lists over several vendor accounts, and do with the accounts what administrators do."""

import contextlib
import time

import requests

from tests.faults.acts.moments import wait_for_load
from tests.faults.environment import RESTART_WAIT, wait_for

KEYS = {"East": "key-of-east", "West": "key-of-west"}
"""Account → its key, in the order in which the vendor numbers them from 1."""
TEAMS = {"East": ["East"], "West": ["West"], "Both": ["East", "West"]}
"""Team → the accounts that its lists are sent over."""
LIMIT_OF_EAST = 100
FORGING_SECONDS = 3


def add(system):
    """Add the accounts and their teams, or put them back into the state before a run."""
    from accounts import encryption  # noqa: PLC0415 - once Django is set up
    from accounts.models import Team  # noqa: PLC0415
    from batches.models import VendorAccount  # noqa: PLC0415

    for name, key in KEYS.items():
        state = {"encrypted_key": encryption.encrypt(key), "encrypted_earlier_key": "", "retired_at": None}
        state["items_in_flight"] = LIMIT_OF_EAST if name == "East" else None
        account, _ = VendorAccount.objects.update_or_create(name=name, defaults=state)
        teams = [team for team, accounts in TEAMS.items() if name in accounts]
        account.teams.set(Team.objects.get_or_create(name=team)[0] for team in teams)


def choose_account(rng):
    from batches.models import VendorAccount  # noqa: PLC0415 - once Django is set up

    return VendorAccount.objects.get(name=rng.choice(list(KEYS)))


def press(system, path, **fields):
    """Submit a form about an account until it is accepted."""
    assert wait_for(lambda: system.user.press(f"/settings/vendor-accounts/{path}/", **fields), RESTART_WAIT), path


def hold(system, vendor, rng, uploads):
    """Hold an account for a while under load. The simulated user unblocks sending over it later."""
    account = choose_account(rng)
    wait_for_load(vendor)
    press(system, f"{account.pk}/hold")


def retire(system, vendor, rng, uploads):
    """Retire an account under load. Half of the time, it is used again soon after that."""
    account = choose_account(rng)
    wait_for_load(vendor)
    press(system, f"{account.pk}/retire")
    if rng.random() < 0.5:
        time.sleep(rng.uniform(0, 3))
        press(system, f"{account.pk}/reinstate")


def replace_key_by_mistake(system, vendor, rng, uploads):
    """Replace the key of an account by a wrong one under load, and after a while by the right one."""
    account = choose_account(rng)
    wait_for_load(vendor)
    press(system, f"{account.pk}/key", key="a-wrong-key")
    time.sleep(rng.uniform(1, 4))
    press(system, f"{account.pk}/key", key=KEYS[account.name])


def deliver_with_other_keys(system, vendor, rng, uploads):
    """Deliver to the addresses of all batches with the keys of the other accounts. All of that must be refused."""
    from batches.models import Batch  # noqa: PLC0415 - once Django is set up

    wait_for_load(vendor)
    end, tried = time.monotonic() + FORGING_SECONDS, 0
    while time.monotonic() < end:
        for batch in Batch.objects.filter(upload__in=uploads, submitted_at__isnull=False).select_related("account"):
            name = batch.account.name if batch.account else None
            key = rng.choice([key for other, key in KEYS.items() if other != name])
            address = f"{system.portal.address}/webhooks/item/{batch.token}/"
            status = None
            with contextlib.suppress(requests.RequestException):
                status = requests.post(address, data=b"{}", headers={"x-api-key": key}, timeout=30).status_code
            # A batch that was in doubt may have been sent over any account.
            if status is not None and Batch.objects.filter(pk=batch.pk, doubted_at=None).exists():
                assert status in {401, 502, 503}, f"a delivery with the key of another account got the status {status}"
                tried += 1
        time.sleep(0.2)
    assert tried, "no delivery with the key of another account was answered"
