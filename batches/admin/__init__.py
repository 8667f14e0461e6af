"""The admin: staff look up every record, and decide about lists, batches and people."""

from django.contrib import admin

from batches.admin import items, operations, uploads, users  # noqa: F401 - each registers its models

admin.site.site_header = admin.site.site_title = "skipportal"
admin.site.index_title = "All records"
