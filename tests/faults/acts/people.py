"""Act as users do while their lists run."""

import time

from tests.faults.acts.moments import wait_for_load
from tests.support.hostile_files import HARMLESS, HOSTILE


def upload_hostile_files(system, vendor, rng, uploads):
    """Upload files that need much memory or time to read. Each must get a response, and no result may be lost."""
    wait_for_load(vendor)
    for name in rng.sample(sorted(HOSTILE), 2):
        content, _ = HOSTILE[name]
        status = system.person.upload(content)
        assert status == 422, f"{name} is answered {status}"
    for name, content in HARMLESS.items():
        status = system.person.upload(content)
        assert status < 400, f"{name} is answered {status}"


def pause_and_resume(system, vendor, rng, uploads):
    system.person.press(f"/uploads/{uploads[0]}/pause/")
    time.sleep(rng.uniform(0.5, 3))
    system.person.press(f"/uploads/{uploads[0]}/resume/")


def cancel(system, vendor, rng, uploads):
    time.sleep(rng.uniform(0, 2))
    system.person.press(f"/uploads/{uploads[-1]}/cancel/")
