/** `npm run bench -- heic`: the renditions of a phone's HEIC beside those of the same picture as JPEG. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { table } from '../figures.js';
import type { Places } from '../paths.js';
import { openProduct } from '../product.js';
import { compareWith } from './similarity.js';

/** Prints a table. */
export async function compareHeic({ root }: Places): Promise<void> {
  const product = openProduct(root);
  const config = product.api().parseConfig({ BUCKET: 'bench' });
  const fixtures = join(root, 'tests', 'fixtures');
  // As the HEIC was made from the photo: 1000 x 700, and a quarter turned by its box `irot`.
  const photo = await sharp(join(fixtures, 'photos', 'seeding.jpg'))
    .resize(1000, 700, { fit: 'fill' })
    .rotate(90)
    .png()
    .toBuffer();
  const files = {
    HEIC: readFileSync(join(fixtures, 'heic', 'phone.heic')),
    JPEG: await sharp(photo).withIccProfile('p3').jpeg({ quality: 80 }).toBuffer(),
  };
  const compare = await compareWith(photo);
  const derive = product.isolated().openIsolatedProcessor(product.limits().PROCESS_LIMITS);
  try {
    const rows: string[][] = [];
    for (const [kind, bytes] of Object.entries(files)) {
      const { renditions, placeholder } = await derive(bytes, config);
      rows.push([kind, placeholder.color, '', '', '', String(bytes.length), '']);
      for (const { variants, format, width, height, data } of renditions) {
        const isWhole = width !== height;
        const ssim = isWhole ? (await compare(data)).toFixed(4) : '';
        const size = [String(width), String(height)];
        rows.push(['', variants.join(), format, ...size, String(data.length), ssim]);
      }
    }
    process.stdout.write(
      `SSIM: to the photo; none for what is cropped\n${table(
        ['input', 'variant', 'format', 'width', 'height', 'bytes', 'SSIM'],
        rows,
      )}`,
    );
  } finally {
    derive.close();
  }
}
