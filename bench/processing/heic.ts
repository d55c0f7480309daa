/** `npm run bench -- heic`: compares the renditions of a phone's HEIC to those of the same photo as JPEG. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { table } from '../figures.js';
import type { BenchPaths } from '../paths.js';
import { openProduct } from '../product.js';
import { createComparison } from './similarity.js';

/** Prints a table. */
export async function compareHeic({ root }: BenchPaths): Promise<void> {
  const product = openProduct(root);
  const config = product.api().parseConfig({ BUCKET: 'bench' });
  const fixtures = join(root, 'tests', 'fixtures');
  // As the HEIC was created from the photo: 1000 x 700, rotated by 90 degrees by its box `irot`.
  const photo = await sharp(join(fixtures, 'photos', 'seeding.jpg'))
    .resize(1000, 700, { fit: 'fill' })
    .rotate(90)
    .png()
    .toBuffer();
  const files = {
    HEIC: readFileSync(join(fixtures, 'heic', 'phone.heic')),
    JPEG: await sharp(photo).withIccProfile('p3').jpeg({ quality: 80 }).toBuffer(),
  };
  const compare = await createComparison(photo);
  const processUpload = product.isolated().openIsolatedProcessor(product.limits().PROCESS_LIMITS);
  try {
    const rows: string[][] = [];
    for (const [kind, bytes] of Object.entries(files)) {
      const { renditions, placeholder } = await processUpload(bytes, config);
      rows.push([kind, placeholder.color, '', '', '', String(bytes.length), '']);
      for (const { variants, format, width, height, data } of renditions) {
        const isUncropped = width !== height;
        const ssim = isUncropped ? (await compare(data)).toFixed(4) : '';
        const size = [String(width), String(height)];
        rows.push(['', variants.join(), format, ...size, String(data.length), ssim]);
      }
    }
    process.stdout.write(
      `SSIM: compared to the photo; only for uncropped renditions\n${table(
        ['input', 'variant', 'format', 'width', 'height', 'bytes', 'SSIM'],
        rows,
      )}`,
    );
  } finally {
    processUpload.close();
  }
}
