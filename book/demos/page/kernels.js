// The kernel bench: one version after the other, on the GPU and on the processor, until each has run
// long enough to be timed.

import { Canvas } from './canvas.js';
import { controls } from './controls.js';
import { Line } from './line.js';

const GPU = ['one element', 'tile', 'column', 'patch', 'fours', 'Tensor::matmul'];
const OWN = 'Tensor::matmul';
/** How long a version runs at least to be timed, in milliseconds. */
const LONG = 250;
/** Above this a product is wrong, and its speed worth nothing. */
const WRONG = 1e-4;

const SIZE = { name: 'size', label: 'rows and columns', kind: 'range', values: [128, 256, 512, 1024, 2048] };

/** Puts the bench in the place of the figure's picture. */
export async function open(figure) {
    const bench = new Bench();
    figure.querySelector('img')?.replaceWith(bench.element);
    await bench.run();
}

class Bench {
    constructor() {
        this.values = { size: 256 };
        this.element = document.createElement('div');
        this.element.className = 'demo-panel';
        const canvas = document.createElement('canvas');
        canvas.className = 'demo-bars';
        this.canvas = new Canvas(canvas);
        const form = document.createElement('form');
        form.className = 'demo-switches';
        form.addEventListener('submit', event => event.preventDefault());
        form.append(...controls([SIZE], this.values, changed => {
            Object.assign(this.values, changed);
            this.run();
        }));
        const again = Object.assign(document.createElement('button'), { type: 'button' });
        again.textContent = 'Measure again';
        again.addEventListener('click', () => this.run());
        const buttons = document.createElement('div');
        buttons.className = 'demo-buttons';
        buttons.append(again);
        this.status = document.createElement('p');
        this.status.className = 'demo-status';
        this.status.setAttribute('role', 'status');
        this.element.append(canvas, form, buttons, this.status);
    }

    /** All versions that this browser can run; a run that is under way is given up. */
    async run() {
        const turn = this.turn = Symbol('turn');
        this.bars = [];
        this.element.removeAttribute('data-done');
        const notes = [];
        for (const [device, versions] of [['gpu', GPU], ['cpu', [OWN]]]) {
            const line = new Line();
            try {
                const switches = { version: versions[0], size: this.values.size };
                const { device: name } = await line.ask('open', { name: 'kernels', device, switches });
                notes.push(name);
                for (const version of versions) {
                    if (this.turn !== turn) return;
                    this.status.textContent = `${version} on ${name} …`;
                    await this.measure(line, device, version);
                    this.draw();
                }
            } catch (error) {
                notes.push(device === 'gpu' ? `no WebGPU here (${error.message})` : error.message);
            } finally {
                line.end();
            }
        }
        if (this.turn !== turn) return;
        this.status.textContent = `${this.values.size} rows and columns: ${notes.join('; ')}.`;
        this.element.dataset.done = this.bars.length;
    }

    /** Twice as many runs, until they take long enough. */
    async measure(line, device, version) {
        const switches = { version, size: this.values.size };
        await line.ask('set', { switches });
        // The first run compiles the kernel and is compared with the exact product.
        const { look } = await line.ask('steps', { count: 1 });
        const bar = { device, version, wrong: !(look.error < WRONG) };
        for (let count = 1; !bar.wrong; count *= 2) {
            const { rate } = await line.ask('steps', { count });
            bar.gflops = rate * look.flops / 1e9;
            if (1000 * count / rate >= LONG) break;
        }
        this.bars.push(bar);
    }

    draw() {
        const { context, width, ink, faint } = this.canvas.begin();
        const most = Math.max(...this.bars.map(({ gflops = 0 }) => gflops));
        const words = ({ device, version, gflops, wrong }) =>
            `${version}${device === 'cpu' ? ' (processor)' : ''}: `
            + (wrong ? 'wrong' : `${gflops.toPrecision(3)} GFLOP/s`);
        this.bars.forEach((bar, i) => {
            const top = 6 + 40 * i;
            context.fillStyle = ink;
            context.textAlign = 'left';
            context.fillText(words(bar), 4, top + 12);
            context.fillStyle = faint;
            context.fillRect(4, top + 17, width - 8, 12);
            context.fillStyle = bar.device === 'cpu' ? '#c2571a' : '#2f7fc9';
            context.fillRect(4, top + 17, (width - 8) * (bar.gflops ?? 0) / most, 12);
        });
        this.canvas.describe(this.bars.map(words).join('; '));
    }
}
