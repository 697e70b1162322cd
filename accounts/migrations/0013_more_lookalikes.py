from django.db import migrations

from accounts.names import shapes, skeleton


def look_again(apps, schema_editor):
    """Names that were told apart may look alike by now: who came first has the form, all keep what they had."""
    User, NameShape = apps.get_model("accounts", "User"), apps.get_model("accounts", "NameShape")
    for user in User.objects.order_by("pk").only("username", "display_name", "skeleton").iterator():
        for name in filter(None, (user.username, user.display_name)):
            for shape in shapes(name):
                NameShape.objects.get_or_create(skeleton=shape, defaults={"user": user})
        shape = skeleton(user.username)
        is_free = not User.objects.filter(skeleton=shape).exists()
        if is_free and NameShape.objects.filter(skeleton=shape, user=user).exists():
            user.skeleton = shape
            user.save(update_fields=["skeleton"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_local_time")]

    operations = [migrations.RunPython(look_again, migrations.RunPython.noop)]
