"""The pages about deliveries that could not be filed. The receivers read their addresses in inbound/receiver.py."""

from django.urls import path

from webhooks import views

urlpatterns = [
    path("strays/", views.stray_list, name="strays"),
    path("strays/<id:pk>/", views.stray_page, name="stray"),
    path("strays/<id:pk>/try-again/", views.try_again, name="stray-try-again"),
    path("strays/<id:pk>/set-aside/", views.set_aside, name="stray-set-aside"),
    path("strays/<id:pk>/set-alike-aside/", views.set_alike_aside, name="stray-set-alike-aside"),
]
