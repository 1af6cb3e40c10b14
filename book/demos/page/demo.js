// What all demonstrations share: a worker, switches, numbers, curves, and a picture.
//
// A demonstration is a module of its own with
//   switches(method)       the switches, with their first values
//   start(method)          the rest of what the worker is told first
//   measures(method)       what is shown beside the picture, and the curves
//   draw(canvas, look)     the picture; what a look leaves out is as in the one before
//   words(look)            the same in words
// or, where nothing goes on by itself, with open(figure), which does all of it.

import { Canvas, Curves } from './canvas.js';
import { controls } from './controls.js';

const modules = {
    collapse: () => import('./collapse.js'),
    graph: () => import('./graph.js'),
    kernels: () => import('./kernels.js'),
    room: () => import('./room.js'),
};

const DEVICE = {
    name: 'device', label: 'device', kind: 'choice',
    options: [['cpu', 'processor'], ['gpu', 'GPU, by WebGPU']],
};

/** Puts a running demonstration in the place of its picture. */
export async function open(figure) {
    const { demo: name, method } = figure.dataset;
    const kind = await modules[name]();
    if (kind.open) return kind.open(figure);
    const panel = new Panel(name, kind, method);
    figure.querySelector('img')?.replaceWith(panel.element);
    await panel.open();
}

class Panel {
    constructor(name, kind, method) {
        Object.assign(this, { name, kind, method });
        this.worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
        this.worker.addEventListener('message', ({ data }) => this.hear(data));
        this.worker.addEventListener('error', ({ message }) => this.fail(message));
        this.values = { device: 'cpu', ...kind.start(method) };
        this.measures = kind.measures(method);
        this.build();
        // A panel that cannot be seen does not run.
        new IntersectionObserver(entries => {
            const seen = entries.at(-1).isIntersecting;
            if (this.running) this.worker.postMessage({ verb: seen ? 'run' : 'pause' });
        }).observe(this.element);
    }

    build() {
        const make = (tag, className, parent = this.element) => {
            const element = document.createElement(tag);
            element.className = className;
            parent?.append(element);
            return element;
        };
        this.element = make('div', 'demo-panel', null);
        const pictures = make('div', 'demo-pictures');
        this.canvas = new Canvas(make('canvas', 'demo-picture', pictures));
        this.curves = new Curves(make('canvas', 'demo-curves', pictures), this.measures);
        this.numbers = make('dl', 'demo-numbers');
        this.fields = this.measures.map(({ label }) => {
            const pair = make('div', '', this.numbers);
            make('dt', '', pair).textContent = label;
            return make('dd', '', pair);
        });
        this.form = make('form', 'demo-switches');
        this.form.addEventListener('submit', event => event.preventDefault());
        const switches = [...this.kind.switches(this.method), DEVICE];
        this.form.append(...controls(switches, this.values, changed => this.set(changed)));
        const buttons = make('div', 'demo-buttons');
        const button = (text, act) => {
            const element = make('button', '', buttons);
            Object.assign(element, { type: 'button', textContent: text });
            element.addEventListener('click', act);
            return element;
        };
        this.toggle = button('Pause', () => (this.running ? this.pause() : this.run()));
        button('Restart', () => this.open());
        this.status = make('p', 'demo-status');
        this.status.setAttribute('role', 'status');
    }

    /** From the first step, with the switches as they stand. */
    async open() {
        this.curves.clear();
        this.look = undefined;
        this.status.textContent = 'Loading …';
        this.status.classList.remove('demo-failed');
        const { device, ...switches } = this.values;
        this.device = undefined;
        const opened = new Promise(resolve => { this.opened = resolve; });
        this.worker.postMessage({ verb: 'open', name: this.name, device, switches });
        await opened;
        if (this.device) this.run();
    }

    set(changed) {
        Object.assign(this.values, changed);
        if ('device' in changed) return this.open();
        const { device, ...switches } = this.values;
        this.worker.postMessage({ verb: 'set', switches });
        this.curves.mark();
    }

    run() {
        this.running = true;
        this.toggle.textContent = 'Pause';
        this.worker.postMessage({ verb: 'run' });
    }

    pause() {
        this.running = false;
        this.toggle.textContent = 'Go on';
        this.worker.postMessage({ verb: 'pause' });
    }

    hear(message) {
        if (message.kind === 'open') {
            this.device = message.device;
            this.opened?.();
        } else if (message.kind === 'look') {
            this.show(message);
        } else {
            this.fail(message.message);
        }
    }

    show({ look, rate }) {
        if (!look) return;
        look = this.look = { ...this.look, ...look };
        this.kind.draw(this.canvas, look, this.values);
        this.canvas.describe(this.kind.words(look));
        this.curves.add(look);
        this.measures.forEach(({ key, digits }, i) => {
            this.fields[i].textContent = look[key]?.toFixed(digits) ?? '–';
        });
        const pace = rate.toFixed(rate < 10 ? 1 : 0);
        this.status.textContent = `Step ${look.step}, ${pace} a second, on ${this.device}.`;
        this.element.dataset.step = look.step;
    }

    fail(message) {
        this.running = false;
        this.opened?.();
        this.status.textContent = `It stopped: ${message}`;
        this.status.classList.add('demo-failed');
    }
}
