from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "webhooks"
    verbose_name = "Webhooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        # Models can be imported only now.
        from batches import jobs  # noqa: PLC0415
        from webhooks import tasks  # noqa: PLC0415
        from webhooks.inbound import filing  # noqa: PLC0415
        from webhooks.outbound import events  # noqa: PLC0415

        jobs.every_minute(filing.purge_expired)
        jobs.every_second(events.announce, tasks.send_due)
