from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db import connections
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.urls import register_converter

from batches import error_reports, search_index
from batches.counters import count_errors
from batches.database import notice_dead_client
from batches.keys import KeyConverter


class BatchesConfig(AppConfig):
    name = "batches"
    verbose_name = "Lists and people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registered here and not in a URLconf, because any app's URLs may be the first to need it.
        register_converter(KeyConverter, "id")
        connection_created.connect(notice_dead_client)
        post_migrate.connect(complete_search_index, sender=self)
        connection_created.connect(count_errors)
        environment = "sandbox" if settings.IS_SANDBOX else "production"
        error_reports.start(settings.SENTRY_DSN, settings.VERSION, environment)


def complete_search_index(using: str, **_: Any) -> None:
    """Restore what a migration has removed from the search index, because it made a new table of digests."""
    search_index.install(connections[using])
