// What a reader's browser says of the built book:
// `node tests/browser/book.mjs [SITE] [--shots DIR]`.
//
// Every page is opened from its file, without a server, on wide screens and on a phone, light and
// dark. A page fails if its script reports an error, it asks for anything outside the book, it has
// to be scrolled sideways, a link leads to no heading, or axe-core finds fault with its contrast,
// its alternative texts or its use by keyboard. At the end the search has to find a word, and the
// table of contents to open by keyboard.
//
// It takes a Chromium (CHROMIUM names another than the ones on PATH) and two packages:
// `npm ci --prefix tests/browser`. Without them it says so, and its exit status is 77.

import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { launch, require, requireAll } from './chromium.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const words = process.argv.slice(2);
const option = words.indexOf('--shots');
const shots = option < 0 ? undefined : resolve(words.splice(option, 2)[1]);
const site = resolve(words[0] ?? join(here, '../../book/book'));

const SCREENS = [
    { name: 'wide', width: 1280, height: 900, theme: 'light' },
    { name: 'two-columns', width: 1600, height: 1000, theme: 'navy' },
    { name: 'phone', width: 390, height: 844, theme: 'light' },
    { name: 'phone-dark', width: 390, height: 844, theme: 'navy' },
];

/** The chapters' pages; the whole book in one (`print.html`) repeats them. */
function pages(folder) {
    return readdirSync(folder, { recursive: true })
        .map(String)
        .filter(file => file.endsWith('.html'))
        .filter(file => !['404.html', 'print.html', 'toc.html', 'index.html'].includes(file))
        .sort();
}

/** Everything wrong with one page on one screen. */
async function check(context, file, screen) {
    const faults = [];
    const page = await context.newPage();
    page.on('pageerror', error => faults.push(`script: ${error.message}`));
    page.on('console', message => {
        if (message.type() === 'error') faults.push(`console: ${message.text()}`);
    });
    const inside = pathToFileURL(site).href;
    page.on('request', request => {
        const url = request.url();
        if (!url.startsWith(inside) && !/^(data|blob):/.test(url)) faults.push(`asks for ${url}`);
    });
    await page.goto(pathToFileURL(join(site, file)).href, { waitUntil: 'load' });
    faults.push(...(await page.evaluate(layout)), ...links(await page.evaluate(targets)));
    await page.addScriptTag({ path: require.resolve('axe-core/axe.min.js') });
    const options = { preload: false, resultTypes: ['violations'] };
    const { violations } = await page.evaluate(options => axe.run(options), options);
    for (const { id, help, nodes } of violations) {
        const where = nodes.slice(0, 3).map(node => node.target.join(' ')).join(', ');
        faults.push(`axe ${id}: ${help}: ${nodes.length} × ${where}`);
    }
    if (shots) {
        const path = join(shots, `${file.replace(/\W/g, '-')}-${screen.name}.png`);
        await page.screenshot({ path, fullPage: true });
    }
    await page.close();
    return faults;
}

/** In the page: what holds the text and scrolls sideways, and what sticks out. */
function layout() {
    const faults = [];
    for (let holder = document.querySelector('main'); holder; holder = holder.parentElement) {
        const { scrollWidth, clientWidth } = holder;
        const shown = getComputedStyle(holder).overflowX === 'visible' && holder.parentElement;
        if (scrollWidth <= clientWidth || shown) continue;
        const edge = holder.getBoundingClientRect().left + clientWidth + 1;
        const wide = [...holder.querySelectorAll('*')]
            .filter(element => element.getBoundingClientRect().right > edge)
            .map(element => `${element.localName}.${element.getAttribute('class') ?? ''}`);
        const what = `${holder.localName}#${holder.id} scrolls sideways`;
        faults.push(`${what}: ${scrollWidth} of ${clientWidth}: ${wide.slice(0, 3)}`);
    }
    return faults;
}

/** In the page: where its links lead. */
function targets() {
    return [...document.querySelectorAll('a[href]')].map(link => link.href);
}

const ids = new Map();

/** The links of a page into the book that lead nowhere. */
function links(found) {
    return [...new Set(found)].filter(href => href.startsWith('file:')).flatMap(href => {
        const url = new URL(href);
        const id = decodeURIComponent(url.hash.slice(1));
        url.hash = url.search = '';
        const file = fileURLToPath(url);
        if (!existsSync(file)) return [`dead link ${href}`];
        if (!id || !file.endsWith('.html')) return [];
        if (!ids.has(file)) {
            const text = readFileSync(file, 'utf8');
            ids.set(file, new Set([...text.matchAll(/\sid="([^"]*)"/g)].map(match => match[1])));
        }
        return ids.get(file).has(id) ? [] : [`dead link ${href}`];
    });
}

/** The search finds a word that the first chapter is about. */
async function search(context) {
    const page = await context.newPage();
    await page.goto(`${pathToFileURL(join(site, 'introduction.html')).href}?search=collapse`);
    try {
        await page.waitForSelector('#mdbook-searchresults li', { timeout: 10_000 });
        return [];
    } catch {
        return ['the search finds nothing for `collapse`'];
    }
}

/** The table of contents opens and closes by keyboard. */
async function keyboard(context) {
    const page = await context.newPage();
    await page.goto(pathToFileURL(join(site, 'introduction.html')).href);
    const toggle = page.locator('#mdbook-sidebar-toggle');
    const states = [];
    for (let i = 0; i < 3; i++) {
        states.push(await toggle.getAttribute('aria-expanded'));
        await toggle.focus();
        await page.keyboard.press('Enter');
    }
    await page.close();
    const turns = states[0] === states[2] && states[0] !== states[1];
    return turns ? [] : [`Enter does not open and close the table of contents: ${states}`];
}

requireAll(site);
if (shots) mkdirSync(shots, { recursive: true });

const browser = await launch();
const files = pages(site);
let failed = 0;
for (const screen of SCREENS) {
    const viewport = { width: screen.width, height: screen.height };
    const context = await browser.newContext({ viewport });
    const theme = name => localStorage.setItem('mdbook-theme', name);
    await context.addInitScript(theme, screen.theme);
    const checks = files.map(file => [file, () => check(context, file, screen)]);
    checks.push(['search', () => search(context)], ['keyboard', () => keyboard(context)]);
    for (const [name, run] of checks) {
        const faults = await run();
        failed += faults.length;
        for (const fault of faults) console.log(`${name}, ${screen.name}: ${fault}`);
    }
    await context.close();
}
await browser.close();
console.log(`${files.length} pages on ${SCREENS.length} screens, ${failed} faults`);
process.exit(failed ? 1 : 0);
