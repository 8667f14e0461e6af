from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        # Imported here, because these modules import models, which are not loaded any earlier.
        from allauth.core.internal import ratelimit  # noqa: PLC0415
        from allauth.mfa.totp.internal import auth  # noqa: PLC0415
        from django.core.cache import caches  # noqa: PLC0415
        from django.utils.connection import ConnectionProxy  # noqa: PLC0415

        # `last_seen` is imported so that it notices logins from the start, and not only once its middleware is loaded.
        from accounts import events, last_seen  # noqa: F401, PLC0415

        # django-allauth uses the default cache, but each process has its own. Processes share this one in the database.
        for module in (ratelimit, auth):
            module.cache = ConnectionProxy(caches, "attempts")
        events.connect()
