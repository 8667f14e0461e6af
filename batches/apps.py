from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created
from django.urls import register_converter

from batches import error_reports
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
        connection_created.connect(count_errors)
        environment = "sandbox" if settings.IS_SANDBOX else "production"
        error_reports.start(settings.SENTRY_DSN, settings.VERSION, environment)
