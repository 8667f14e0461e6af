from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from django_rq.models import Dashboard

from skipportal.rq_admin import StyledQueueAdmin

admin.site.unregister(Dashboard)
admin.site.register(Dashboard, StyledQueueAdmin)
# The contents of these tables are shown under Settings, or are secret, or are not used.
admin.site.unregister([Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken, UserSession])
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", include("batches.urls")),
    path("", include("accounts.team.urls")),
    path("", include("webhooks.urls")),
    path("", include("notices.urls")),
    path("", include("api.urls")),
    path("", include("accounts.urls")),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
]

handler403 = "batches.views.errors.forbidden"
handler404 = "batches.views.errors.not_found"
handler500 = "batches.views.errors.server_error"
