from django.apps import AppConfig


class HearthConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401 (importing registers them)
