from django.urls import path

from webhooks import views

urlpatterns = [
    path("item/<str:token>/", views.item_result, name="item-result"),
    path("complete/<str:token>/", views.batch_complete, name="batch-complete"),
]
