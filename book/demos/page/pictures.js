// Pictures that come as text: red, green and blue, a byte each, in base64.

const sheets = new WeakMap();

/** A strip of pictures as a canvas, made once. */
function sheetOf(strip) {
    if (!sheets.has(strip)) sheets.set(strip, paint(strip));
    return sheets.get(strip);
}

function paint({ side, rgb }) {
    const bytes = Uint8Array.from(atob(rgb), letter => letter.charCodeAt(0));
    const pixels = side * side;
    const count = bytes.length / (3 * pixels);
    const sheet = document.createElement('canvas');
    Object.assign(sheet, { width: count * side, height: side });
    const image = new ImageData(sheet.width, side);
    for (let i = 0; i < count * pixels; i++) {
        const [picture, pixel] = [Math.floor(i / pixels), i % pixels];
        const [row, column] = [Math.floor(pixel / side), pixel % side];
        const at = 4 * (row * sheet.width + picture * side + column);
        image.data.set(bytes.subarray(3 * i, 3 * i + 3), at);
        image.data[at + 3] = 255;
    }
    sheet.getContext('2d').putImageData(image, 0, 0);
    return sheet;
}

/** One picture of a strip. */
export function picture(strip, index) {
    return { sheet: sheetOf(strip), side: strip.side, index };
}
