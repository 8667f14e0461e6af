from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"
    verbose_name = "API"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here, because these modules import models, which are not loaded any earlier.
        from accounts.passwords import password_rehashed  # noqa: PLC0415
        from api.models import keep_tokens  # noqa: PLC0415

        password_rehashed.connect(keep_tokens)
