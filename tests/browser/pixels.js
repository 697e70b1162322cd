// Compares pictures (PNG, as base64) by the contrast of WCAG.
window.pixels = (() => {
  const channel = Array.from({ length: 256 }, (_, value) => value / 255)
    .map((value) => value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4);
  const luminances = async (picture) => {
    const bytes = Uint8Array.from(atob(picture), (character) => character.charCodeAt());
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const { width, height } = image;
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const values = Float32Array.from({ length: width * height }, (_, pixel) =>
      .2126 * channel[data[4 * pixel]] + .7152 * channel[data[4 * pixel + 1]] + .0722 * channel[data[4 * pixel + 2]]);
    return { width, height, values };
  };
  const ratio = (one, other) => (Math.max(one, other) + .05) / (Math.min(one, other) + .05);
  return {
    // How many pixels differ by at least 3:1.
    changed: async (...pictures) => {
      const [before, after] = await Promise.all(pictures.map(luminances));
      return before.values.reduce((sum, value, pixel) => sum + (ratio(value, after.values[pixel]) >= 3), 0);
    },
    // The greatest contrast within each of the places [left, top, width, height].
    contrasts: async (picture, places) => {
      const { width, height, values } = await luminances(picture);
      return places.map(([left, top, columns, rows]) => {
        let [darkest, lightest] = [1, 0];
        for (let y = Math.max(0, top); y < Math.min(height, top + rows); y++)
          for (let x = Math.max(0, left); x < Math.min(width, left + columns); x++) {
            darkest = Math.min(darkest, values[y * width + x]);
            lightest = Math.max(lightest, values[y * width + x]);
          }
        return ratio(darkest, lightest);
      });
    },
  };
})();
