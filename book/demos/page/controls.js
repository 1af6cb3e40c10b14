// Switches as form controls of the browser's own, so that mouse, touch and keyboard work them.

let count = 0;

/** A control for each switch; `changed` hears of a switch by its name and new value. */
export function controls(switches, values, changed) {
    return switches.map(({ name, label, kind, ...more }) => {
        const id = `demo-${count++}`;
        const holder = document.createElement('div');
        holder.className = `demo-switch demo-${kind}`;
        const title = Object.assign(document.createElement('label'), { htmlFor: id });
        title.textContent = label;
        const input = inputs[kind](values[name], more, value => changed({ [name]: value }));
        input.id = id;
        input.name = name;
        holder.append(title, input);
        if (kind === 'range') {
            const shown = document.createElement('output');
            shown.htmlFor.add(id);
            const show = () => { shown.textContent = more.values[input.value]; };
            input.addEventListener('input', show);
            show();
            holder.append(shown);
        }
        return holder;
    });
}

const inputs = {
    check(value, _, changed) {
        const input = document.createElement('input');
        Object.assign(input, { type: 'checkbox', checked: value });
        input.addEventListener('change', () => changed(input.checked));
        return input;
    },
    /** One of a list of numbers in order. */
    range(value, { values }, changed) {
        const input = document.createElement('input');
        const at = Math.max(values.indexOf(value), 0);
        Object.assign(input, { type: 'range', min: 0, max: values.length - 1, step: 1, value: at });
        input.addEventListener('change', () => changed(values[input.value]));
        return input;
    },
    choice(value, { options }, changed) {
        const input = document.createElement('select');
        for (const [key, text] of options) input.add(new Option(text, key, false, key === value));
        input.addEventListener('change', () => changed(input.value));
        return input;
    },
};
