"""Receivers and pages in one process, for a web server of your own. `script/server` runs them separately."""

from skipportal.pages import application as pages
from webhooks.inbound.application import serve_before

application = serve_before(pages)
