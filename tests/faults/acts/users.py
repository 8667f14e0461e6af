"""Act as users do while their lists run."""

import time

from tests.faults.acts.moments import wait_for_load
from tests.support.hostile_files import HARMLESS, HOSTILE


def upload_hostile_files(system, vendor, rng, uploads):
    """Upload files that need much memory or time to read, and harmless ones. Each must get the right response."""
    wait_for_load(vendor)
    for name in rng.sample(sorted(HOSTILE), 2):
        content, _ = HOSTILE[name]
        status = system.user.upload(content)
        assert status == 422, f"the upload of {name} returned {status}"
    for name, content in HARMLESS.items():
        status = system.user.upload(content)
        assert status < 400, f"the upload of {name} returned {status}"


def pause_and_resume(system, vendor, rng, uploads):
    system.user.press(f"/uploads/{uploads[0]}/pause/")
    time.sleep(rng.uniform(0.5, 3))
    system.user.press(f"/uploads/{uploads[0]}/resume/")


def cancel(system, vendor, rng, uploads):
    time.sleep(rng.uniform(0, 2))
    system.user.press(f"/uploads/{uploads[-1]}/cancel/")
