from django.urls import path

from accounts.views import entering, passwords, settings

app_name = "accounts"
urlpatterns = [
    path("login/", entering.login_view, name="login"),
    path("settings/", settings.settings_update, name="settings_update"),
    path("settings/password/", passwords.password_update, name="password_update"),
    path("settings/password/remove/", passwords.password_delete, name="password_delete"),
    path("logout/", entering.logout_view, name="logout"),
]
