from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "notices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # These import models, which is possible only now.
        from batches import jobs  # noqa: PLC0415
        from notices import tasks, triggers  # noqa: PLC0415

        jobs.every_minute(triggers.notify_reconciliation, triggers.delete_old)
        jobs.every_second(
            triggers.notify_complete,
            triggers.notify_checked,
            triggers.notify_approvals,
            triggers.notify_batch_decisions,
            triggers.notify_missing,
            triggers.notify_blocks,
            tasks.enqueue_due_mails,
        )
