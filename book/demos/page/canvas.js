// Drawing in the page's own colours, sharp on every screen.

/** A canvas as large as the page gives it room. */
export class Canvas {
    constructor(element) {
        this.element = element;
        element.setAttribute('role', 'img');
        this.context = element.getContext('2d');
    }

    describe(words) {
        this.element.setAttribute('aria-label', words);
    }

    /** A blank picture: the context with its size in CSS pixels, and the page's colours. */
    begin() {
        const { clientWidth: width, clientHeight: height } = this.element;
        const scale = devicePixelRatio;
        const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
        if (this.element.width !== w || this.element.height !== h) {
            Object.assign(this.element, { width: w, height: h });
        }
        const { context } = this;
        context.setTransform(scale, 0, 0, scale, 0, 0);
        context.clearRect(0, 0, width, height);
        const style = getComputedStyle(this.element);
        const ink = style.color;
        context.font = `12px ${style.fontFamily}`;
        return { context, width, height, ink, faint: `color-mix(in srgb, ${ink} 25%, transparent)` };
    }
}

/** Curves of the measures over the steps, each in a band of its own. */
export class Curves {
    constructor(element, measures) {
        this.canvas = new Canvas(element);
        this.measures = measures.filter(({ curve }) => curve);
        this.canvas.describe(`Curves of ${this.measures.map(({ label }) => label).join(', ')}`);
        this.clear();
    }

    clear() {
        this.looks = [];
        this.marks = [];
    }

    /** Something was switched after the last step. */
    mark() {
        const last = this.looks.at(-1);
        if (last) this.marks.push(last.step);
    }

    add(look) {
        // The lab began again.
        if (look.step < (this.looks.at(-1)?.step ?? 0)) this.clear();
        this.looks.push(look);
        // Of a long run every other look is enough.
        if (this.looks.length > 1200) this.looks = this.looks.filter((_, i) => i % 2 === 0);
        this.draw();
    }

    draw() {
        const { context, width, height, ink, faint } = this.canvas.begin();
        const band = height / this.measures.length;
        const most = Math.max(this.looks.at(-1).step, 1);
        const x = step => 4 + (width - 8) * step / most;
        context.strokeStyle = faint;
        for (const step of this.marks) line(context, [[x(step), 0], [x(step), height]]);
        this.measures.forEach(({ key, label, digits }, i) => {
            const values = this.looks.map(look => look[key]);
            const [low, high] = [Math.min(0, ...values), Math.max(1, ...values)];
            const y = value => band * (i + 1) - 6 - (band - 26) * (value - low) / (high - low);
            context.strokeStyle = faint;
            line(context, [[4, y(0)], [width - 4, y(0)]]);
            context.strokeStyle = ink;
            line(context, this.looks.map(look => [x(look.step), y(look[key])]));
            context.fillStyle = ink;
            context.textAlign = 'left';
            context.fillText(label, 4, band * i + 13);
            context.textAlign = 'right';
            // A measure that is no number comes as null.
            context.fillText(values.at(-1)?.toFixed(digits) ?? '–', width - 4, band * i + 13);
        });
    }
}

function line(context, points) {
    context.beginPath();
    points.forEach(([x, y]) => context.lineTo(x, y));
    context.stroke();
}
