"""Django's admin under the content security policy of Hearth: its scripts work, and nothing is refused."""

from playwright.sync_api import expect


def test_admin_works(person, backstage):
    dora = person("dora", enter=False)
    backstage.run(f"User.objects.create_superuser({dora.name!r}, 'correct horse')")
    eric = f"eric-{dora.name}"
    backstage.run(f"factories.make_user({eric!r})")
    page = dora.page
    dora.open("/admin/")
    page.get_by_label("Name").fill(dora.name)
    page.get_by_label("Name").press("Enter")
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Administration")).to_be_visible()
    page.get_by_role("link", name="Users").first.click()
    page.locator("#searchbar").fill(eric)
    page.locator("#searchbar").press("Enter")
    expect(page.get_by_text("1 result")).to_be_visible()
    page.get_by_role("checkbox", name="Select all").check()
    expect(page.get_by_text("1 of 1 selected")).to_be_visible()  # a script of the admin says that
    page.locator("select[name=action]").select_option("deactivate")
    page.locator("button[name=index]").click()
    expect(page.get_by_text("Done for 1 person.")).to_be_visible()
    page.get_by_role("link", name=eric).click()
    expect(page.get_by_role("checkbox", name="Active")).not_to_be_checked()
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("heading", name="Set password")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(f"{dora.url}/login/")
