from django.db import migrations

from portal.atlassian import strictjson
from privacy.document import canonical_json, catalogue, patches
from privacy.document.canonical_json import MISSING


def make_patches(apps, schema_editor):
    """Each edit gets the patch from its value before to the one after."""
    edits = apps.get_model("privacy", "Edit").objects
    for edit in edits.filter(patch="").iterator(chunk_size=100):
        before, after = (strictjson.loads(text) if text else MISSING for text in (edit.before, edit.after))
        patch = patches.make(before, after, catalogue.CATALOGUE.by_pointer.get(edit.pointer))
        edits.filter(pk=edit.pk).update(
            patch=strictjson.dumps(patch),
            after_hash="" if after is MISSING else canonical_json.value_digest(after),
            adds_or_removes=bool(patches.removed(patch) or patches.added(patch)),
        )


def make_values(apps, schema_editor):
    """The way back: values are worked out from the newest edit of a place back, beginning with a version that has it.

    An edit whose value no version holds any more still says who wrote there, but can no longer be undone.
    """
    App, Edit = (apps.get_model("privacy", name) for name in ("App", "Edit"))
    for app in App.objects.filter(pk__in=Edit.objects.values("app")):
        texts = [*app.snapshots.values_list("text", flat=True)]
        working = apps.get_model("privacy", "WorkingCopy").objects.filter(app=app).first()
        trees = [strictjson.loads(text) for text in ([working.text] if working else []) + texts]
        pointers = Edit.objects.filter(app=app).order_by().values_list("pointer", flat=True).distinct()
        for pointer in pointers:
            _values_at(Edit.objects.filter(app=app, pointer=pointer).order_by("-pk"), _candidates(trees, pointer))


def _candidates(trees, pointer):
    path = canonical_json.split(pointer)
    values = [canonical_json.walk(tree, path) for tree in trees]
    return {canonical_json.value_digest(value): value for value in reversed(values) if value is not MISSING}


def _values_at(edits, known):
    for edit in edits:
        patch = strictjson.loads(edit.patch)
        if not edit.after_hash or "now" in patch:
            after = patch.get("now", MISSING)
        else:
            after = known.get(edit.after_hash, MISSING)
        try:
            before = patches.revert(patch, after)
        except patches.PatchError:
            edits.filter(pk=edit.pk).update(dropped=True)
            continue
        if before is not MISSING:
            known[canonical_json.value_digest(before)] = before
        texts = ["" if value is MISSING else strictjson.dumps(value) for value in (before, after)]
        edits.filter(pk=edit.pk).update(before=texts[0], after=texts[1])


class Migration(migrations.Migration):
    """The values that were kept before and after each answer become what changed."""

    dependencies = [
        ("privacy", "0012_edits_as_patches"),
    ]

    operations = [
        migrations.RunPython(make_patches, make_values),
    ]
