from datetime import timedelta

from django.db import migrations, models
from django.utils import timezone

#: The longest that a call could take when these rows were written was less.
ARRIVES_WITHIN = timedelta(minutes=15)


def keep_as_attempts(apps, schema_editor):
    """Each publish call that is on record, and each that was given up and may still arrive, becomes an attempt."""
    Review, Attempt, App = (apps.get_model("privacy", name) for name in ("Review", "PublishAttempt", "App"))
    for review in Review.objects.filter(publishing_since__isnull=False).select_related("app").order_by("pk"):
        under_way = review.state == "publishing"
        known = review.publish_taken or not under_way
        Attempt.objects.create(
            app=review.app,
            review=review,
            actor_label="Unknown",
            content_hash=review.content_hash,
            live_before=review.live_hash,
            started_at=review.publishing_since,
            sent_at=review.publishing_since,
            may_arrive_until=None if known else review.publishing_since + ARRIVES_WITHIN,
            answer="taken" if review.publish_taken else "",
            outcome="open" if under_way else "live" if review.state == "published" else "not_published",
            settled_at=None if under_way else review.closed_at,
        )
        if review.state == "published":
            App.objects.filter(pk=review.app_id).update(
                expected_live=review.content_hash, expected_since=review.closed_at
            )
    App.objects.exclude(alarm="").update(alarm_kind="publish")
    for app in App.objects.filter(publish_until__gt=timezone.now()):
        review = app.reviews.order_by("-pk").first()
        if review is not None:
            Attempt.objects.create(
                app=app,
                review=review,
                actor_label="Unknown",
                content_hash=review.content_hash,
                live_before=review.live_hash,
                started_at=app.publish_until - ARRIVES_WITHIN,
                sent_at=app.publish_until - ARRIVES_WITHIN,
                may_arrive_until=app.publish_until,
                outcome="not_published",
                settled_at=timezone.now(),
            )


def keep_with_reviews(apps, schema_editor):
    """The way back: the newest attempt of a review goes to the review, and what may arrive to the app."""
    Attempt, Review, App = (apps.get_model("privacy", name) for name in ("PublishAttempt", "Review", "App"))
    for attempt in Attempt.objects.select_related("review").order_by("pk"):
        if attempt.review.state in ("publishing", "published"):
            Review.objects.filter(pk=attempt.review_id).update(
                publishing_since=attempt.sent_at or attempt.started_at, publish_taken=attempt.answer == "taken"
            )
        if attempt.outcome != "open" and attempt.may_arrive_until:
            free = models.Q(publish_until=None) | models.Q(publish_until__lt=attempt.may_arrive_until)
            App.objects.filter(free, pk=attempt.app_id).update(publish_until=attempt.may_arrive_until)
    Attempt.objects.all().delete()


class Migration(migrations.Migration):
    """What is on record about publish calls goes to the attempts."""

    dependencies = [
        ("privacy", "0006_publish_attempts"),
    ]

    operations = [
        migrations.RunPython(keep_as_attempts, keep_with_reviews),
    ]
