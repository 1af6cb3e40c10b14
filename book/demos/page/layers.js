// Where the boxes of a graph lie: in layers from top to bottom, each sorted by its neighbours.

const HEIGHT = 30;
const GAP = 26;
const SPACE = 14;
const LETTER = 7;
const NARROWEST = 30;

/** Where boxes with these words lie, by their middle, and arrows `[from, to]` between them. */
export function layout(words, arrows) {
    const wide = text => Math.max(text.length * LETTER, NARROWEST) + 20;
    const nodes = words.map(text => ({ layer: 0, w: wide(text), links: [] }));
    // Boxes come in the order of the program, so one pass settles their layers.
    const byEnd = [...arrows].sort(([, a], [, b]) => a - b);
    for (const [from, to] of byEnd) {
        nodes[to].layer = Math.max(nodes[to].layer, nodes[from].layer + 1);
    }
    lower(nodes, arrows);
    const through = arrows.map(([from, to]) => bend(nodes, from, to));
    const layers = sort(nodes);
    const width = place(layers);
    const y = node => 2 + HEIGHT / 2 + node.layer * (HEIGHT + GAP);
    const paths = through.map(chain => path(chain.map(i => nodes[i]), y));
    const boxes = nodes.slice(0, words.length);
    const places = boxes.map(node => ({ x: node.x, y: y(node), w: node.w, h: HEIGHT }));
    return { places, paths, width, height: layers.length * (HEIGHT + GAP) - GAP + 4 };
}

/** What begins a branch stands right above where it is used, and not at the very top. */
function lower(nodes, arrows) {
    nodes.forEach((node, i) => {
        if (arrows.some(([, to]) => to === i)) return;
        const uses = arrows.filter(([from]) => from === i).map(([, to]) => nodes[to].layer);
        if (uses.length) node.layer = Math.min(...uses) - 1;
    });
}

/** A bend in each layer that an arrow passes; the numbers of all that it runs through. */
function bend(nodes, from, to) {
    const chain = [from];
    for (let layer = nodes[from].layer + 1; layer < nodes[to].layer; layer++) {
        chain.push(nodes.push({ layer, w: 6, links: [] }) - 1);
    }
    chain.push(to);
    chain.slice(1).forEach((b, i) => {
        nodes[chain[i]].links.push(nodes[b]);
        nodes[b].links.push(nodes[chain[i]]);
    });
    return chain;
}

/** The layers, each sorted by where its neighbours are, which takes most crossings away. */
function sort(nodes) {
    const layers = [];
    for (const node of nodes) (layers[node.layer] ??= []).push(node);
    const number = layer => layer.forEach((node, i) => { node.row = i - (layer.length - 1) / 2; });
    layers.forEach(number);
    const pull = ({ links, row }) => mean(links.map(({ row }) => row)) ?? row;
    const back = layers.toReversed();
    for (const layer of [layers, back, layers, back, layers].flat()) {
        const pulls = new Map(layer.map(node => [node, pull(node)]));
        layer.sort((a, b) => pulls.get(a) - pulls.get(b));
        number(layer);
    }
    return layers;
}

/** Sets every box below its neighbours as far as the others in its layer allow; the whole width. */
function place(layers) {
    const reach = (a, b) => (a.w + b.w) / 2 + SPACE;
    for (const layer of layers) {
        let x = 0;
        layer.forEach((node, i) => { node.x = x += i ? reach(layer[i - 1], node) : 0; });
        const middle = x / 2;
        for (const node of layer) node.x -= middle;
    }
    const back = layers.toReversed();
    for (const layer of [layers, back, layers, back].flat()) {
        const wish = layer.map(({ links, x }) => mean(links.map(({ x }) => x)) ?? x);
        // From the left no box may overlap, from the right neither; the mean of both is as free.
        const right = [...wish];
        const left = [...wish];
        for (let i = 1; i < layer.length; i++) {
            right[i] = Math.max(right[i], right[i - 1] + reach(layer[i - 1], layer[i]));
        }
        for (let i = layer.length - 2; i >= 0; i--) {
            left[i] = Math.min(left[i], left[i + 1] - reach(layer[i], layer[i + 1]));
        }
        layer.forEach((node, i) => { node.x = (left[i] + right[i]) / 2; });
    }
    const all = layers.flat();
    const least = Math.min(...all.map(({ x, w }) => x - w / 2)) - 2;
    for (const node of all) node.x -= least;
    return Math.max(...all.map(({ x, w }) => x + w / 2)) + 2;
}

function path(chain, y) {
    const half = HEIGHT / 2;
    let [x0, y0] = [chain[0].x, y(chain[0]) + half];
    let d = `M${x0} ${y0}`;
    chain.slice(1).forEach((node, i) => {
        const last = i === chain.length - 2;
        const y1 = y(node) - half - (last ? 7 : 0);
        const middle = (y0 + y1) / 2;
        d += `C${x0} ${middle} ${node.x} ${middle} ${node.x} ${y1}`;
        if (!last) d += `V${y1 + HEIGHT}`;
        [x0, y0] = [node.x, last ? y1 : y1 + HEIGHT];
    });
    return { d, tip: `M${x0} ${y0 + 7}l-5 -7h10z` };
}

function mean(values) {
    if (values.length) return values.reduce((sum, value) => sum + value, 0) / values.length;
}
