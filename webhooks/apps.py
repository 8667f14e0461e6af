from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "webhooks"
    verbose_name = "Webhooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here, because these modules import models, which are not loaded any earlier.
        from accounts import encryption  # noqa: PLC0415
        from batches import jobs, retention  # noqa: PLC0415
        from batches.forgetting import texts  # noqa: PLC0415
        from webhooks import tasks  # noqa: PLC0415
        from webhooks.inbound import erasure, filing, unmatched_counts  # noqa: PLC0415
        from webhooks.models import Attempt, Message  # noqa: PLC0415
        from webhooks.outbound import delivery, events  # noqa: PLC0415

        jobs.every_minute.add(
            unmatched_counts.count_unmatched,
            tasks.enqueue_retries,
            tasks.enqueue_key_check,
            delivery.delete_old_attempts,
        )
        encryption.register("webhooks.Endpoint", "encrypted_secret")
        encryption.register("batches.VendorAccount", "encrypted_key")
        encryption.register("batches.VendorAccount", "encrypted_earlier_key")
        retention.register(filing.RETAINED)
        texts.register(erasure.erase_bodies, texts.in_fields(Message, "body"), texts.in_fields(Attempt, "answer"))
        jobs.every_second.add(events.create_messages, tasks.enqueue_due_messages)
