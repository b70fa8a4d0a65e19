"""The page in a real browser: sign in, find, download, send a file with a fault, answer; on a phone's width too."""

import hashlib

import pytest

from oko_pipeline.collection.forms.filling import type_into
from tests.browser.chromium import Browser, chromium_path
from tests.unit.page.served import PASSWORD, YEAR, serve
from tests.unit.page.test_work import content_row, filled_form

pytestmark = pytest.mark.skipif(chromium_path() is None, reason="нет Chromium")
OWN = "edu990001"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("OKO_PSEUDONYM_KEY", "a key for tests only, not a secret")
    served, server, thread = serve(tmp_path_factory.mktemp("page"))
    yield served
    server.should_exit = True
    thread.join(20)
    served.desk.close()
    patch.undo()


@pytest.fixture
def browser(tmp_path):
    opened = Browser(tmp_path / "profile")
    opened.size(1280, 900)
    yield opened
    opened.close()


def sign_in(browser, page, login):
    browser.open(f"{page.url}/documents")
    browser.wait("location.pathname === '/sign-in'")
    browser.type("#login", login)
    browser.type("#password", PASSWORD)
    browser.run("window.before = true")
    browser.press("Enter", 13)
    browser.wait("!window.before && location.pathname === '/documents' && document.readyState === 'complete'")


FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
UNNAMED = """[...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a, img')].filter(one =>
  !(one.labels && one.labels.length) && !one.getAttribute('aria-label') && !one.innerText.trim() && !one.alt).length"""


def test_an_analyst_finds_downloads_accepts_and_answers(browser, page, tmp_path):
    browser.open(f"{page.url}/")
    browser.shoot("01-sign-in")
    sign_in(browser, page, "analyst")
    browser.shoot("02-documents")
    browser.run("document.querySelector('#kind').value = 'municipality_note'")
    browser.go("document.querySelector('.filters').requestSubmit()", "location.search.includes('municipality_note')")
    assert browser.run("document.querySelectorAll('table.list tbody tr').length") == 2
    browser.go("document.querySelector('table.list tbody a').click()", "location.pathname.startsWith('/documents/2')")
    browser.shoot("03-document")
    got = browser.download("document.querySelector('a.button').click()", tmp_path / "downloads")
    assert got.suffix == ".docx"
    assert hashlib.sha256(got.read_bytes()).hexdigest()[:16] in browser.run("document.body.innerText")
    browser.go("document.querySelector('form.card button').click()", "document.body.innerText.includes('принят')")
    assert browser.run("document.querySelector('.facts .state').innerText") == "принят"
    browser.open(f"{page.url}/recommendations")
    browser.go("document.querySelector('.cards a').click()", "document.querySelector('#answer-rejected') !== null")
    browser.run(
        "document.querySelector('#answer-rejected').click(); document.querySelector('#role').value = 'department'"
    )
    browser.type("#reason", "Это уже сделано в сентябре")
    browser.shoot("04-recommendation")
    browser.go("document.querySelector('form.card button').click()", "document.body.innerText.includes('лежит во')")
    browser.shoot("05-answered")
    assert list(page.settings.inbox_folder.rglob("R2025-*.xlsx"))
    assert browser.faults == []


def test_a_school_sends_a_file_with_a_fault_and_is_told_at_once(browser, page, tmp_path):
    content = filled_form(page.settings, OWN)
    file = tmp_path / "Форма с ошибкой.xlsx"
    file.write_bytes(type_into(content, {"Решения": {(content_row(content), 5): "вчера"}}))
    sign_in(browser, page, "school")
    browser.open(f"{page.url}/uploads")
    browser.choose_file("#files", file)
    browser.shoot("06-uploads")
    browser.go("document.querySelector('main form button').click()", "location.pathname.length > 20")
    browser.shoot("07-checked")
    assert "Как исправить" in browser.run("document.body.innerText")
    browser.open(f"{page.url}/schools/{YEAR}/{OWN}")
    browser.wait("document.querySelector('img.chart').complete")
    assert browser.run("document.querySelector('img.chart').naturalWidth") > 0
    browser.shoot("08-school")
    assert browser.faults == []


@pytest.mark.parametrize("width", [360, 768])
def test_every_page_fits_a_narrow_screen_and_names_its_controls(browser, page, width):
    browser.size(width, 780, is_phone=True)
    sign_in(browser, page, "analyst")
    for name, path in {
        "documents": "/documents", "document": f"/documents/{YEAR}/school_note:{OWN}", "schools": "/schools",
        "school": f"/schools/{YEAR}/{OWN}", "checks": "/checks", "recommendations": "/recommendations",
        "recommendation": f"/recommendations/{YEAR}/R2025-0000000001", "uploads": "/uploads", "account": "/account",
        "outdated": "/outdated",
        "changed": "/changed", "differences": f"/documents/{YEAR}/school_note:{OWN}/differences",
        "nowhere": "/nowhere",
    }.items():  # fmt: skip
        browser.open(f"{page.url}{path}")
        browser.shoot(f"phone-{width}-{name}")
        assert browser.run(FITS), path
        assert browser.run(UNNAMED) == 0, path
        assert browser.run("document.documentElement.lang") == "ru"
        assert browser.run("document.querySelectorAll('h1').length") == 1


def test_the_keyboard_alone_reaches_the_content_first(browser, page):
    sign_in(browser, page, "school")
    browser.open(f"{page.url}/documents")
    browser.press("Tab", 9)
    assert browser.run("document.activeElement.className") == "skip"
    browser.press("Enter", 13)
    browser.wait("location.hash === '#main'")
    browser.press("Tab", 9)
    assert browser.run("document.activeElement.id") == "year"
    # On from there: everything that can be used is reached in the order in which it stands, and is seen to be reached.
    order = "[...document.querySelectorAll('main a, main button, main select')].indexOf(document.activeElement)"
    reached = [browser.run(order)]
    for _ in range(8):
        browser.press("Tab", 9)
        reached.append(browser.run(order))
        outline = browser.run("getComputedStyle(document.activeElement).outlineStyle + document.activeElement.tagName")
        assert outline.startswith("solid"), outline
    assert reached == list(range(reached[0], reached[0] + 9))
