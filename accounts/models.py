"""Teams, profiles of users, and the audit log."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Count, OuterRef, Subquery
from django.utils import timezone


class TeamQuerySet(models.QuerySet["Team"]):
    def of_user(self, user: User) -> Self:
        return self.filter(members=user)

    def with_counts(self) -> Self:
        """Annotate each team with the number of its members and of its lists."""
        # A subquery for each: joining both tables in one query would multiply members by lists.
        same = Team.objects.filter(pk=OuterRef("pk")).order_by()
        return self.annotate(
            member_count=Subquery(same.annotate(count=Count("members")).values("count")),
            list_count=Subquery(same.annotate(count=Count("uploads")).values("count")),
        )


class Team(models.Model):
    """People who share their lists."""

    name = models.CharField(max_length=100, unique=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="teams")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        permissions = [
            ("see_lists", "May see lists"),
            ("see_contacts", "May see contact details"),
            ("upload_lists", "May upload and change lists"),
            ("start_lists", "May start lists"),
            ("decide", "May decide about batches and re-run people"),
            ("export_results", "May export results"),
            ("edit_suppressions", "May change the do-not-contact list"),
            ("administer", "May see all lists and change settings that concern everyone"),
        ]

    def __str__(self) -> str:
        return self.name


class Theme(models.TextChoices):
    """The colours of the pages. Without a choice, they follow the reader's system."""

    SYSTEM = "", "System"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class Profile(models.Model):
    """What we store about a user besides the name, the password and the rights."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True)
    invited_at = models.DateTimeField(null=True, help_text="When the latest invitation was made. Earlier links ended.")
    seen_at = models.DateTimeField(null=True, help_text="When the user last opened a page, to within ten minutes.")
    theme = models.CharField(max_length=5, choices=Theme, blank=True, default=Theme.SYSTEM, db_default=Theme.SYSTEM)
    tour_ended_at = models.DateTimeField(null=True, help_text="When the user ended the tour of the sample list.")

    def __str__(self) -> str:
        return str(self.user)


class AuditKind(models.TextChoices):
    """What happened, in the words of the audit page."""

    LOGIN = "login", "Logged in"
    LOGIN_FAILED = "login_failed", "Failed to log in"
    LOGOUT = "logout", "Logged out"
    SEEN = "seen", "Saw contact details"
    SEARCHED = "searched", "Searched for people"
    EXPORTED = "exported", "Exported results"
    API_READ = "api_read", "Read contact details over the API"
    RIGHTS_CHANGED = "rights_changed", "Changed rights"
    TEAM_CHANGED = "team_changed", "Changed a team"
    PASSWORD_CHANGED = "password_changed", "Changed a password"
    SECOND_FACTOR_CHANGED = "second_factor", "Changed a second factor"
    SESSIONS_ENDED = "sessions_ended", "Logged out other sessions"
    TOKEN_CREATED = "token_created", "Created an API token"
    TOKEN_REVOKED = "token_revoked", "Revoked an API token"
    SUPPRESSED = "suppressed", "Added do-not-contact entries"
    SUPPRESSION_LIFTED = "suppression_lifted", "Lifted a do-not-contact entry"
    SCRUB_CHANGED = "scrub_changed", "Loaded or removed a scrub file"
    CALL_RECORDED = "call_recorded", "Recorded what came of a call"
    ASSIGNED = "assigned", "Assigned people"
    MATCH_DECIDED = "match_decided", "Decided about a match"
    SHARED = "shared", "Shared a selection of people"
    LAYOUT_DELETED = "layout_deleted", "Deleted an export layout"
    TEMPLATE_CHANGED = "template_changed", "Changed a mapping template"
    FORGOTTEN = "forgotten", "Erased a person"
    SETTINGS_CHANGED = "settings_changed", "Changed settings"
    ENDPOINT_CHANGED = "endpoint_changed", "Changed an endpoint"
    SENDING_UNBLOCKED = "unblocked", "Unblocked sending"


class AuditEntry(models.Model):
    """Something that a user did. Triggers keep entries from being changed, or deleted before their retention time ends.

    An entry names users, lists and people by their ids, and contains no personal data of people who are traced.
    """

    at = models.DateTimeField(default=timezone.now, db_index=True)
    kind = models.CharField(max_length=20, choices=AuditKind)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    address = models.GenericIPAddressField(null=True, verbose_name="IP address")
    upload_id = models.PositiveBigIntegerField("list", null=True)
    item_ids = models.BinaryField(default=bytes, editable=False, help_text="The people concerned, as a packed IdSet.")
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["user", "-id"], name="audit_by_user"),
            models.Index(fields=["upload_id", "-id"], name="audit_by_list"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
