from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "notices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        # Models can be imported only now.
        from batches import jobs  # noqa: PLC0415
        from notices import tasks, triggers  # noqa: PLC0415

        jobs.every_minute(triggers.forget_old)
        jobs.every_second(
            triggers.tell_completions,
            triggers.tell_readings,
            triggers.tell_approvals,
            triggers.tell_batches,
            triggers.tell_holds,
            tasks.mail_due,
        )
