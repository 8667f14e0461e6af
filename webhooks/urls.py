"""The pages about unmatched deliveries. The receivers' own addresses are in webhooks/inbound/receiver.py."""

from django.urls import path

from webhooks import views

urlpatterns = [
    path("unmatched/", views.unmatched_list, name="unmatched-deliveries"),
    path("unmatched/<id:pk>/", views.unmatched_page, name="unmatched-delivery"),
    path("unmatched/<id:pk>/try-again/", views.try_again, name="unmatched-delivery-try-again"),
    path("unmatched/<id:pk>/set-aside/", views.set_aside, name="unmatched-delivery-set-aside"),
    path("unmatched/<id:pk>/set-alike-aside/", views.set_alike_aside, name="unmatched-delivery-set-alike-aside"),
    # The addresses before 0.2.
    path("strays/", views.redirect_old_address),
    path("strays/<path:rest>", views.redirect_old_address),
]
