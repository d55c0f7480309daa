/** Writes WebP containers (RFC 9649): animations of frames with offsets, blending and disposal. */
import { le16, le24, text } from '../processing/fields.js';
import { riff } from '../processing/file-structure.js';

export interface WebpFrame {
  /** A still WebP of the frame's size. */
  image: Buffer;
  left?: number;
  top?: number;
  width: number;
  height: number;
  /** Milliseconds. */
  duration: number;
  blend?: boolean;
  /** Restores the background after the frame. */
  dispose?: boolean;
}

export interface WebpOptions {
  width: number;
  height: number;
  frames: readonly WebpFrame[];
  /** 0: for ever. */
  loop: number;
  background?: readonly [b: number, g: number, r: number, a: number];
  /** Whole chunks before and after the frames. */
  before?: Buffer[];
  after?: Buffer[];
}

/** Section 2.7.1.1: flags of VP8X. */
const ANIMATION = 0x02;
const ALPHA = 0x10;
export const EXIF = 0x08;
export const ICC = 0x20;

const webpFile = (...chunks: Buffer[]) => riff('RIFF', text('WEBP'), ...chunks);

const vp8x = (flags: number, width: number, height: number) =>
  riff('VP8X', Buffer.of(flags, 0, 0, 0), le24(width - 1), le24(height - 1));

/** The image chunks of a still WebP: ALPH, VP8 and VP8L. */
function imageChunks(file: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let offset = 12; offset + 8 <= file.length;) {
    const length = file.readUInt32LE(offset + 4);
    const end = offset + 8 + length + (length % 2);
    const type = file.toString('latin1', offset, offset + 4);
    if (['ALPH', 'VP8 ', 'VP8L'].includes(type)) chunks.push(file.subarray(offset, end));
    offset = end;
  }
  return chunks;
}

export function animatedWebp(options: WebpOptions): Buffer {
  const {
    width,
    height,
    frames,
    loop,
    background = [0, 0, 0, 0],
    before = [],
    after = [],
  } = options;
  return webpFile(
    vp8x(ANIMATION | ALPHA, width, height),
    ...before,
    riff('ANIM', Buffer.from(background), le16(loop)),
    ...frames.map((frame) =>
      riff(
        'ANMF',
        ...[(frame.left ?? 0) / 2, (frame.top ?? 0) / 2].map(le24),
        ...[frame.width - 1, frame.height - 1, frame.duration].map(le24),
        Buffer.of((frame.blend === false ? 2 : 0) | (frame.dispose ? 1 : 0)),
        ...imageChunks(frame.image),
      ),
    ),
    ...after,
  );
}

/** Adds chunks to a still WebP. @param flags of VP8X */
export function extendedWebp(
  file: Buffer,
  size: { width: number; height: number },
  flags: number,
  { before = [], after = [] }: { before?: Buffer[]; after?: Buffer[] },
): Buffer {
  return webpFile(vp8x(flags, size.width, size.height), ...before, ...imageChunks(file), ...after);
}
