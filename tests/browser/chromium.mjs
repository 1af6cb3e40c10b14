// The browser that the checks drive, and what they do where it is missing.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';

export const require = createRequire(import.meta.url);

function chromium() {
    if (process.env.CHROMIUM) return process.env.CHROMIUM;
    const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
    const folders = (process.env.PATH ?? '').split(delimiter);
    return folders.flatMap(folder => names.map(name => join(folder, name))).find(existsSync);
}

/** Why a check cannot run here; nothing if it can. */
function missing(site) {
    if (!existsSync(join(site, 'index.html'))) return 'the book is not built: `cargo book`';
    if (!chromium()) return 'there is no Chromium on PATH; CHROMIUM may name one';
    for (const name of ['playwright-core', 'axe-core']) {
        try {
            require.resolve(name);
        } catch {
            return `${name} is not installed: \`npm ci --prefix tests/browser\``;
        }
    }
}

/** Ends the program with status 77, and tells why, where something is missing. */
export function requireAll(site) {
    const reason = missing(site);
    if (reason) leaveOut(reason);
}

export function leaveOut(reason) {
    console.log(`left out: ${reason}`);
    process.exit(77);
}

export function launch(...args) {
    const { chromium: engine } = require('playwright-core');
    const quiet = ['--disable-background-networking', '--disable-component-update'];
    return engine.launch({
        executablePath: chromium(),
        args: ['--no-sandbox', ...quiet, ...args],
    });
}
