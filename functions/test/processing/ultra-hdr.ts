/** Ultra HDR photos: a JPEG whose light quarter has a gain map that makes it lighter. */
import sharp from 'sharp';
import { addGainMap } from '../../src/processing/gain-map/container.js';
import type { GainMapMetadata } from '../../src/processing/gain-map/metadata.js';

export const METADATA: GainMapMetadata = {
  minHeadroom: 0,
  maxHeadroom: 2,
  channels: [{ min: 0, max: 2, gamma: 1, offsetSdr: 1 / 64, offsetHdr: 1 / 64 }],
};

export interface UltraHdrOptions {
  metadata?: GainMapMetadata;
  /** EXIF orientation of the picture. */
  orientation?: number;
  /** Of the map, by default four times smaller than the picture's. */
  mapWidth?: number;
  mapHeight?: number;
  /** Whether the map has three channels. */
  isColor?: boolean;
  /** Changes the map before it is added. */
  editMap?: (map: Buffer) => Buffer;
}

export const PICTURE = { width: 480, height: 320 };

/** Gray, but the quarter at the upper left as it is stored is lighter. */
function quarter(width: number, height: number, [light, dark]: readonly [number, number]) {
  const data = Buffer.alloc(width * height * 3, dark);
  for (let y = 0; y < height / 2; y++) {
    data.fill(light, y * width * 3, (y * width + width / 2) * 3);
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** @param options.orientation the light quarter is at the upper left before it is applied */
export async function ultraHdr({
  metadata = METADATA,
  orientation,
  mapWidth = PICTURE.width / 4,
  mapHeight = PICTURE.height / 4,
  isColor = false,
  editMap = (map) => map,
}: UltraHdrOptions = {}): Promise<Buffer> {
  const picture = quarter(PICTURE.width, PICTURE.height, [200, 90]);
  const jpeg = await (orientation === undefined ? picture : picture.withMetadata({ orientation }))
    .jpeg({ quality: 95 })
    .toBuffer();
  const map = quarter(mapWidth, mapHeight, [255, 0]);
  const mapJpeg = await (isColor ? map : map.toColourspace('b-w')).jpeg({ quality: 95 }).toBuffer();
  return addGainMap(jpeg, editMap(mapJpeg), metadata);
}
