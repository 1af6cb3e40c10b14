// Runs one demonstration beside the page, in slices short enough that a switch is felt at once.

import init, { Demo } from './demos.js';

/** How long a slice is, in milliseconds. */
const SLICE = 40;

let demo;
let running = false;
let steps = 1;
let queue = Promise.resolve();

const tell = message => postMessage(message);
const wait = () => new Promise(resolve => setTimeout(resolve));

/** What the page asks for; each request waits for those before it. */
const verbs = {
    async open({ name, device, switches }) {
        await init();
        running = false;
        demo?.free();
        demo = undefined;
        demo = await Demo.open(name, device, JSON.stringify(switches));
        steps = 1;
        tell({ kind: 'open', device: demo.device() });
    },
    async set({ switches }) {
        demo.set(JSON.stringify(switches));
    },
    /** Exactly so many steps. */
    async steps({ count }) {
        await advance(count);
    },
    async run() {
        if (running) return;
        running = true;
        slices();
    },
    async pause() {
        running = false;
    },
};

async function advance(count) {
    const before = performance.now();
    const look = JSON.parse(await demo.advance(count));
    const seconds = (performance.now() - before) / 1000;
    tell({ kind: 'look', look, rate: count / seconds });
    return seconds * 1000;
}

/** Slice after slice, with room between them for what the page asks. */
async function slices() {
    while (running) {
        await enqueue(async () => {
            if (!running) return;
            const took = await advance(steps);
            const fit = steps * SLICE / Math.max(took, 0.1);
            steps = Math.max(1, Math.min(Math.round(fit), 2 * steps));
        });
        await wait();
    }
}

function enqueue(work) {
    queue = queue.then(work).catch(error => {
        running = false;
        tell({ kind: 'error', message: String(error?.message ?? error) });
    });
    return queue;
}

addEventListener('message', ({ data }) => enqueue(() => verbs[data.verb](data)));
