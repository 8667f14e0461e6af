from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "webhooks"
    verbose_name = "Webhooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # These import models, which is possible only now.
        from batches import jobs, retention  # noqa: PLC0415
        from webhooks import tasks  # noqa: PLC0415
        from webhooks.inbound import filing, unmatched_counts  # noqa: PLC0415
        from webhooks.outbound import events  # noqa: PLC0415

        jobs.every_minute(unmatched_counts.count_unmatched, tasks.enqueue_retries)
        retention.register(filing.RETAINED)
        jobs.every_second(events.create_messages, tasks.enqueue_due_messages)
