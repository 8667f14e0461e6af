"""Django's own admin of users and groups, with bounded counts."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User

from batches.admin.base import BoundedAdmin

admin.site.unregister([User, Group])


@admin.register(User)
class BoundedUserAdmin(BoundedAdmin, UserAdmin):
    pass


@admin.register(Group)
class BoundedGroupAdmin(BoundedAdmin, GroupAdmin):
    pass
