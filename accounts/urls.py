from allauth.account import views as account_views
from allauth.mfa.base import views as factor_views
from allauth.mfa.recovery_codes import views as code_views
from allauth.mfa.totp import views as app_views
from allauth.mfa.webauthn import views as passkey_views
from allauth.socialaccount.views import connections
from django.contrib.auth.views import LogoutView
from django.urls import path, re_path
from django.views.generic import RedirectView

from accounts import views
from accounts.sign_in import recently_authenticated as confirmed

log_out = LogoutView.as_view()
"""django-allauth's own view asks for a confirmation."""
to_security = RedirectView.as_view(pattern_name="security")

# django-allauth finds its pages by these names.
urlpatterns = [
    path("login/", views.log_in, name="account_login"),
    path("login/", views.log_in, name="login"),
    path("logout/", log_out, name="account_logout"),
    path("logout/", log_out, name="logout"),
    path("login/closed/", views.sign_up, name="account_signup"),
    path("login/closed/", views.sign_up, name="socialaccount_signup"),
    path("login/inactive/", account_views.account_inactive, name="account_inactive"),
    path("login/second-factor/", factor_views.authenticate, name="mfa_authenticate"),
    path("login/passkey/", passkey_views.login_webauthn, name="mfa_login_webauthn"),
    path("login/failed/", views.report_single_sign_on_error, name="socialaccount_login_error"),
    path("login/cancelled/", views.report_single_sign_on_error, name="socialaccount_login_cancelled"),
    path("login/password/", views.reset_password, name="account_reset_password"),
    path("login/password/sent/", account_views.password_reset_done, name="account_reset_password_done"),
    path(
        "login/password/done/",
        account_views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^login/password/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account_views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("oidc/<slug:provider_id>/login/", views.begin_single_sign_on, name="openid_connect_login"),
    path("oidc/<slug:provider_id>/login/callback/", views.finish_single_sign_on, name="openid_connect_callback"),
    # Settings
    path("settings/theme/", views.choose_theme, name="theme"),
    path("settings/security/", views.security, name="security"),
    path("settings/security/", views.security, name="mfa_index"),
    path("settings/security/password/", views.change_password, name="account_change_password"),
    path("settings/security/no-password/", to_security, name="account_set_password"),
    path("settings/security/confirm/", views.confirm_password, name="account_reauthenticate"),
    path("settings/security/confirm/code/", views.confirm_code, name="mfa_reauthenticate"),
    path("settings/security/confirm/passkey/", views.confirm_passkey, name="mfa_reauthenticate_webauthn"),
    path("settings/security/app/", confirmed(app_views.activate_totp), name="mfa_activate_totp"),
    path("settings/security/app/remove/", confirmed(app_views.deactivate_totp), name="mfa_deactivate_totp"),
    path("settings/security/codes/", confirmed(code_views.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "settings/security/codes/new/",
        confirmed(code_views.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "settings/security/codes/file/",
        confirmed(code_views.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path("settings/security/passkeys/", to_security, name="mfa_list_webauthn"),
    path("settings/security/passkeys/add/", confirmed(passkey_views.add_webauthn), name="mfa_add_webauthn"),
    path("settings/security/passkeys/<id:pk>/", confirmed(passkey_views.edit_webauthn), name="mfa_edit_webauthn"),
    path(
        "settings/security/passkeys/<id:pk>/remove/",
        confirmed(passkey_views.remove_webauthn),
        name="mfa_remove_webauthn",
    ),
    path("settings/security/sessions/", views.list_sessions, name="usersessions_list"),
    path("settings/security/single-sign-on/", confirmed(connections), name="socialaccount_connections"),
]
