from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("login/", views.login_view, name="login"),
    path("settings/", views.settings_update, name="settings_update"),
    path("logout/", views.logout_view, name="logout"),
]
