/** Runs in Chromium: shows an image as a page does and returns its pixels. Loaded by chromium.ts. */
/* global Image, ImageDecoder, OffscreenCanvas, fetch */

/** Pixels of this many bytes, summed over the frames of an animation, are compared. */
const MAX_BYTES = 2 ** 24;

/**
 * Shows a file on white and on black and posts the pixels to `/pixels`.
 * @param url of the file
 * @param type its content type
 * @param fit the size to draw at; absent: its own size, at most `maxEdge`
 * @returns what is shown, or the reason why nothing is
 */
export async function show({ url, type, fit, maxEdge }) {
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch (error) {
    return { error: String(error) };
  }
  const { naturalWidth: width, naturalHeight: height } = image;
  const scale = Math.min(1, maxEdge / Math.max(width, height));
  const size = fit ?? {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
  const { problem, animation } = await decodeFrames(url, type, size);
  const stills = [draw(image, size, '#fff'), draw(image, size, '#000')];
  const frames = animation?.pixels ?? [];
  const body = new Uint8Array(stills[0].length * (2 + frames.length));
  for (const [i, pixels] of [...stills, ...frames].entries()) body.set(pixels, i * pixels.length);
  await fetch('/pixels', { method: 'POST', body });
  return {
    width,
    height,
    fit: size,
    problem,
    animation: animation && { ...animation, pixels: undefined },
  };
}

function draw(image, { width, height }, background) {
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  context.fillStyle = background;
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

/** Chromium's pages show frames of at most 10 ms for 100 ms; WebCodecs reports what the file says. */
const shownDuration = (duration) => (duration <= 10 ? 100 : duration);

/**
 * Decodes with WebCodecs, which unlike a page rejects a damaged file.
 * @returns the first error; the animation, with durations in milliseconds, and 0 loops for ever
 */
async function decodeFrames(url, type, size) {
  if (!(await ImageDecoder.isTypeSupported(type))) return {};
  const data = await (await fetch(url)).arrayBuffer();
  const decoder = new ImageDecoder({ data, type, preferAnimation: true });
  try {
    await decoder.tracks.ready;
    await decoder.completed;
    const { animated, frameCount, repetitionCount } = decoder.tracks.selectedTrack;
    const durations = [];
    const pixels = [];
    for (let frameIndex = 0; frameIndex < frameCount; frameIndex++) {
      const { image } = await decoder.decode({ frameIndex });
      durations.push(shownDuration((image.duration ?? 0) / 1000));
      if ((frameIndex + 1) * size.width * size.height * 4 <= MAX_BYTES) {
        pixels.push(draw(image, size, '#fff'));
      }
      image.close();
    }
    if (!animated || frameCount < 2) return {};
    const loop = repetitionCount === Infinity ? 0 : repetitionCount + 1;
    return { animation: { frames: frameCount, durations, loop, pixels } };
  } catch (error) {
    return { problem: String(error) };
  } finally {
    decoder.close();
  }
}
