/** Screenshots as the product encodes them, against the settings of photos. */
import sharp from 'sharp';
import { openProduct } from '../product.js';
import { createJudge } from '../processing/similarity.js';
import { createScreenshots } from './screenshots.js';

const EDGES = [400, 800];

export interface GraphicRow {
  name: string;
  edge: number;
  format: string;
  bytes: number;
  score: number;
  /** With the settings of photos at the same QUALITY. */
  photo: { bytes: number; score: number };
  /** With the settings of photos at the lowest quality that reaches the same score, or else the highest. */
  equal: { bytes: number; score: number };
}

/** Qualities of JPEG that are tried for the same score. */
const QUALITIES = [75, 85, 92, 96, 100];

export async function measureGraphics(root: string, quality: number): Promise<GraphicRow[]> {
  const product = openProduct(root);
  const { processImage } = product.processing();
  const VARIANTS = EDGES.map((edge) => `w${edge}:${edge}x${edge}`).join();
  const config = product
    .api()
    .parseConfig({ BUCKET: 'bench', VARIANTS, FORMATS: 'auto', QUALITY: String(quality) });
  const photoEncoders = product.encode().encodersFor(quality);
  const rows: GraphicRow[] = [];
  for (const [name, png] of await createScreenshots()) {
    const judge = await createJudge(png);
    const scoreOf = async (data: Buffer) => (await judge(data)).ssimulacra2;
    const { renditions } = await processImage(png, config);
    const asPhoto = await processImage(
      png,
      { ...config, autoFormat: false, formats: ['jpeg'] },
      photoEncoders,
    );
    const pixels = await processImage(
      png,
      { ...config, autoFormat: false, formats: ['jpeg'] },
      { ...photoEncoders, jpeg: (image) => image.png() },
    );
    for (const edge of EDGES) {
      const at = ({ variants }: { variants: string[] }) => variants.includes(`w${edge}`);
      const own = renditions.find(at) as (typeof renditions)[0];
      const photo = asPhoto.renditions.find(at)?.data as Buffer;
      const score = await scoreOf(own.data);
      let equal = { bytes: 0, score: 0 };
      for (const jpegQuality of QUALITIES) {
        const data = await sharp(pixels.renditions.find(at)?.data)
          .jpeg({ quality: jpegQuality, quantisationTable: 3 })
          .toBuffer();
        equal = { bytes: data.length, score: await scoreOf(data) };
        if (equal.score >= score) break;
      }
      rows.push({
        ...{ name, edge, format: own.format, bytes: own.data.length, score, equal },
        photo: { bytes: photo.length, score: await scoreOf(photo) },
      });
    }
    process.stderr.write(`- ${name}\n`);
  }
  return rows;
}
