from django.urls import path

from notices import views

urlpatterns = [
    path("notices/", views.notice_list, name="notices"),
    path("notices/bell/", views.bell, name="notices-bell"),
    path("notices/read/", views.read_all, name="notices-read"),
    path("notices/<id:pk>/", views.open_notice, name="notice"),
    path("settings/", views.profile, name="settings"),
    path("settings/notices/", views.notice_settings, name="settings-notices"),
]
