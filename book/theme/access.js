// What mdBook's page lacks for a reader who uses a keyboard or listens.
(() => {
    const $ = id => document.getElementById(id);

    // The table of contents is opened by a label, which no keyboard reaches: a button in its place.
    const label = $('mdbook-sidebar-toggle');
    const box = $('mdbook-sidebar-toggle-anchor');
    if (label && box) {
        const button = document.createElement('button');
        for (const { name, value } of label.attributes) {
            if (name !== 'for') button.setAttribute(name, value);
        }
        button.type = 'button';
        button.append(...label.childNodes);
        label.replaceWith(button);
        const tell = () => button.setAttribute('aria-expanded', box.checked);
        button.addEventListener('click', () => box.click());
        box.addEventListener('change', tell);
        tell();
    }
    $('mdbook-menu-bar')?.setAttribute('role', 'banner');

    // The book has one light theme and one dark.
    const dark = $('mdbook-theme-navy');
    if (dark) dark.textContent = 'Dark';

    // What scrolls sideways can be reached, and then scrolled with the arrows.
    const wide = 'pre > code, .canvas, .table-wrapper, math[display="block"]';
    const reach = () => {
        for (const element of document.querySelectorAll(wide)) {
            if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
            else element.removeAttribute('tabindex');
        }
    };
    reach();
    addEventListener('load', reach);
    addEventListener('resize', reach);
})();
