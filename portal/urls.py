"""All addresses. The only place, besides INSTALLED_APPS, where the portal names the apps."""

from django.urls import include, path
from django.views.generic import RedirectView

from portal import views
from portal.jobs import operations

urlpatterns = [
    path("", views.home, name="home"),
    # The address is the name under which the activity knows a person, so nobody changes their own.
    path("accounts/email/", RedirectView.as_view(pattern_name="preferences"), name="account_email"),
    path("accounts/password/reset/", views.password_reset, name="account_reset_password"),
    path("accounts/sessions/", views.sessions, name="sessions"),
    path("accounts/", include("allauth.urls")),
    path("preferences/", views.preferences, name="preferences"),
    path("connections/", views.connections, name="connections"),
    path("connections/new/", views.connection_add, name="connection_add"),
    path("connections/<slug:slug>/", views.connection, name="connection"),
    path("connections/<slug:slug>/edit/", views.connection_edit, name="connection_edit"),
    path("connections/<slug:slug>/check/", views.connection_check, name="connection_check"),
    path("connections/<slug:slug>/remove/", views.connection_remove, name="connection_remove"),
    path("connections/<slug:slug>/grants/", views.grant_add, name="grant_add"),
    path("connections/<slug:slug>/grants/<int:pk>/remove/", views.grant_remove, name="grant_remove"),
    path("people/", views.people, name="people"),
    path("people/<int:pk>/", views.person, name="person"),
    path("people/<int:pk>/password/", views.person_password, name="person_password"),
    path("people/<int:pk>/second-factor/", views.person_second_factor_remove, name="person_second_factor_remove"),
    path("operations/<uuid:pk>/", operations.operation, name="operation"),
    path("activity/", views.activity, name="activity"),
    path("activity/export/", views.activity_export, name="activity_export"),
    path("sites/<slug:slug>/", include("classification.urls")),
    path("apps/<slug:slug>/", include("privacy.urls")),
]

handler403 = "portal.views.forbidden"
handler404 = "portal.views.not_found"
