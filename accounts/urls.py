from django.urls import path

from accounts.views import blocks, entering, entry_links, passwords, profiles, sessions, settings

app_name = "accounts"
urlpatterns = [
    path("login/", entering.login_view, name="login"),
    path("settings/", settings.settings_update, name="settings_update"),
    path("settings/profile/", profiles.profile_update, name="profile_update"),
    path("settings/avatar/", profiles.avatar_update, name="avatar_update"),
    path("settings/avatar/remove/", profiles.avatar_delete, name="avatar_delete"),
    path("avatars/<slug:digest>/<id:size>.webp", profiles.avatar_detail, name="avatar_detail"),
    path("settings/password/", passwords.password_update, name="password_update"),
    path("settings/password/remove/", passwords.password_delete, name="password_delete"),
    path("settings/sessions/", sessions.session_list, name="session_list"),
    path("settings/sessions/end/", sessions.session_delete_others, name="session_delete_others"),
    path("settings/sessions/<id:login_session_id>/end/", sessions.session_delete, name="session_delete"),
    path("settings/blocked/", blocks.block_list, name="block_list"),
    path("settings/blocked/<id:user_id>/", blocks.block_create, name="block_create"),
    path("settings/blocked/<id:user_id>/end/", blocks.block_delete, name="block_delete"),
    path("settings/browsers/", entry_links.entry_link_create, name="entry_link_create"),
    path("settings/invitations/", entry_links.invitation_list, name="invitation_list"),
    path(
        "settings/invitations/<id:invitation_id>/revoke/",
        entry_links.invitation_delete,
        name="invitation_delete",
    ),
    path("enter/<str:token>/", entry_links.entry_link_detail, name="entry_link_detail"),
    path("staff/<str:token>/", entry_links.staff_link_detail, name="staff_link_detail"),
    path("password/<str:token>/", entry_links.password_link_detail, name="password_link_detail"),
    path("join/<str:token>/", entry_links.invitation_detail, name="invitation_detail"),
    path("first-steps/dismiss/", entering.first_steps_delete, name="first_steps_delete"),
    path("logout/", entering.logout_view, name="logout"),
]
