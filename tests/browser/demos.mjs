// The demonstrations in a browser: `node tests/browser/demos.mjs [SITE] [--pictures DIR]`.
//
// The book has to be built by `cargo book --with-demos`; it is served on this machine. Each
// demonstration has to compute what it computes outside a browser (`expected.json`, which
// `cargo test -p stopgrad-demos` holds), on every device that the browser has, and to do before the
// reader what its chapter says. A page fails, too, if its console reports an error, it asks for
// anything elsewhere, or axe-core finds fault with it.
//
// With `--pictures` the pictures that stand in the chapters are made anew.

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

import { launch, leaveOut, require, requireAll } from './chromium.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const words = process.argv.slice(2);
const option = words.indexOf('--pictures');
const pictures = option < 0 ? undefined : resolve(words.splice(option, 2)[1]);
const site = resolve(words[0] ?? join(here, '../../book/book'));
const expected = JSON.parse(readFileSync(join(here, 'expected.json'), 'utf8'));

/** How far a browser's numbers may lie from those outside it, relative to 1 or to themselves. */
const TOLERANCE = 1e-4;
/** What a reader waits for at most, in milliseconds. */
const PATIENCE = 20_000;
/** What is compared on the processor only: whole networks, which a software GPU does not finish. */
const ON_CPU = ['graph', 'room'];
/** Methods, the part that is told of when a detach is opened, and what is said of it before. */
const GRAPHS = [
    ['simsiam', 'encoder', /receive a gradient/],
    ['swav', 'encoder', /receive a gradient/],
    ['byol', 'target', /no gradient/],
    ['moco-v2', 'momentum', /no gradient/],
    ['moco-v3', 'momentum', /no gradient/],
    ['dino', 'teacher', /no gradient/],
    ['ibot', 'teacher', /no gradient/],
];
const WEBGPU = ['--enable-unsafe-webgpu', '--enable-features=Vulkan', '--use-webgpu-adapter=swiftshader'];

const KINDS = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm' };

function serve() {
    const server = createServer((request, response) => {
        const file = join(site, new URL(request.url, 'http://localhost').pathname);
        if (!existsSync(file)) return response.writeHead(404).end();
        response.setHeader('Content-Type', KINDS[extname(file)] ?? 'application/octet-stream');
        response.end(readFileSync(file));
    });
    return new Promise(done => server.listen(0, '127.0.0.1', () => done(server)));
}

const faults = [];
const fault = text => {
    faults.push(text);
    console.log(text);
};

/** A page that tells of its errors and of what it asks for elsewhere. */
async function openPage(context, path) {
    const page = await context.newPage();
    page.on('pageerror', error => fault(`${path}: script: ${error.message}`));
    page.on('console', message => {
        if (message.type() === 'error') fault(`${path}: console: ${message.text()}`);
    });
    page.on('request', request => {
        const url = request.url();
        if (!url.startsWith(origin) && !/^(data|blob):/.test(url)) fault(`${path}: asks for ${url}`);
    });
    await page.goto(`${origin}/${path}`);
    return page;
}

/** Where two results differ by more than is allowed. */
function differences(found, wanted, path = '') {
    if (typeof wanted === 'number') {
        const far = Math.abs(found - wanted) / Math.max(1, Math.abs(wanted));
        return far <= TOLERANCE ? [] : [`${path}: ${found}, not ${wanted}`];
    }
    if (wanted === null || typeof wanted !== 'object') {
        return found === wanted ? [] : [`${path}: ${found}, not ${wanted}`];
    }
    return Object.keys(wanted).flatMap(key => differences(found?.[key], wanted[key], `${path}/${key}`));
}

/** In the page: a demonstration after some steps, without anything around it. */
async function compute([base, { name, device, switches, steps }]) {
    const { default: init, Demo } = await import(`${base}/demos/demos.js`);
    await init();
    const demo = await Demo.open(name, device, JSON.stringify(switches));
    const before = performance.now();
    const look = JSON.parse(await demo.advance(steps));
    return { look, rate: 1000 * steps / (performance.now() - before) };
}

async function parity(context, devices) {
    const page = await openPage(context, 'introduction.html');
    for (const device of devices) {
        for (const { title, look: wanted, ...request } of expected) {
            if (device === 'gpu' && ON_CPU.includes(request.name)) continue;
            const { look, rate } = await page.evaluate(compute, [origin, { ...request, device }]);
            const wrong = differences(look, wanted);
            const result = wrong.length ? `wrong: ${wrong.slice(0, 3).join('; ')}` : 'as natively';
            console.log(`${device}: ${title}: ${result}, ${rate.toFixed(0)} steps a second`);
            if (wrong.length) fault(`${device}: ${title} differs in ${wrong.length} numbers`);
        }
    }
    await page.close();
}

/** A demonstration in its chapter, started. */
async function start(context, path, name, method) {
    const page = await openPage(context, path);
    const figure = page.locator(`figure.demo[data-demo="${name}"][data-method="${method}"]`);
    await figure.scrollIntoViewIfNeeded();
    await figure.getByRole('button', { name: 'Run it here' }).click();
    await figure.locator('.demo-panel[data-step]').waitFor({ timeout: PATIENCE });
    return { page, figure };
}

/** The number that stands beside a measure's name. */
async function measure(figure, label) {
    const pair = figure.locator('.demo-numbers div', { hasText: label });
    return Number(await pair.locator('dd').textContent());
}

/** Waits until a measure holds; tells after how many seconds, or that it never did. */
async function until(figure, label, holds, what, patience = PATIENCE) {
    const before = Date.now();
    let value;
    while (Date.now() - before < patience) {
        value = await measure(figure, label);
        if (holds(value)) return (Date.now() - before) / 1000;
        await new Promise(done => setTimeout(done, 100));
    }
    fault(`${what}: ${label} is ${value} after ${patience / 1000} s`);
}

/** axe-core's opinion of the page as it stands. */
async function axe(page, what) {
    await page.addScriptTag({ path: require.resolve('axe-core/axe.min.js') });
    const options = { preload: false, resultTypes: ['violations'] };
    const { violations } = await page.evaluate(options => window.axe.run(options), options);
    for (const { id, help, nodes } of violations) {
        fault(`${what}: axe ${id}: ${help}: ${nodes[0].target.join(' ')}`);
    }
}

/** Makes a picture for the chapter of what the figure shows. */
async function shoot(figure, name) {
    if (!pictures) return;
    mkdirSync(pictures, { recursive: true });
    // Without the switches, which a picture's reader could not turn, and the bar that lies above.
    await figure.page().addStyleTag({ content: '#mdbook-menu-bar { visibility: hidden; }' });
    const drawn = figure.locator('.demo-pictures, .demo-bars, .demo-graph');
    await drawn.screenshot({ path: join(pictures, `demo-${name}.png`) });
}

/** Switched off by keyboard, the protection is gone and the outputs become one; and back. */
async function collapse(context, method, protection) {
    const { page, figure } = await start(context, `${method}.html`, 'collapse', method);
    const what = `${method} in the collapse lab`;
    const healthy = std => std > 0.5;
    await until(figure, 'std·√d', healthy, what);
    await page.waitForTimeout(1500);
    await shoot(figure, `collapse-${method}`);
    await axe(page, what);
    const box = figure.getByLabel(protection);
    await box.focus();
    await page.keyboard.press('Space');
    const seconds = await until(figure, 'std·√d', std => std < 0.1, `${what} without ${protection}`);
    const step = await figure.locator('.demo-panel').getAttribute('data-step');
    console.log(`${what}: collapsed ${seconds?.toFixed(1)} s after, at step ${step}`);
    await box.focus();
    await page.keyboard.press('Space');
    await figure.getByRole('button', { name: 'Restart' }).click();
    await until(figure, 'std·√d', healthy, `${what}, begun again`);
    await figure.getByRole('button', { name: 'Pause' }).click();
    await page.close();
}

/** A detach is opened by mouse and cut again by keyboard; the words tell who hears of it. */
async function graph(context, method, part, cut) {
    const page = await openPage(context, `${method}.html`);
    const figure = page.locator(`figure.demo[data-demo="graph"][data-method="${method}"]`);
    await figure.scrollIntoViewIfNeeded();
    await figure.getByRole('button', { name: 'Run it here' }).click();
    const panel = figure.locator('.demo-panel[data-open="0"]');
    await panel.waitFor({ timeout: PATIENCE });
    const what = `the graph of ${method}`;
    await shoot(figure, `graph-${method}`);
    await axe(page, what);
    const words = figure.locator('.demo-groups li', { hasText: part });
    const before = await words.textContent();
    const detach = figure.getByRole('button', { name: 'detach 1' });
    await detach.click();
    await figure.locator('.demo-panel[data-open="1"]').waitFor({ timeout: PATIENCE });
    const after = await words.textContent();
    await axe(page, `${what}, opened`);
    if (await detach.textContent() !== 'detach 1, open') fault(`${what}: its title says cut`);
    await detach.focus();
    await page.keyboard.press('Space');
    await panel.waitFor({ timeout: PATIENCE });
    const again = await words.textContent();
    console.log(`${what}: "${before}"; opened: "${after}"`);
    if (!cut.test(before) || !/receive a gradient/.test(after) || before === after || again !== before) {
        fault(`${what}: "${before}", opened "${after}", cut again "${again}"`);
    }
    await page.close();
}

/** Every version gives a rate, on the GPU where there is one and on the processor. */
async function kernels(context, hasGpu) {
    const page = await openPage(context, 'matmul.html');
    const figure = page.locator('figure.demo[data-demo="kernels"]');
    await figure.scrollIntoViewIfNeeded();
    await figure.getByRole('button', { name: 'Run it here' }).click();
    const panel = figure.locator('.demo-panel[data-done]');
    await panel.waitFor({ timeout: 120_000 });
    const bars = await figure.locator('canvas').getAttribute('aria-label');
    console.log(`kernel bench: ${bars}; ${await figure.locator('.demo-status').textContent()}`);
    const rates = bars.split('; ').filter(bar => Number(bar.match(/: ([\d.e+]+) GFLOP/)?.[1]) > 0);
    const wanted = hasGpu ? 7 : 1;
    if (rates.length !== wanted) fault(`kernel bench: ${rates.length} rates, not ${wanted}`);
    if (hasGpu) await shoot(figure, 'kernels-matmul');
    await axe(page, 'kernel bench');
    await page.close();
}

/** How many colours a figure's picture has. */
function colours(figure) {
    return figure.locator('.demo-picture').evaluate(canvas => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size;
    });
}

/** Trains before the reader, who sees pictures; switched off by keyboard, a part is missed. */
async function room(context, method, part, label, falls) {
    const { page, figure } = await start(context, `${method}.html`, 'room', method);
    const what = `${method} in the training room`;
    const step = async () => Number(await figure.locator('.demo-panel').getAttribute('data-step'));
    const begun = [await step(), Date.now()];
    await page.waitForTimeout(4000);
    const rate = 1000 * (await step() - begun[0]) / (Date.now() - begun[1]);
    console.log(`${what}: ${rate.toFixed(1)} steps a second`);
    if (!(rate > 0)) fault(`${what}: takes no steps`);
    if (!(await colours(figure) > 500)) fault(`${what}: shows no pictures`);
    const neighbours = figure.getByRole('img', { name: /nearest neighbours, of which \d+ of 40/ });
    if (!(await neighbours.count())) fault(`${what}: tells of no neighbours`);
    // The chapter shows a network that has learned for a while.
    if (pictures) await page.waitForTimeout(PATIENCE);
    await shoot(figure, `room-${method}`);
    await axe(page, what);
    await figure.getByLabel(part).focus();
    await page.keyboard.press('Space');
    // A step takes a tenth of a second, and a busy machine longer.
    const seconds = await until(figure, label, falls, `${what} without ${part}`, 3 * PATIENCE);
    console.log(`${what}: without ${part} ${label} has fallen ${seconds?.toFixed(1)} s after`);
    await page.close();
}

requireAll(site);
if (!existsSync(join(site, 'demos/demos.js'))) {
    leaveOut('the book is built without demonstrations: `cargo book --with-demos`');
}
const server = await serve();
const origin = `http://127.0.0.1:${server.address().port}`;

for (const [gpu, args] of [['with WebGPU', WEBGPU], ['without WebGPU', ['--disable-gpu', '--disable-features=WebGPU']]]) {
    const browser = await launch(...args);
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await openPage(context, 'introduction.html');
    const has = await page.evaluate(async () => Boolean(await navigator.gpu?.requestAdapter()));
    await page.close();
    console.log(`${gpu}: ${has ? 'an adapter' : 'no adapter'}`);
    await parity(context, has ? ['cpu', 'gpu'] : ['cpu']);
    await kernels(context, has);
    if (has) {
        await collapse(context, 'simsiam', 'stop-gradient');
        await collapse(context, 'byol', 'stop-gradient');
        await collapse(context, 'simclr', 'negatives');
    } else {
        for (const [method, part, cut] of GRAPHS) await graph(context, method, part, cut);
        await room(context, 'simsiam', 'stop-gradient', 'RankMe', rank => rank < 4);
        await room(context, 'dino', 'centring', 'entropy', entropy => entropy < 0.3);
    }
    await browser.close();
}
server.close();
console.log(`${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
