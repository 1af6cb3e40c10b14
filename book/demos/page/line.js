// One question after the other, for demonstrations where nothing goes on by itself.

/** A worker that is asked one thing after the other. */
export class Line {
    constructor() {
        this.worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
        this.worker.addEventListener('message', ({ data }) => this.answer?.(data));
        this.worker.addEventListener('error', ({ message }) => {
            this.answer?.({ kind: 'error', message });
        });
    }

    ask(verb, request) {
        this.worker.postMessage({ verb, ...request });
        if (verb === 'set') return Promise.resolve();
        return new Promise((resolve, reject) => {
            this.answer = data => {
                if (data.kind === 'error') reject(new Error(data.message));
                else resolve(data);
            };
        });
    }

    end() {
        this.worker.terminate();
    }
}
