from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path

from batches.views import actions, batches, dashboard, exports, health, items, uploads

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("uploads/", uploads.upload_list, name="uploads"),
    path("uploads/new/", uploads.upload_new, name="upload-new"),
    path("uploads/<int:pk>/", uploads.upload_page, name="upload"),
    path("uploads/<int:pk>/columns/", uploads.upload_columns, name="upload-columns"),
    path("uploads/<int:pk>/start/", actions.start_upload, name="upload-start"),
    path("uploads/<int:pk>/pause/", actions.pause_upload, name="upload-pause"),
    path("uploads/<int:pk>/resume/", actions.resume_upload, name="upload-resume"),
    path("uploads/<int:pk>/cancel/", actions.cancel_upload, name="upload-cancel"),
    path("uploads/<int:pk>/export/", exports.export_upload, name="upload-export"),
    path("batches/", batches.batch_list, name="batches"),
    path("batches/<int:pk>/", batches.batch_page, name="batch"),
    path("batches/<int:pk>/send-again/", actions.send_batch_again, name="batch-send-again"),
    path("batches/<int:pk>/give-up/", actions.give_batch_up, name="batch-give-up"),
    path("items/", items.item_list, name="items"),
    path("items/<int:pk>/", items.item_page, name="item"),
    path("holds/<int:pk>/lift/", actions.lift_hold, name="hold-lift"),
    path("webhooks/", include("webhooks.urls")),
    path("login/", auth_views.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
]

handler404 = "batches.views.errors.not_found"
handler500 = "batches.views.errors.server_error"
