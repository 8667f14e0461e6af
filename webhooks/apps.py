from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "webhooks"
    verbose_name = "Webhooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        # Models can be imported only now.
        from batches import jobs  # noqa: PLC0415
        from webhooks import announcing, filing, sending  # noqa: PLC0415

        jobs.SWEEP.append(filing.purge_expired)
        jobs.TICK += [announcing.announce, sending.send_due]
