"""The addresses of the pages about unmatched deliveries, endpoints and the vendor's keys.

Those of the receivers are in webhooks/inbound/receiver.py.
"""

from django.urls import path

from webhooks import account_views, endpoint_views, key_views, views

urlpatterns = [
    path("unmatched/", views.unmatched_list, name="unmatched-deliveries"),
    path("unmatched/<id:pk>/", views.unmatched_page, name="unmatched-delivery"),
    path("unmatched/<id:pk>/try-again/", views.try_again, name="unmatched-delivery-try-again"),
    path("unmatched/<id:pk>/set-aside/", views.set_aside, name="unmatched-delivery-set-aside"),
    path("unmatched/<id:pk>/set-alike-aside/", views.set_alike_aside, name="unmatched-delivery-set-alike-aside"),
    path("settings/endpoints/", endpoint_views.endpoint_list, name="endpoints"),
    path("settings/endpoints/new/", endpoint_views.add_endpoint, name="endpoint-new"),
    path("settings/endpoints/<id:pk>/", endpoint_views.endpoint_page, name="endpoint"),
    path("settings/endpoints/<id:pk>/test/", endpoint_views.send_test, name="endpoint-test"),
    path("settings/endpoints/<id:pk>/secret/", endpoint_views.replace_secret, name="endpoint-secret"),
    path("settings/endpoints/<id:pk>/on/", endpoint_views.turn_on, name="endpoint-on"),
    path("settings/endpoints/<id:pk>/off/", endpoint_views.turn_off, name="endpoint-off"),
    path("settings/endpoints/<id:pk>/replay/", endpoint_views.replay, name="endpoint-replay"),
    path(
        "settings/endpoints/<id:pk>/messages/<id:message>/send-again/",
        endpoint_views.send_again,
        name="endpoint-send-again",
    ),
    path("settings/vendor-key/", key_views.key_page, name="vendor-key"),
    path("settings/vendor-key/check/", key_views.check_key, name="vendor-key-check"),
    path("settings/vendor-accounts/", account_views.account_list, name="vendor-accounts"),
    path("settings/vendor-accounts/new/", account_views.add_account, name="vendor-account-new"),
    path("settings/vendor-accounts/<id:pk>/", account_views.account_page, name="vendor-account"),
    path("settings/vendor-accounts/<id:pk>/key/", account_views.replace_key, name="vendor-account-key"),
    path(
        "settings/vendor-accounts/<id:pk>/end-earlier-key/",
        account_views.end_earlier_key,
        name="vendor-account-end-earlier-key",
    ),
    path("settings/vendor-accounts/<id:pk>/hold/", account_views.hold, name="vendor-account-hold"),
    path("settings/vendor-accounts/<id:pk>/retire/", account_views.retire, name="vendor-account-retire"),
    path("settings/vendor-accounts/<id:pk>/reinstate/", account_views.reinstate, name="vendor-account-reinstate"),
    # The addresses that these pages had before 0.2.
    path("strays/", views.redirect_old_address),
    path("strays/<path:rest>", views.redirect_old_address),
]
