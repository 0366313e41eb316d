"""Test support: pages as Chromium shows them, and what axe finds wrong with them."""

from __future__ import annotations

import asyncio
import html
import json
import tempfile
from pathlib import Path

from tests.support.waiting import within

_RUN = """
axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then((found) => {
  const said = document.createElement("pre");
  said.id = "axe";
  said.textContent = JSON.stringify([found.passes.length, found.violations.map((one) => one.id)]);
  document.body.replaceChildren(said);
});
"""  # noqa: E501  a script
_SHOWN = '<pre id="axe">'


async def _output(*words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    async with within(30):
        output, _ = await process.communicate()
    return output.decode()


async def document_at(url: str, *options: str) -> str:
    """The document that Chromium makes of an address, scripts and all."""
    with tempfile.TemporaryDirectory() as profile:
        # Without a sandbox: tests run as root, and what is opened is ours.
        fixed = ("--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}")
        patience = "--virtual-time-budget=20000"
        return await _output("chromium", *fixed, patience, *options, "--dump-dom", url)


async def violations(page: str, folder: Path) -> list[str]:
    """Ids of the rules of WCAG 2.2 AA that the page breaks, by axe; some rules have to have passed."""
    source = await _output("axe-source")
    file = folder / "page.html"
    file.write_text(
        page.replace("</body>", f"<script>{source}</script><script>{_RUN}</script></body>"), "utf-8"
    )
    shown = await document_at(file.as_uri(), "--window-size=390,844")
    assert _SHOWN in shown, shown[-2000:]
    passes, found = json.loads(html.unescape(shown.partition(_SHOWN)[2].partition("</pre>")[0]))
    assert passes > 10
    broken: list[str] = found
    return broken
