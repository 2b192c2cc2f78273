"""All addresses. The only place, besides INSTALLED_APPS, where the portal names the apps."""

from django.urls import include, path
from django.views.generic import RedirectView

from portal.jobs import operations
from portal.views import account, activity, connections, home, people

urlpatterns = [
    path("", home.home, name="home"),
    # The address is the name under which the activity knows a person, so nobody changes their own.
    path("accounts/email/", RedirectView.as_view(pattern_name="preferences"), name="account_email"),
    path("accounts/password/reset/", account.password_reset, name="account_reset_password"),
    path("accounts/sessions/", account.sessions, name="sessions"),
    path("accounts/", include("allauth.urls")),
    path("preferences/", account.preferences, name="preferences"),
    path("connections/", connections.connections, name="connections"),
    path("connections/new/", connections.connection_add, name="connection_add"),
    path("connections/<slug:slug>/", connections.connection, name="connection"),
    path("connections/<slug:slug>/edit/", connections.connection_edit, name="connection_edit"),
    path("connections/<slug:slug>/check/", connections.connection_check, name="connection_check"),
    path("connections/<slug:slug>/remove/", connections.connection_remove, name="connection_remove"),
    path("connections/<slug:slug>/roles/", connections.roles_add, name="roles_add"),
    path("connections/<slug:slug>/roles/remove/", connections.roles_remove, name="roles_remove"),
    path("people/", people.people, name="people"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/password/", people.person_password, name="person_password"),
    path("people/<int:pk>/second-factor/", people.person_second_factor_remove, name="person_second_factor_remove"),
    path("operations/<uuid:pk>/", operations.operation, name="operation"),
    path("activity/", activity.activity, name="activity"),
    path("activity/export/", activity.activity_export, name="activity_export"),
    path("content/", include("classification.content_urls")),
    path("sites/<slug:slug>/", include("classification.urls")),
    path("apps/<slug:slug>/", include("privacy.urls")),
]

handler403 = "portal.views.errors.forbidden"
handler404 = "portal.views.errors.not_found"
