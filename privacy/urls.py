"""Addresses of the Privacy & Security pages."""

from django.urls import path

from privacy.views import answers, browse, editing, release

urlpatterns = [
    path("", browse.apps, name="apps"),
    # A dash alone is no app key, so this can never hide an app.
    path("-/read/", browse.apps_read, name="apps_read"),
    path("<str:app_key>/", browse.app, name="app"),
    path("<str:app_key>/read/", browse.app_read, name="app_read"),
    path("<str:app_key>/compare/", browse.app_compare, name="app_compare"),
    path("<str:app_key>/versions/", browse.app_versions, name="app_versions"),
    path("<str:app_key>/versions/<int:pk>/", browse.app_version, name="app_version"),
    path("<str:app_key>/versions/<int:pk>/restore/", editing.app_restore, name="app_restore"),
    path("<str:app_key>/export/", browse.app_export, name="app_export"),
    path("<str:app_key>/edit/", editing.app_edit, name="app_edit"),
    path("<str:app_key>/edit/answer/", answers.app_answer, name="app_answer"),
    path("<str:app_key>/edit/unknown/", answers.app_unknown, name="app_unknown"),
    path("<str:app_key>/edit/record/", answers.app_record, name="app_record"),
    path("<str:app_key>/edit/undo/", answers.app_undo, name="app_undo"),
    path("<str:app_key>/edit/bring-back/", answers.app_bring_back, name="app_bring_back"),
    path("<str:app_key>/edit/take-live/", answers.app_take_live, name="app_take_live"),
    path("<str:app_key>/edit/changed-records/", answers.app_changed_records, name="app_changed_records"),
    path("<str:app_key>/edit/take-live-record/", answers.app_take_live_record, name="app_take_live_record"),
    path("<str:app_key>/edit/reset/", editing.app_reset, name="app_reset"),
    path("<str:app_key>/save/", release.app_save, name="app_save"),
    path("<str:app_key>/discard/", release.app_discard, name="app_discard"),
    path("<str:app_key>/review/ask/", release.app_review_ask, name="app_review_ask"),
    path("<str:app_key>/review/withdraw/", release.app_review_withdraw, name="app_review_withdraw"),
    path("<str:app_key>/review/verdict/", release.app_review_verdict, name="app_review_verdict"),
    path("<str:app_key>/publish/", release.app_publish, name="app_publish"),
    path("<str:app_key>/alert/", release.app_alert, name="app_alert"),
]
