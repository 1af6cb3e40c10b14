// The collapse lab: each point's output, in the colour of the point's place on the ring.

const RATES = { simsiam: 0.4, byol: 0.1, simclr: 0.2 };
const NAMES = { simsiam: 'sim-siam', byol: 'byol', simclr: 'sim-clr' };

export const measures = () => [
    { key: 'loss', label: 'loss', digits: 3, curve: true },
    { key: 'std', label: 'std·√d', digits: 2, curve: true },
    { key: 'rankme', label: 'RankMe', digits: 1, curve: true },
];

export function start(method) {
    return {
        method: NAMES[method],
        stop_gradient: true,
        predictor: true,
        momentum: 0.95,
        batch_norm: true,
        negatives: true,
        temperature: 0.2,
        lr: RATES[method],
        dims: 16,
        seed: 0,
    };
}

/** A method's own switches, and what all have. */
export function switches(method) {
    const siamese = [
        { name: 'stop_gradient', label: 'stop-gradient', kind: 'check' },
        { name: 'predictor', label: 'predictor', kind: 'check' },
    ];
    const own = {
        simsiam: siamese,
        byol: [
            ...siamese,
            {
                name: 'momentum', label: "target's momentum", kind: 'range',
                values: [0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 1],
            },
        ],
        simclr: [
            { name: 'negatives', label: 'negatives', kind: 'check' },
            {
                name: 'temperature', label: 'temperature', kind: 'range',
                values: [0.05, 0.1, 0.2, 0.5, 1, 2],
            },
        ],
    };
    return [
        ...own[method],
        { name: 'batch_norm', label: 'batch norm', kind: 'check' },
        {
            name: 'lr', label: 'learning rate', kind: 'range',
            values: [0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6],
        },
        { name: 'dims', label: 'dimensions of the output', kind: 'range', values: [2, 3, 8, 16, 32] },
        { name: 'seed', label: 'seed', kind: 'range', values: [0, 1, 2, 3, 4, 5, 6, 7] },
    ];
}

export function draw(canvas, look, { dims }) {
    const { context, width, height, faint } = canvas.begin();
    const [x, y] = [width / 2, height / 2];
    // Around their mean, places may lie a little outside the circle.
    const radius = 0.8 * Math.min(x, y);
    context.strokeStyle = faint;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
    look.places.forEach(([a, b], i) => {
        context.fillStyle = `hsl(${360 * look.hues[i]} 75% 52% / 0.85)`;
        context.beginPath();
        context.arc(x + radius * a, y - radius * b, dims === 2 ? 4 : 3.5, 0, 2 * Math.PI);
        context.fill();
    });
}

export function words({ step, std, rankme }) {
    return `Outputs after ${step} steps: std·√d ${std.toFixed(2)}, RankMe ${rankme.toFixed(1)}`;
}
