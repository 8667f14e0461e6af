"""What staff look up and decide behind the portal, in the portal's words."""

from django.contrib import admin

from batches.admin import items, operations, uploads, users  # noqa: F401 - each registers its models

admin.site.site_header = admin.site.site_title = "skipportal"
admin.site.index_title = "Everything that is stored"
