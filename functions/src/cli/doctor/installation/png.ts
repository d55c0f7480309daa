/** The image that the probe uploads. */
import { crc32, deflateSync } from 'node:zlib';

/** Edge length, pixels. */
const EDGE = 64;

/** A PNG image of 64 by 64 pixels, RGB with 8 bits: https://www.w3.org/TR/png-3/#5DataRep */
export function makePng(): Buffer {
  const rows = Buffer.alloc(EDGE * (1 + EDGE * 3));
  for (let y = 0; y < EDGE; y += 1) {
    for (let x = 0; x < EDGE; x += 1) {
      rows.set([x * 4, y * 4, 128], y * (1 + EDGE * 3) + 1 + x * 3);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(EDGE, 0);
  header.writeUInt32BE(EDGE, 4);
  // 8 bits per channel, RGB, and the only methods of compression, filtering and no interlacing.
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(content));
  return Buffer.concat([length, content, checksum]);
}
