from django.apps import AppConfig
from django.urls import register_converter

from batches.keys import KeyConverter


class BatchesConfig(AppConfig):
    name = "batches"
    verbose_name = "Lists and people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        # Here and not in a URLconf: whichever app's addresses are loaded first needs it.
        register_converter(KeyConverter, "id")
