"""A person at the local Discord's page, in Debian's Chromium."""

import contextlib
import json

from harness import wait_for
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

LAST = "#messages > li:last-child"
PICTURE = "const i = document.querySelector(arguments[0]); return i && i.complete && [i.naturalWidth, i.alt]"
DROP = """
    const [from, to] = [...arguments].map(s => document.querySelector(s)), dataTransfer = new DataTransfer();
    for (const [element, type] of [[from, 'dragstart'], [to, 'dragover'], [to, 'drop']])
        element.dispatchEvent(new DragEvent(type, {dataTransfer, bubbles: true, cancelable: true}));
"""
OVERFLOW = """
    const parts = ['html', 'body', '#messages', '#side', '#composer'].map(s => document.querySelector(s));
    return Math.max(...parts.map(e => e.scrollWidth - e.clientWidth));
"""

# Contrast of every text that is seen, by the formula of WCAG 2: [ratio, text] of those below a limit. A canvas reads colours.
FAINT = """
    const pen = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
    function read(colour) {
        pen.clearRect(0, 0, 1, 1);
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        return [...pen.getImageData(0, 0, 1, 1).data];
    }
    const mix = (under, over, part) => under.map((u, i) => u + (over[i] - u) * part);
    const put = (under, colour) => mix(under, read(colour), read(colour)[3] / 255).slice(0, 3);
    // What stands at an element inside of others, outermost first: its background, or its text upon that.
    function colour([element, ...inner], under, text) {
        const style = getComputedStyle(element);
        let over = put(under, style.backgroundColor);
        if (inner.length) over = colour(inner, over, text);
        else if (text) over = put(over, style.color);
        return mix(under, over, Number(style.opacity));
    }
    const linear = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) + 0.05;
    function contrast(element) {
        const chain = [];
        for (let e = element; e; e = e.parentElement) chain.unshift(e);
        const [a, b] = [true, false].map(text => luminance(colour(chain, [255, 255, 255], text)));
        return Math.max(a, b) / Math.min(a, b);
    }
    return [...document.querySelectorAll('body *')]
        .filter(e => e.checkVisibility({visibilityProperty: true}) && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
        .map(e => [contrast(e), e.textContent]).filter(([ratio]) => ratio < arguments[0]);
"""


@contextlib.contextmanager
def chromium():
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1200,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    yield browser
    browser.quit()


@contextlib.contextmanager
def visit(browser, url):
    """The page at an address, until the end; nothing may have come from elsewhere, nor any complaint."""
    browser.get_log("performance")
    browser.get(url)
    page = Page(browser)
    wait_for(lambda: page.text("#my-name"), "the page")
    yield page
    complaints = browser.get_log("browser")
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    browser.get("about:blank")
    assert not complaints
    assert asked and all(address.startswith(url) for address in asked)


class Page:
    """What a person sees and does. Elements are found anew each time: an answer may change them between two looks."""

    def __init__(self, browser):
        self.browser = browser

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.browser.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def wait_text(self, selector, words):
        return wait_for(lambda: words in self.text(selector), f"“{words}” in {selector}")

    def attribute(self, selector, name):
        return self.browser.execute_script("return document.querySelector(arguments[0])?.getAttribute(arguments[1])", selector, name)

    def type(self, *keys):
        """Into whatever has the focus."""
        webdriver.ActionChains(self.browser).send_keys(*keys).perform()

    def tab_back(self):
        webdriver.ActionChains(self.browser).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()

    def click(self, selector):
        def try_once():
            try:
                self.one(selector).click()
                return True
            except (NoSuchElementException, StaleElementReferenceException):
                return False

        wait_for(try_once, f"a click on {selector}")

    def press(self, label, message=LAST):
        """A button of a message, by its words; the answer is over when this returns."""
        self.begin_press(label, message)
        self.wait_over(message)

    def button(self, label, message=LAST):
        [found] = [each for each in self.all(f"{message} .button") if each.get_attribute("textContent") == label]
        return found

    def begin_press(self, label, message=LAST):
        self.button(label, message).click()

    def wait_over(self, message=LAST):
        wait_for(lambda: self.attribute(message, "aria-busy") == "false", "the end of the interaction")

    def labels(self, message=LAST):
        """Of all its buttons: whether they can be used."""
        return {each.text: each.is_enabled() for each in self.all(f"{message} .button")}

    def picture(self, message=LAST):
        """The alt text of a picture that has really been loaded."""
        width, alt = wait_for(lambda: self.browser.execute_script(PICTURE, f"{message} .picture img"), "a picture")
        assert width == 1000
        return alt

    def command(self, text):
        """Types a command; its answer is there, with its picture, when this returns."""
        self.ask(text)
        return self.picture()

    def ask(self, text):
        """Types a command; its answer is there when this returns."""
        n = len(self.all("#messages > li"))
        self.click("#composer .entry")
        self.type(text, Keys.ENTER)
        wait_for(lambda: len(self.all("#messages > li:not(.sending)")) > n, "an answer")
        self.wait_over()

    def choose(self, button, typed):
        """Opens a list at a button, searches in it, takes what is found first."""
        self.click(button)
        wait_for(lambda: self.all(".menu"), "the list")
        self.type(typed, Keys.ENTER)
        wait_for(lambda: not self.all(".menu"), "the list's end")

    def pick(self, select, label):
        """The same by mouse: an option of a message's select, which is named by its placeholder."""
        self.click(f"{LAST} .select[aria-label^={json.dumps(select)}]")
        [option] = [each for each in self.all(".menu [role=option]") if each.text.split("\n")[0] == label]
        option.click()
        self.wait_over()

    def play(self, member):
        self.choose("#me", member["username"])
        self.wait_text("#my-name", member["name"])

    def overflow(self):
        """How far anything reaches out sideways."""
        return self.browser.execute_script(OVERFLOW)

    def drag(self, what, to):
        self.browser.execute_script(DROP, what, to)

    def tops(self, selector):
        """Where the elements begin: elements of one row have one top."""
        return [each.rect["y"] for each in self.all(selector)]

    def focused(self):
        return self.browser.execute_script("return document.activeElement.textContent")

    def faint(self, limit):
        """Texts whose contrast is below a limit."""
        return self.browser.execute_script(FAINT, limit)

    def emulate(self, command, **parameters):
        self.browser.execute_cdp_cmd(f"Emulation.{command}", parameters)
