from django.contrib import admin
from django.urls import include, path

import config.converters  # noqa: F401 (registers them)
from config.help_page import help_page

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.page_not_found"
handler500 = "config.errors.server_error"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("help/", help_page, name="help"),
    path("", include("accounts.urls")),
    path("", include("rooms.urls")),
]
