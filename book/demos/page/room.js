// The training room: what goes in, what the features find alike, and where a transformer looks.

import { picture } from './pictures.js';

const NAMES = { simsiam: 'sim-siam', dino: 'dino' };
const RATES = { simsiam: 0.03, dino: 0.001 };

export function measures(method) {
    const dino = [
        { key: 'entropy', label: 'entropy', digits: 2, curve: true },
        { key: 'kl', label: 'KL', digits: 2, curve: true },
    ];
    const simsiam = [
        { key: 'std', label: 'std·√d', digits: 2, curve: true },
        { key: 'rankme', label: 'RankMe', digits: 1, curve: true },
    ];
    return [
        { key: 'loss', label: 'loss', digits: 2, curve: true },
        ...(method === 'dino' ? dino : simsiam),
        { key: 'knn', label: 'k-NN, %', digits: 0, curve: true },
    ];
}

export function start(method) {
    return {
        method: NAMES[method],
        stop_gradient: true,
        predictor: true,
        centering: true,
        sharpening: true,
        momentum: 0.9,
        lr: RATES[method],
        seed: 0,
    };
}

export function switches(method) {
    const own = {
        simsiam: [
            { name: 'stop_gradient', label: 'stop-gradient', kind: 'check' },
            { name: 'predictor', label: 'predictor (begins anew)', kind: 'check' },
        ],
        dino: [
            { name: 'centering', label: 'centring', kind: 'check' },
            { name: 'sharpening', label: 'sharpening', kind: 'check' },
            {
                name: 'momentum', label: "teacher's momentum", kind: 'range',
                values: [0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 1],
            },
        ],
    };
    const rates = {
        simsiam: [0.003, 0.01, 0.03, 0.1, 0.3, 1],
        dino: [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005],
    };
    return [
        ...own[method],
        { name: 'lr', label: 'learning rate', kind: 'range', values: rates[method] },
        {
            name: 'seed', label: 'seed (begins anew)', kind: 'range',
            values: [0, 1, 2, 3, 4, 5, 6, 7],
        },
    ];
}

/** How far columns of one kind stand from those of the next, in tiles. */
const GAP = 0.5;
/** What stands above the columns, in pixels. */
const TITLE = 18;

export function draw(canvas, look) {
    const { context, width, height, ink } = canvas.begin();
    const { views, images, neighbours, attention } = look;
    const rows = neighbours.length;
    const heads = attention?.[0] ?? [];
    const groups = [
        ['views', views.map(strip => row => ({
            ...picture(strip, row), share: strip.side / views[0].side,
        }))],
        ['image', [row => picture(images.test, row)]],
        ['attention', heads.map((_, head) => row => ({
            ...picture(images.test, row), weights: attention[row][head],
        }))],
        ['nearest', neighbours[0].map((_, n) => row => {
            const [index, same] = neighbours[row][n];
            return { ...picture(images.train, index), framed: same };
        })],
    ].filter(([, columns]) => columns.length);
    const columns = groups.reduce((sum, [, of]) => sum + of.length, 0);
    const tile = Math.min(
        width / (columns + GAP * (groups.length - 1)),
        (height - TITLE) / rows,
    );
    Object.assign(context, { strokeStyle: ink, lineWidth: 1.5, textAlign: 'left' });
    let x = 0;
    for (const [title, of] of groups) {
        context.fillStyle = ink;
        context.fillText(title, x, TITLE - 6, tile * (of.length + GAP));
        for (const column of of) {
            for (let row = 0; row < rows; row++) {
                place(context, column(row), x + 1, TITLE + row * tile + 1, tile - 2);
            }
            x += tile;
        }
        x += tile * GAP;
    }
}

/** A picture with its corner at x and y, in a share of the room. */
function place(context, { sheet, side, index, share = 1, weights, framed }, x, y, room) {
    const size = room * share;
    context.imageSmoothingEnabled = false;
    context.drawImage(sheet, index * side, 0, side, side, x, y, size, size);
    if (weights) shade(context, weights, x, y, size);
    if (framed) context.strokeRect(x, y, size, size);
}

/** Darkens patches, those that are looked at least the most. */
function shade(context, weights, x, y, size) {
    const across = Math.sqrt(weights.length);
    const patch = size / across;
    const [least, most] = [Math.min(...weights), Math.max(...weights)];
    // Whole pixels: between patches that end within one a line would be seen.
    const edge = (start, i) => Math.round(start + i * patch);
    weights.forEach((weight, i) => {
        const [row, column] = [Math.floor(i / across), i % across];
        const [left, top] = [edge(x, column), edge(y, row)];
        context.fillStyle = `rgb(0 0 0 / ${0.9 * (most - weight) / (most - least || 1)})`;
        context.fillRect(left, top, edge(x, column + 1) - left, edge(y, row + 1) - top);
    });
}

export function words({ step, knn, neighbours }) {
    const all = neighbours.flat();
    const same = all.filter(([, same]) => same).length;
    return `After ${step} steps: views, images and their nearest neighbours, of which ${same} of `
        + `${all.length} are of the image's class; k-NN ${knn.toFixed(0)} %`;
}
