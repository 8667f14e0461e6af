from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "notices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        # Models can be imported only now.
        from batches import jobs  # noqa: PLC0415
        from notices import sending, telling  # noqa: PLC0415

        jobs.SWEEP.append(telling.forget_old)
        jobs.TICK += [
            telling.tell_completions,
            telling.tell_readings,
            telling.tell_approvals,
            telling.tell_batches,
            telling.tell_holds,
            sending.mail_due,
        ]
