import { ssim } from '@blazediff/ssim';
import sharp from 'sharp';
import { toSameSize } from './thumbnail-pixels.js';

/** A white picture with a black square. */
function picture(left: number, width = 640, height = 480) {
  const square = { create: { width: 200, height: 200, channels: 3, background: '#000' } } as const;
  return sharp({ create: { width, height, channels: 3, background: '#fff' } }).composite([
    { input: square, left, top: 40 },
  ]);
}

async function similarity(first: Buffer, second: Buffer): Promise<number> {
  const [a, b] = await toSameSize(first, second);
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  return ssim(a.data, b.data, undefined, a.width, a.height);
}

test('the same picture of another size and format is similar, another picture is not', async () => {
  const original = await picture(100).jpeg().toBuffer();
  const small = await sharp(original).resize(200).webp().toBuffer();
  const other = await picture(400).jpeg().toBuffer();
  await expect(similarity(original, small)).resolves.toBeGreaterThan(0.95);
  await expect(similarity(original, other)).resolves.toBeLessThan(0.8);
});

test('turns pictures upright, shows alpha on white, and enlarges what is too small for the window', async () => {
  const upright = await picture(100).png().toBuffer();
  const turned = await sharp(upright)
    .rotate(270)
    .jpeg()
    .withMetadata({ orientation: 6 })
    .toBuffer();
  await expect(similarity(turned, upright)).resolves.toBeGreaterThan(0.95);
  const clear = await sharp(upright).ensureAlpha().unflatten().png().toBuffer();
  await expect(similarity(clear, upright)).resolves.toBeGreaterThan(0.95);
  const line = await sharp(upright).resize(300, 3, { fit: 'fill' }).png().toBuffer();
  const [pixels] = await toSameSize(line, line);
  expect(pixels).toMatchObject({ width: 160, height: 16 });
});

test('a file that is no image is an image failure', async () => {
  const image = await picture(0).png().toBuffer();
  for (const [first, second] of [
    [Buffer.from('text'), image],
    [image, Buffer.from('text')],
  ] as const) {
    await expect(toSameSize(first, second)).rejects.toMatchObject({ code: 'damaged-image' });
  }
});
