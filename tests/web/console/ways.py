"""Two ways of doing the same at a page: by pointer, and by the keys alone. A walk over pages is written once, for both."""

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import date
from typing import Any, Literal

from playwright.async_api import FilePayload, Locator, Page, expect

from domain.values import Locale
from tests.web.browser import AtPages
from texts.say import say
from texts.words import word

Looks = Literal["closely", "at the width", "not at all"]
_FIELDS = "input, select, textarea"
_MOST = 150  # steps of the Tab key to anything on a page
# Where the focus is, seen from an element: on it, on its group of radio buttons, before it, behind it, or nowhere yet.
_FOCUS = """(wanted) => {
  const one = document.activeElement;
  if (one === wanted) return "here";
  if (one === document.body) return wanted.closest("main") ? "nowhere" : "before";
  if (one.type === "radio" && wanted.type === "radio" && one.name === wanted.name && one.form === wanted.form) return "beside";
  return one.compareDocumentPosition(wanted) & Node.DOCUMENT_POSITION_FOLLOWING ? "before" : "behind";
}"""
_IS_SHOWN = """(one) => {
  const { top, bottom } = one.getBoundingClientRect();
  return getComputedStyle(one).outlineStyle !== "none" && bottom > 0 && top < innerHeight;
}"""
_SHAPE = """() => [location.pathname, document.title, ...[...document.querySelectorAll("main h2, main h3, main form, main table")]
  .map((one) => one.localName + one.className + (one.action ?? ""))].join(" ")"""


class Way(ABC):
    """Somebody who walks over pages. `looks`: what is looked at on each page to which a press led.

    Names and labels are whole texts as the page shows them. `within` names texts of the card, row or group that is meant, all
    of them: the same button stands at several goals.
    """

    def __init__(self, somebody: AtPages, locale: Locale, looks: Looks) -> None:
        self._somebody, self._locale, self._looks = somebody, locale, looks
        self._looked_at: set[str] = set()

    @property
    def page(self) -> Page:
        return self._somebody.page

    def text(self, key: str, **fields: Any) -> str:
        return say(key, self._locale, **fields)

    def word(self, kind: str, value: str) -> str:
        return word(kind, value, self._locale)

    async def begin(self) -> None:
        """Types the address of the console. All other pages are reached from there."""
        await self._somebody.open("/")
        await self.look()

    async def press(self, name: str, *within: str) -> None:
        """A link or a button, which leads to another page."""
        wanted = self.page.get_by_role("button", name=name, exact=True).or_(
            self.page.get_by_role("link", name=name, exact=True)
        )
        one = self._one(wanted, *within)
        await self._reach(one)
        async with self.page.expect_navigation():
            await self._press(one)
        await self.look()

    async def there(self, *names: str) -> str:
        """Which of these buttons there is: where scripts run, some say how many are chosen."""
        counts = [await self.page.get_by_role("button", name=one, exact=True).count() for one in names]
        return next(name for name, count in zip(names, counts, strict=True) if count)

    async def unfold(self, name: str, *within: str) -> None:
        begins = re.compile(rf"^\s*{re.escape(name)}")
        one = self._one(self.page.locator("summary").filter(has_text=begins), *within)
        await self._reach(one)
        await self._press(one)

    async def fill(self, label: str, text: str, *within: str) -> None:
        """Replaces the text of the field."""
        await self._fill(self._field(label, *within), text)

    async def fill_day(self, label: str, day: date, *within: str) -> None:
        field = self._field(label, *within)
        await self._fill_day(field, day)
        await expect(field).to_have_value(day.isoformat())

    async def clear_day(self, label: str, *within: str) -> None:
        field = self._field(label, *within)
        await self._clear_day(field)
        await expect(field).to_have_value("")

    async def choose(self, label: str, option: str = "", *within: str) -> None:
        """Chooses an option of a list; without an option, a check box or a radio button of this label."""
        field = self._field(label, *within)
        if option:
            await self._select(field, option)
            await expect(field.locator("option:checked")).to_have_text(option)
        else:
            await self._check(field)
            await expect(field).to_be_checked()

    async def attach(self, label: str, file: FilePayload) -> None:
        field = self._field(label)
        await self._reach(field)
        async with self.page.expect_file_chooser() as chooser:
            await self._press(field)
        await (await chooser.value).set_files(file)

    async def sees(self, *texts: str) -> None:
        for text in texts:
            await self._somebody.sees(text)

    async def look(self) -> None:
        """Looks at the page as it is now, once in each of its shapes; not while it follows something and is read again by itself."""
        if self._looks == "not at all" or await self.page.locator("[data-live]").count():
            return
        shape = await self.page.evaluate(_SHAPE)
        if self._looks == "closely" and shape not in self._looked_at:
            self._looked_at.add(shape)
            assert await self._somebody.complaints() == [], self.page.url
        assert await self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), self.page.url

    def _one(self, wanted: Locator, *within: str) -> Locator:
        """The first that is visible, in the smallest card, row or group with all these texts."""
        if within:
            place = self.page.locator("li, tr, fieldset, section").filter(has=wanted)
            for text in within:
                place = place.filter(has_text=text)
            wanted = place.last.locator(wanted)
        return wanted.filter(visible=True).first

    def _field(self, label: str, *within: str) -> Locator:
        whole = rf"^\s*{re.escape(label)}\s*({re.escape(self.text('console.form.optional'))})?\s*$"
        return self._one(self.page.get_by_label(re.compile(whole)).and_(self.page.locator(_FIELDS)), *within)

    @abstractmethod
    async def _reach(self, wanted: Locator) -> str:
        """Goes there. "beside": to another radio button of its group."""

    @abstractmethod
    async def _press(self, wanted: Locator) -> None:
        """Presses what was reached."""

    @abstractmethod
    async def _fill(self, field: Locator, text: str) -> None: ...

    @abstractmethod
    async def _fill_day(self, field: Locator, day: date) -> None: ...

    @abstractmethod
    async def _clear_day(self, field: Locator) -> None: ...

    @abstractmethod
    async def _select(self, field: Locator, option: str) -> None: ...

    @abstractmethod
    async def _check(self, field: Locator) -> None: ...


class ByPointer(Way):
    async def _reach(self, wanted: Locator) -> str:
        await expect(wanted).to_be_visible()
        return "here"

    async def _press(self, wanted: Locator) -> None:
        await wanted.click()

    async def _fill(self, field: Locator, text: str) -> None:
        await field.fill(text)

    async def _fill_day(self, field: Locator, day: date) -> None:
        await field.fill(day.isoformat())

    async def _clear_day(self, field: Locator) -> None:
        await field.fill("")

    async def _select(self, field: Locator, option: str) -> None:
        await field.select_option(label=option)

    async def _check(self, field: Locator) -> None:
        await field.click()


class ByKeys(Way):
    """No pointer: the Tab key leads there, through the link to the content first, and what has the focus shows it."""

    async def _press(self, wanted: Locator) -> None:
        await expect(wanted).to_be_focused()
        await self.page.keyboard.press("Enter")

    async def _fill(self, field: Locator, text: str) -> None:
        await self._reach(field)
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.press("Delete")
        if "\n" in text:
            await self.page.keyboard.insert_text(text)  # pasted
        else:
            await self.page.keyboard.type(text)

    async def _fill_day(self, field: Locator, day: date) -> None:
        await self._reach_first_part(field)
        await self.page.keyboard.type(f"{day:%m%d%Y}")

    async def _clear_day(self, field: Locator) -> None:
        await self._reach_first_part(field)
        for _ in range(3):  # month, day, year
            await self.page.keyboard.press("Backspace")
            await self.page.keyboard.press("ArrowRight")

    async def _reach_first_part(self, field: Locator) -> None:
        """From behind, the Tab key leads to the button of the calendar, then to the year, and so on."""
        await self._go_to(field)
        while await field.evaluate(_FOCUS) == "here":
            await self.page.keyboard.press("Shift+Tab")
        await self.page.keyboard.press("Tab")
        await self._reach(field)

    async def _select(self, field: Locator, option: str) -> None:
        await self._reach(field)
        await self._until(lambda: field.locator("option:checked").inner_text(), option)

    async def _check(self, field: Locator) -> None:
        if await self._reach(field) == "beside":
            await self._until(lambda: field.evaluate(_FOCUS), "here")
        else:
            await self.page.keyboard.press("Space")

    async def _until(self, read: Callable[[], Any], wanted: str) -> None:
        """Presses the arrow key until what is read is wanted: down, and where that is the end, from the beginning."""
        await self.page.keyboard.press("Home")
        for _ in range(_MOST):
            if await read() == wanted:
                return
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{wanted} is not reached by the arrow keys")

    async def _reach(self, wanted: Locator) -> str:
        focus = await self._go_to(wanted)
        shown = wanted if focus == "here" else self.page.locator("*:focus")
        for _ in range(20):
            if await shown.evaluate(_IS_SHOWN):
                return focus
            await asyncio.sleep(0.05)  # the page scrolls there in its next frame
        raise AssertionError(f"{wanted} has the focus, and nothing shows it")

    async def _go_to(self, wanted: Locator) -> str:
        one = await wanted.element_handle()
        for _ in range(_MOST):
            focus: str = await one.evaluate(_FOCUS)
            if focus in ("here", "beside"):
                return focus
            if focus == "nowhere":
                await self._skip_to_content()
            await self.page.keyboard.press("Shift+Tab" if focus == "behind" else "Tab")
        raise AssertionError(f"{wanted} is not reached by {_MOST} steps of the Tab key")

    async def _skip_to_content(self) -> None:
        await self.page.keyboard.press("Tab")
        if await self.page.evaluate("location.hash"):  # the address names a part of the page: the keys begin there
            return
        assert (await self.page.locator("*:focus").inner_text()).strip() == self.text("console.frame.skip")
        await self.page.keyboard.press("Enter")
        await expect(self.page.locator("main")).to_be_focused()
