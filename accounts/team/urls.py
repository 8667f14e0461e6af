from django.urls import path

from accounts.team import views, welcome

urlpatterns = [
    path("team/", views.team_page, name="team"),
    path("team/invite/", views.invite, name="team-invite"),
    path("team/users/<id:pk>/", views.user_page, name="team-user"),
    path("team/users/<id:pk>/activate/", views.activate, name="team-user-activate"),
    path("team/users/<id:pk>/deactivate/", views.deactivate, name="team-user-deactivate"),
    path("team/users/<id:pk>/invite/", views.invite_again, name="team-user-invite"),
    path("team/teams/new/", views.new_team, name="team-new"),
    path("team/teams/<id:pk>/", views.edit_team, name="team-edit"),
    path("team/teams/<id:pk>/delete/", views.delete_team, name="team-delete"),
    path("welcome/first/<token>/", welcome.create_first_administrator, name="welcome-first"),
    path("welcome/<uidb64>/<token>/", welcome.Welcome.as_view(), name="welcome"),
]
