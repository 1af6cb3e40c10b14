// The graph: boxes from the pictures down to the loss, and detaches that are buttons.

import { layout } from './layers.js';
import { Line } from './line.js';

const SVG = 'http://www.w3.org/2000/svg';
/** How small a graph may be shown: less, and its letters cannot be read. */
const SMALLEST = 0.8;

/** Puts the graph of a method in the place of the figure's picture. */
export async function open(figure) {
    const graph = new Graph(figure.dataset.method);
    figure.querySelector('img')?.replaceWith(graph.element);
    await graph.open();
}

class Graph {
    constructor(method) {
        this.method = method;
        /** The detaches that let the gradient through. */
        this.through = new Set();
        this.element = document.createElement('div');
        this.element.className = 'demo-panel';
        this.frame = document.createElement('div');
        this.frame.className = 'demo-graph';
        // What does not fit is scrolled to, by keyboard too.
        set(this.frame, { tabindex: 0, role: 'group', 'aria-label': 'the graph' });
        this.groups = document.createElement('ul');
        this.groups.className = 'demo-groups';
        this.status = document.createElement('p');
        this.status.className = 'demo-status';
        this.status.setAttribute('role', 'status');
        this.element.append(this.frame, note(), this.groups, this.status);
    }

    /** What the worker is told. */
    switches() {
        return { method: this.method, open: [...this.through] };
    }

    async open() {
        this.status.textContent = 'Loading …';
        this.line = new Line();
        const request = { name: 'graph', device: 'cpu', switches: this.switches() };
        this.last = this.tell(() => this.line.ask('open', request));
        await this.last;
    }

    /** Does something to the demonstration, and shows how it stands then. */
    async tell(change) {
        try {
            await change();
            this.show(await this.line.ask('steps', { count: 1 }));
        } catch ({ message }) {
            this.status.textContent = `It stopped: ${message}`;
            this.status.classList.add('demo-failed');
        }
    }

    /** Clicks that come faster than answers wait for each other. */
    turn(detach) {
        this.last = this.last.then(() => this.tell(() => {
            if (!this.through.delete(detach)) this.through.add(detach);
            return this.line.ask('set', { switches: this.switches() });
        }));
    }

    show({ look }) {
        if (!this.picture) this.draw(look);
        this.color(look);
        const words = look.groups.map(({ name, parameters, receive, length }) => {
            const item = document.createElement('li');
            item.dataset.receives = receive > 0;
            const title = Object.assign(document.createElement('strong'), { textContent: name });
            const count = receive === 0 ? 'no gradient'
                : `${receive} of ${parameters} parameters receive a gradient, `
                    + `of length ${Number(length.toPrecision(3))}`;
            item.append(title, `: ${count}`);
            return item;
        });
        this.groups.replaceChildren(...words);
        const open = this.through.size;
        const detaches = this.detaches.length;
        this.status.textContent = detaches === 0 ? 'This method cuts nothing.'
            : `${detaches - open} of ${detaches} detaches cut. `
                + `The loss is ${look.loss.toFixed(4)} either way.`;
        this.element.dataset.open = open;
    }

    /** The boxes and arrows, which no click moves. */
    draw({ boxes, arrows }) {
        const { places, paths, width, height } = layout(boxes.map(title), arrows);
        const viewBox = `0 0 ${width} ${height}`;
        this.picture = add(this.frame, 'svg', { width, viewBox });
        this.picture.style.minWidth = `${SMALLEST * width}px`;
        this.arrows = paths.map(({ d, tip }) => {
            const arrow = add(this.picture, 'g', {});
            add(arrow, 'path', { d, class: 'line' });
            add(arrow, 'path', { d: tip, class: 'tip' });
            return arrow;
        });
        this.detaches = [];
        this.boxes = boxes.map(({ kind, name, shape }, i) => {
            const { x, y, w, h } = places[i];
            const transform = `translate(${x} ${y})`;
            const box = add(this.picture, 'g', { class: `box ${kind}`, transform });
            if (kind === 'detach') {
                this.makeDetach(box, w, h);
                return box;
            }
            const rx = kind === 'input' ? h / 2 : 4;
            add(box, 'rect', { x: -w / 2, y: -h / 2, width: w, height: h, rx });
            add(box, 'text', { y: 4 }).textContent = name;
            if (kind !== 'scope') add(box, 'title', {}).textContent = `${name} ${shape}`;
            return box;
        });
    }

    makeDetach(box, w, h) {
        const number = this.detaches.push(box) - 1;
        const [x, y] = [w / 2, h / 2];
        add(box, 'path', { d: `M${-x} 0l10 ${-y}h${w - 20}l10 ${y}l-10 ${y}h${20 - w}z` });
        box.text = add(box, 'text', { y: 4 });
        set(box, { role: 'button', tabindex: 0 });
        box.addEventListener('click', () => this.turn(number));
        box.addEventListener('keydown', event => {
            if (event.key !== 'Enter' && event.key !== ' ') return;
            event.preventDefault();
            this.turn(number);
        });
    }

    color({ boxes, arrows }) {
        boxes.forEach(({ reached }, i) => this.boxes[i].classList.toggle('reached', reached));
        arrows.forEach(([, , carries], i) => this.arrows[i].classList.toggle('carries', carries));
        this.detaches.forEach((box, number) => {
            box.text.textContent = detachTitle(number + 1, this.through.has(number));
        });
    }
}

function note() {
    const note = document.createElement('p');
    note.className = 'demo-note';
    note.textContent = 'Thick arrows carry the gradient back, dotted ones do not; dotted boxes '
        + 'receive none. Click a detach to let the gradient through, and again to cut.';
    return note;
}

/** The longest that stands in a box. */
function title({ kind, name }) {
    return kind === 'detach' ? detachTitle(1, true) : name;
}

function detachTitle(number, isOpen) {
    return isOpen ? `detach ${number}, open` : `✂ detach ${number}`;
}

function add(parent, tag, attributes) {
    const element = document.createElementNS(SVG, tag);
    set(element, attributes);
    parent.append(element);
    return element;
}

function set(element, attributes) {
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
}
