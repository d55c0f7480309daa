/** GIF: palettes × transparency × interlacing × offsets × disposal × loops × timing × damage. */
import type { Case, Expectation } from '../case.js';
import { encodeGif, type GifColor, type GifFrame, type GifOptions } from '../gif.js';
import { STRIPES } from '../picture.js';
import { text } from '../../processing/fields.js';
import { subBlocks } from '../../processing/file-structure.js';

const SIZE = { width: 64, height: 48 };

function gif(row: string, name: string, options: GifOptions, expected?: Expectation): Case {
  return {
    ...{ format: 'GIF', row, name: `gif-${name}.gif`, create: () => encodeGif(options) },
    ...(expected && { expected }),
  };
}

const bands = (x: number, y: number) => (Math.floor(x / 8) + Math.floor(y / 12)) % 8;
const still = (rest: Partial<GifFrame> = {}): GifFrame => ({ ...SIZE, indexAt: bands, ...rest });
const plain = (index: number, rest: Partial<GifFrame> = {}): GifFrame => ({
  ...{
    ...SIZE,
    indexAt: (x, y) => (x > 8 * index && x < 8 * index + 12 && y > 16 && y < 32 ? 3 : index),
  },
  ...rest,
});
const square = (
  index: number,
  left: number,
  top: number,
  rest: Partial<GifFrame> = {},
): GifFrame => ({
  ...{ left, top, width: 20, height: 16, indexAt: () => index },
  ...rest,
});

function stills(): Case[] {
  const row = 'Still: palettes of 2 to 256 colors, local palettes, interlacing, transparency';
  const ofSize = (count: number): GifColor[] =>
    Array.from({ length: count }, (_, i) => [
      (i * 255) / (count - 1),
      128,
      255 - (i * 255) / (count - 1),
    ]);
  return [
    ...[2, 4, 16, 64, 256].flatMap((count) =>
      [false, true].map((interlaced) =>
        gif(row, `palette-${count}${interlaced ? '-interlaced' : ''}`, {
          ...SIZE,
          palette: ofSize(count),
          frames: [still({ interlaced, indexAt: (x) => Math.floor((x * count) / 64) })],
        }),
      ),
    ),
    gif(row, 'local-palette', { ...SIZE, frames: [still({ palette: STRIPES })] }),
    gif(row, 'local-over-global', {
      ...SIZE,
      palette: ofSize(8),
      frames: [still({ palette: STRIPES })],
    }),
    gif(row, 'transparent', { ...SIZE, palette: STRIPES, frames: [still({ transparent: 3 })] }),
    gif(row, 'version-87a', { ...SIZE, version: '87a', palette: STRIPES, frames: [still()] }),
    gif(row, 'background', {
      ...SIZE,
      palette: STRIPES,
      background: 2,
      frames: [square(0, 10, 10)],
    }),
    gif(row, 'frame-beyond-screen', {
      ...{ width: 32, height: 24, palette: STRIPES, frames: [still()] },
    }),
    gif(row, 'comment', {
      ...{ ...SIZE, palette: STRIPES, frames: [still()] },
      extensions: [Buffer.concat([Buffer.of(0x21, 0xfe), subBlocks(text('x'.repeat(5000)))])],
    }),
    gif(row, 'size-1x1', {
      width: 1,
      height: 1,
      palette: STRIPES,
      frames: [{ width: 1, height: 1, indexAt: () => 6 }],
    }),
    gif('Without the trailer, with all rows', 'no-trailer', {
      ...SIZE,
      palette: STRIPES,
      frames: [still()],
      unfinished: true,
    }),
  ];
}

function cut(): Case[] {
  const whole = (frames: GifFrame[]) => encodeGif({ ...SIZE, palette: STRIPES, loop: 0, frames });
  const cutAt = (name: string, frames: GifFrame[], share: number): Case => ({
    ...{
      format: 'GIF',
      row: 'Cut short',
      name: `gif-${name}.gif`,
      expected: { refused: 'damaged-image' },
    },
    create: () => {
      const file = whole(frames);
      return file.subarray(0, file.length * share);
    },
  });
  return [
    cutAt('cut-still-50', [still()], 0.5),
    cutAt('cut-still-90', [still()], 0.9),
    cutAt('cut-animated-40', [plain(0), plain(1), plain(2)], 0.4),
  ];
}

function timing(): Case[] {
  const row = 'Animated: any delay and loop count';
  const timed = (name: string, delays: number[], loop?: number): Case =>
    gif(row, name, {
      ...{ ...SIZE, palette: STRIPES, frames: delays.map((delay, i) => plain(i % 3, { delay })) },
      ...(loop !== undefined && { loop }),
    });
  return [
    timed('animated', [10, 20, 30], 0),
    timed('loop-absent', [10, 10]),
    timed('loop-1', [10, 10], 1),
    timed('loop-2', [10, 10], 2),
    timed('loop-3', [10, 10], 3),
    timed('loop-1000', [10, 10], 1000),
    timed('loop-65534', [10, 10], 65_534),
    timed('loop-65535', [10, 10], 65_535),
    timed('delay-0', [0, 0, 0], 0),
    timed('delay-1', [1, 1, 1], 0),
    timed('delay-2', [2, 2, 2], 0),
    timed('delay-1-5-10', [1, 5, 10], 0),
    timed('delay-6554', [10, 6554, 10], 0),
    timed('delay-65535', [10, 65_535], 0),
    timed('twelve-frames', Array<number>(12).fill(4), 0),
  ];
}

function disposal(): Case[] {
  const row = 'Animated: disposal, offsets, transparency, local palettes';
  const make = (name: string, frames: GifFrame[], rest: Partial<GifOptions> = {}): Case =>
    gif(row, name, { ...{ ...SIZE, palette: STRIPES, loop: 0, frames }, ...rest });
  const methods = ([0, 1, 2, 3] as const).flatMap((method) =>
    [undefined, 3].map((transparent) => {
      const rest = {
        disposal: method,
        delay: 10,
        ...(transparent !== undefined && { transparent }),
      };
      return make(`disposal-${method}${transparent === undefined ? '' : '-transparent'}`, [
        plain(0, { delay: 10, disposal: 1 }),
        square(1, 4, 4, rest),
        square(2, 30, 20, rest),
        square(transparent ?? 7, 20, 12, rest),
      ]);
    }),
  );
  return [
    ...methods,
    make('disposal-2-first', [
      plain(0, { delay: 10, disposal: 2 }),
      square(1, 4, 4, { delay: 10 }),
    ]),
    make('disposal-3-first', [
      plain(0, { delay: 10, disposal: 3 }),
      square(1, 4, 4, { delay: 10 }),
    ]),
    make('small-first', [square(0, 10, 10, { delay: 10 }), square(1, 30, 20, { delay: 10 })], {
      background: 2,
    }),
    make('local-palettes', [
      plain(0, { delay: 10 }),
      plain(1, { delay: 10, palette: STRIPES.map(([r, g, b]) => [b, r, g] as const) }),
    ]),
    make('interlaced-frames', [
      plain(0, { delay: 10, interlaced: true }),
      plain(1, { delay: 10, interlaced: true }),
    ]),
    make('frame-beyond-canvas', [plain(0, { delay: 10 }), square(1, 50, 40, { delay: 10 })]),
    gif('Animated: one frame', 'one-frame', {
      ...SIZE,
      palette: STRIPES,
      loop: 0,
      frames: [plain(0, { delay: 10 })],
    }),
  ];
}

function limits(): Case[] {
  const many = Array.from({ length: 501 }, (_, i) => square(i % 3, 0, 0, { delay: 2 }));
  return [
    gif(
      'Animated: more than 500 frames',
      '501-frames',
      { ...SIZE, palette: STRIPES, loop: 0, frames: many },
      { converted: 'first frame' },
    ),
  ];
}

export function gifCases(): Case[] {
  return [...stills(), ...cut(), ...timing(), ...disposal(), ...limits()];
}
