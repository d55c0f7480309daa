import sharp from 'sharp';
import { isGraphic } from '../../functions/src/processing/graphic.js';
import { createScreenshots } from './screenshots.js';

test('ten screenshots are graphics, also when they were reduced', async () => {
  for (const [name, png] of await createScreenshots()) {
    for (const edge of [1440, 800]) {
      const { data, info } = await sharp(png)
        .resize(edge)
        .raw()
        .toBuffer({ resolveWithObject: true });
      const image = { data, width: info.width, height: info.height, frames: 1 };
      expect([name, edge, isGraphic({ ...image, channels: 3 })]).toEqual([name, edge, true]);
    }
  }
});
