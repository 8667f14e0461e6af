from django.urls import include, path

from api import views

urlpatterns = [
    path("tokens/", views.tokens, name="tokens"),
    path("tokens/<id:pk>/revoke/", views.revoke, name="token-revoke"),
    path("api/v1/", include("api.routes")),
]
