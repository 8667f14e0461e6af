from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "notices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here, because these modules import models, which are not loaded any earlier.
        from accounts.events import account_event  # noqa: PLC0415
        from batches import jobs  # noqa: PLC0415
        from batches.forgetting import texts  # noqa: PLC0415
        from notices import tasks, triggers  # noqa: PLC0415
        from notices.models import Notice  # noqa: PLC0415

        account_event.connect(triggers.notify_account)
        jobs.every_minute.add(triggers.notify_reconciliation, triggers.notify_budgets, triggers.delete_old)
        jobs.every_second.add(*triggers.EVERY_SECOND, tasks.enqueue_due_mails)
        texts.register(texts.in_fields(Notice, "text"))
