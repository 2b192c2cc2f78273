"""Takes the pictures of the guide from a fresh demo at the given address: python docs/take_pictures.py http://127.0.0.1:8000"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent / "pictures"
APP = "/apps/example-apps/com.example.diagrams-for-confluence/"
PICTURES = {
    "spaces": "/sites/acme/spaces/",
    "space": "/sites/acme/spaces/ENG/",
    "levels": "/sites/acme/levels/",
    "apps": "/apps/example-apps/",
    "app": APP,
    "edit": f"{APP}edit/",
    "compare": f"{APP}compare/?before=live&after=draft",
    "activity": "/activity/",
    "connection": "/connections/acme/",
}


def sign_in(page: Page, base: str) -> None:
    page.goto(f"{base}/accounts/login/")
    page.get_by_label("Email").fill("alice@example.com")
    page.get_by_label("Password").fill("trustdesk-demo")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{base}/")


def main(base: str) -> None:
    chromium = next(
        filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")))
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        sign_in(page, base)
        for name, path in PICTURES.items():
            page.goto(base + path, wait_until="networkidle")
            page.screenshot(path=HERE / f"{name}.png")
        page.emulate_media(color_scheme="dark")
        page.goto(base + PICTURES["space"], wait_until="networkidle")
        page.screenshot(path=HERE / "space-dark.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
