"""Run a receiver and the pages in one process, for measurements and small trials. `script/server` runs them separately.

In one process, a page that uses up all memory stops the receiver too, and only a web server in front can limit the size
of uploads.
"""

from skipportal.pages import application as pages
from webhooks.inbound.application import make_application

application = make_application(pages)
