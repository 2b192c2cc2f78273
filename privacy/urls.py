"""Addresses of the Privacy & Security pages."""

from django.urls import path

from privacy import views, views_editing, views_release

urlpatterns = [
    path("", views.apps, name="apps"),
    # A dash alone is no app key, so this can never hide an app.
    path("-/read/", views.apps_read, name="apps_read"),
    path("<str:app_key>/", views.app, name="app"),
    path("<str:app_key>/read/", views.app_read, name="app_read"),
    path("<str:app_key>/compare/", views.app_compare, name="app_compare"),
    path("<str:app_key>/versions/", views.app_versions, name="app_versions"),
    path("<str:app_key>/versions/<int:pk>/", views.app_version, name="app_version"),
    path("<str:app_key>/versions/<int:pk>/restore/", views_editing.app_restore, name="app_restore"),
    path("<str:app_key>/export/", views.app_export, name="app_export"),
    path("<str:app_key>/edit/", views_editing.app_edit, name="app_edit"),
    path("<str:app_key>/edit/answer/", views_editing.app_answer, name="app_answer"),
    path("<str:app_key>/edit/unknown/", views_editing.app_unknown, name="app_unknown"),
    path("<str:app_key>/edit/record/", views_editing.app_record, name="app_record"),
    path("<str:app_key>/edit/undo/", views_editing.app_undo, name="app_undo"),
    path("<str:app_key>/edit/bring-back/", views_editing.app_bring_back, name="app_bring_back"),
    path("<str:app_key>/edit/take-live/", views_editing.app_take_live, name="app_take_live"),
    path("<str:app_key>/edit/reset/", views_editing.app_reset, name="app_reset"),
    path("<str:app_key>/save/", views_release.app_save, name="app_save"),
    path("<str:app_key>/discard/", views_release.app_discard, name="app_discard"),
    path("<str:app_key>/review/ask/", views_release.app_review_ask, name="app_review_ask"),
    path("<str:app_key>/review/withdraw/", views_release.app_review_withdraw, name="app_review_withdraw"),
    path("<str:app_key>/review/verdict/", views_release.app_review_verdict, name="app_review_verdict"),
    path("<str:app_key>/publish/", views_release.app_publish, name="app_publish"),
    path("<str:app_key>/alarm/", views_release.app_alarm, name="app_alarm"),
]
