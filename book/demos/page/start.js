// Puts the button in its place that starts a demonstration: nothing else of it is loaded before.
(() => {
    const folder = new URL('.', document.currentScript.src);

    const why = () => {
        if (location.protocol === 'file:') {
            return 'This page was opened from a file, which may run nothing: '
                + 'cargo book --serve --with-demos shows the book on an address of its own.';
        }
        if (typeof WebAssembly !== 'object') return 'This browser has no WebAssembly.';
    };

    for (const figure of document.querySelectorAll('figure.demo')) {
        const missing = why();
        if (missing) {
            const note = document.createElement('p');
            note.className = 'demo-note';
            note.textContent = missing;
            figure.append(note);
            continue;
        }
        const button = document.createElement('button');
        button.type = 'button';
        button.className = 'demo-start';
        button.textContent = 'Run it here';
        button.addEventListener('click', async () => {
            button.disabled = true;
            button.textContent = 'Loading …';
            const { open } = await import(new URL('demo.js', folder));
            await open(figure);
            button.remove();
        });
        figure.append(button);
    }
})();
