"""The application of a receiver on a host whose clock is 200 s ahead."""

from datetime import UTC, datetime, timedelta

import time_machine

time_machine.travel(datetime.now(UTC) + timedelta(seconds=200), tick=True).start()

from skipportal.receiver import application  # noqa: E402, F401 - imported only once the clock is wrong
