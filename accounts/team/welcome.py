"""The pages that invitation links open, on which invited users choose a password. They need no login."""

from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN, PasswordResetConfirmView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import audit, invitations
from accounts.access import MODEL_BACKEND
from accounts.models import AuditKind
from accounts.team.forms import FirstLoginForm, PasswordForm
from accounts.team.members import lock_roles


class Welcome(PasswordResetConfirmView):
    """Django's page for setting a new password, used for invitations. It keeps the token out of the address."""

    form_class = PasswordForm
    token_generator = invitations.tokens
    post_reset_login = True
    post_reset_login_backend = MODEL_BACKEND
    success_url = reverse_lazy("dashboard")
    template_name = "team/welcome.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Save the password, unless the link has been used or has expired since the page was loaded."""
        with transaction.atomic():
            user = User.objects.select_for_update(no_key=True).get(pk=form.user.pk)
            if not self.token_generator.check_token(user, self.request.session.get(INTERNAL_RESET_SESSION_TOKEN)):
                self.validlink = False
                return self.render_to_response(self.get_context_data())
            form.user = user
            audit.record(AuditKind.PASSWORD_CHANGED, user, detail="Accepted the invitation")
            audit.record(AuditKind.LOGIN, user, detail="By invitation")
            response = super().form_valid(form)
        # django-allauth lists only the sessions that its own login begins.
        UserSession.objects.create_from_request(self.request)
        return response


# A form with errors gets status 200: with a status of 400 or more, Django would log the address, with its token.
@sensitive_post_parameters()
@never_cache
@login_not_required
def create_first_administrator(request: HttpRequest, token: str) -> HttpResponse:
    """Create the first administrator, as long as there is no active user."""
    if not invitations.is_first_token(token) or not invitations.needs_first_login():
        return render(request, "team/welcome.html", {"validlink": False})
    form = FirstLoginForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "team/first.html", {"form": form})
    with transaction.atomic():
        lock_roles(None)
        if not invitations.needs_first_login():
            return render(request, "team/welcome.html", {"validlink": False})
        form.instance.is_staff = form.instance.is_superuser = True
        user = form.save()
        audit.record(AuditKind.RIGHTS_CHANGED, user, detail=f"Created {user.username}: the first administrator")
    audit.record(AuditKind.LOGIN, user, detail="First administrator")
    login(request, user, MODEL_BACKEND)
    UserSession.objects.create_from_request(request)
    return redirect("dashboard")
