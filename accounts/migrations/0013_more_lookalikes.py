from django.db import migrations

from accounts.names import skeleton


def look_again(apps, schema_editor):
    """Names that were told apart may look alike by now: who came first has the form, the other keeps the old one."""
    User, NameShape = apps.get_model("accounts", "User"), apps.get_model("accounts", "NameShape")
    for user in User.objects.order_by("pk").only("username", "display_name", "skeleton").iterator():
        shapes = [skeleton(name) for name in (user.username, user.display_name) if name]
        for shape in shapes:
            NameShape.objects.get_or_create(skeleton=shape, defaults={"user": user})
        is_free = not User.objects.filter(skeleton=shapes[0]).exists()
        if is_free and NameShape.objects.filter(skeleton=shapes[0], user=user).exists():
            user.skeleton = shapes[0]
            user.save(update_fields=["skeleton"])
        NameShape.objects.filter(user=user).exclude(skeleton__in=[*shapes, user.skeleton]).delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_local_time")]

    operations = [migrations.RunPython(look_again, migrations.RunPython.noop)]
