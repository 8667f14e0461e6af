from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path
from django_rq.models import Dashboard

from skipportal.rq_admin import StyledQueueAdmin

admin.site.unregister(Dashboard)
admin.site.register(Dashboard, StyledQueueAdmin)

urlpatterns = [
    path("", include("batches.urls")),
    path("", include("webhooks.urls")),
    path("", include("notices.urls")),
    path("", include("api.urls")),
    path("login/", auth_views.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
]

handler403 = "batches.views.errors.forbidden"
handler404 = "batches.views.errors.not_found"
handler500 = "batches.views.errors.server_error"
