from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path, register_converter
from django.urls.converters import IntConverter
from django_rq.models import Dashboard

from api import pages as tokens
from batches.views import (
    actions,
    batches,
    dashboard,
    exports,
    health,
    items,
    metrics,
    scorecards,
    suppressions,
    uploads,
)
from notices import pages as notices
from skipportal.queues import StyledQueueAdmin
from webhooks import pages as strays


class IdConverter(IntConverter):
    """A primary key, below two thousand millions: an item's has 32 bits. Others are no address of ours."""

    regex = "[0-9]{1,9}|1[0-9]{9}"


register_converter(IdConverter, "id")

admin.site.unregister(Dashboard)
admin.site.register(Dashboard, StyledQueueAdmin)

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("uploads/", uploads.upload_list, name="uploads"),
    path("uploads/new/", uploads.upload_new, name="upload-new"),
    path("uploads/<id:pk>/", uploads.upload_page, name="upload"),
    path("uploads/<id:pk>/file/", uploads.upload_file, name="upload-file"),
    path("uploads/<id:pk>/columns/", uploads.upload_columns, name="upload-columns"),
    path("uploads/<id:pk>/start/", actions.start_upload, name="upload-start"),
    path("uploads/<id:pk>/approve/", actions.approve_upload, name="upload-approve"),
    path("uploads/<id:pk>/withdraw/", actions.withdraw_upload, name="upload-withdraw"),
    path("uploads/<id:pk>/rejected/", uploads.upload_rejected, name="upload-rejected"),
    path("uploads/<id:pk>/mended/", uploads.upload_mended, name="upload-mended"),
    path("uploads/<id:pk>/pause/", actions.pause_upload, name="upload-pause"),
    path("uploads/<id:pk>/resume/", actions.resume_upload, name="upload-resume"),
    path("uploads/<id:pk>/cancel/", actions.cancel_upload, name="upload-cancel"),
    path("uploads/<id:pk>/re-run/", actions.rerun_upload, name="upload-rerun"),
    path("uploads/<id:pk>/history/", uploads.upload_history, name="upload-history"),
    path("uploads/<id:pk>/export/", exports.export_upload, name="upload-export"),
    path("uploads/<id:pk>/export/choose/", exports.choose_export, name="upload-export-choose"),
    path("uploads/<id:pk>/scorecard/", scorecards.upload_scorecard, name="upload-scorecard"),
    path("exports/", exports.export_list, name="exports"),
    path("exports/layouts/", exports.layout_list, name="layouts"),
    path("exports/layouts/new/", exports.edit_layout, name="layout-new"),
    path("exports/layouts/<id:pk>/", exports.edit_layout, name="layout"),
    path("exports/layouts/<id:pk>/delete/", exports.delete_layout, name="layout-delete"),
    path("scorecards/", scorecards.compare, name="scorecards"),
    path("find/", items.find, name="find"),
    path("batches/", batches.batch_list, name="batches"),
    path("batches/<id:pk>/", batches.batch_page, name="batch"),
    path("batches/<id:pk>/send-again/", actions.send_batch_again, name="batch-send-again"),
    path("batches/<id:pk>/give-up/", actions.give_batch_up, name="batch-give-up"),
    path("batches/<id:pk>/send-singly/", actions.send_batch_singly, name="batch-send-singly"),
    path("batches/<id:pk>/re-run/", actions.rerun_batch, name="batch-rerun"),
    path("items/", items.item_list, name="items"),
    path("items/<id:pk>/", items.item_page, name="item"),
    path("items/re-run/", actions.rerun_items, name="items-rerun"),
    path("items/suppress/", actions.suppress_items, name="items-suppress"),
    path("items/export/", actions.export_items, name="items-export"),
    path("suppressions/", suppressions.suppression_list, name="suppressions"),
    path("suppressions/add/", suppressions.add_suppressions, name="suppressions-add"),
    path("suppressions/<id:pk>/lift/", suppressions.lift_suppression, name="suppression-lift"),
    path("items/<id:pk>/suppress/", suppressions.suppress_item, name="item-suppress"),
    path("strays/", strays.stray_list, name="strays"),
    path("strays/<id:pk>/", strays.stray_page, name="stray"),
    path("strays/<id:pk>/try-again/", strays.try_again, name="stray-try-again"),
    path("strays/<id:pk>/set-aside/", strays.set_aside, name="stray-set-aside"),
    path("strays/<id:pk>/set-alike-aside/", strays.set_alike_aside, name="stray-set-alike-aside"),
    path("tables/<slug:name>/", actions.remember_columns, name="table-columns"),
    path("holds/<id:pk>/lift/", actions.lift_hold, name="hold-lift"),
    path("notices/", notices.notice_list, name="notices"),
    path("notices/bell/", notices.bell, name="notices-bell"),
    path("notices/read/", notices.read_all, name="notices-read"),
    path("notices/<id:pk>/", notices.open_notice, name="notice"),
    path("settings/", notices.choose_settings, name="settings"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<id:pk>/revoke/", tokens.revoke, name="token-revoke"),
    path("api/v1/", include("api.urls")),
    path("login/", auth_views.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("admin/", admin.site.urls),
]

handler403 = "batches.views.errors.forbidden"
handler404 = "batches.views.errors.not_found"
handler500 = "batches.views.errors.server_error"
