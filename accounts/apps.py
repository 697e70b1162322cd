from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import checks  # noqa: F401 (registers them)


class AdminConfig(admin_apps.AdminConfig):
    """Django's admin, with a site of our own."""

    default = False  # of the two here, the other one is that of `accounts`
    default_site = "accounts.admin_site.AdminSite"
