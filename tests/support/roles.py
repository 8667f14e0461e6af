"""Find the groups of roles, even after all tables have been emptied."""

from django.contrib.auth.models import Group, Permission

from accounts.rights import ROLE_RIGHTS


def get_role(role):
    """Return the group of a role. Create it if a test that empties all tables has removed it."""
    group, is_new = Group.objects.get_or_create(name=role)
    if is_new:
        labels = [right.split(".") for right in ROLE_RIGHTS[role]]
        for app, codename in labels:
            group.permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return group
