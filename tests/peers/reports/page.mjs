// A report in a real browser: node page.mjs CHROMIUM FILE [SEARCH]
//
// Opens the page in both themes, narrow and wide, opens everything on it, lets axe-core judge it (WCAG 2.1 A and AA), uses
// the filters as a person would, and prints what was found as JSON. parse5 reads it as the HTML standard orders.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { parse } from 'parse5';

const [executablePath, file, search] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const misread = [];
parse(readFileSync(file, 'utf8'), { onParseError: (error) => misread.push(`${error.code} at line ${error.startLine}`) });

// with a text to search for: how long it takes to open, and what is found
if (search) {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] });
  const seen = { opened_ms: Infinity };
  for (let time = 0; time < 3; time += 1) {
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    const begun = Date.now();
    await page.goto(`file://${file}`);
    await page.waitForFunction(() => !document.getElementById('filters').hidden);
    seen.opened_ms = Math.min(seen.opened_ms, Date.now() - begun);
    if (time === 0) {
      await page.fill('#find', search);
      await page.waitForFunction(() => document.getElementById('shown').textContent);
      seen.said = await page.locator('#shown').innerText();
      seen.found = await page.locator('.item:not([hidden])').count();
      seen.servers = await page.locator('.server').count();
    }
    await page.context().close();
    if (seen.opened_ms < 1000) { break; }
  }
  console.log(JSON.stringify(seen));
  await browser.close();
  process.exit(0);
}

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] });
const found = { misread, violations: [], complaints: [], requests: [], overflow: [] };
for (const colorScheme of ['light', 'dark']) {
  for (const width of [360, 1440]) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 }, bypassCSP: false });
    const page = await context.newPage();
    page.on('console', (said) => said.type() === 'error' && found.complaints.push(said.text()));
    page.on('pageerror', (error) => found.complaints.push(String(error)));
    page.on('request', (request) => request.url().startsWith('file:') || found.requests.push(request.url()));
    const begun = Date.now();
    await page.goto(`file://${file}`);
    await page.waitForFunction(() => !document.getElementById('filters').hidden);
    found.opened_ms = Math.max(found.opened_ms ?? 0, Date.now() - begun);
    found.results = await page.locator('.item').count();
    if (width === 1440) {
      await page.evaluate(() => document.querySelectorAll('details').forEach((one) => { one.open = true; }));
      await page.evaluate(axe).catch(() => page.addScriptTag({ content: axe }));
      const judged = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }));
      for (const one of judged.violations) {
        found.violations.push(`${colorScheme} ${width} ${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(' | ')}`);
      }
    }
    if (await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)) {
      found.overflow.push(`${colorScheme} ${width}`);
    }
    const failed = page.locator('input[name=status][value=fail]'); // there is none where nothing failed
    if (await failed.count()) {
      await failed.check();
      found.failed = await page.locator('.item:not([hidden])').count();
      found.said = await page.locator('#shown').innerText();
      await page.click('#clear');
    }
    found.copy = await page.locator('button.copy').count();
    await context.close();
  }
}
// without scripts everything is still there
const plain = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
await plain.goto(`file://${file}`);
found.without_scripts = await plain.locator('.item').count();
console.log(JSON.stringify(found));
await browser.close();
