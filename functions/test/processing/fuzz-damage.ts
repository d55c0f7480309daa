/** Damages files reproducibly: the same seed and round always give the same result. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

type Damage = (bytes: Buffer, random: Random) => Buffer;
/** @returns a whole number from 0 to `below` - 1; 0 when `below` is 0 */
type Random = (below: number) => number;

function createRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  return (below) => uniformInt(generator, 0, Math.max(1, below) - 1);
}

/** A quarter of the offsets is near the start, where headers are; most damage there fails early. */
function randomOffset(bytes: Buffer, random: Random): number {
  return random(random(4) === 0 ? Math.min(bytes.length, 400) : bytes.length);
}

/** A part of the file of at most a kilobyte. */
function randomSlice(bytes: Buffer, random: Random): Buffer {
  const start = randomOffset(bytes, random);
  return bytes.subarray(start, start + 1 + random(random(2) === 0 ? 8 : 1024));
}

function splice(bytes: Buffer, offset: number, deleteCount: number, ...inserted: Buffer[]): Buffer {
  return Buffer.concat([
    bytes.subarray(0, offset),
    ...inserted,
    bytes.subarray(offset + deleteCount),
  ]);
}

function overwrite(bytes: Buffer, offset: number, value: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  value.copy(copy, offset);
  return copy;
}

/** Values that do most harm as lengths and sizes. */
const EXTREMES = ['00000000', 'ffffffff', '7fffffff', '80000000', '00000001', 'ffff', '0000', '01'];

const DAMAGES: Damage[] = [
  function flipBits(bytes, random) {
    const copy = Buffer.from(bytes);
    for (let flips = 1 + random(6); flips > 0 && copy.length > 0; flips--) {
      const offset = randomOffset(copy, random);
      copy[offset] = (copy[offset] as number) ^ (1 << random(8));
    }
    return copy;
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random(bytes.length));
  },
  function insertSlice(bytes, random) {
    return splice(bytes, randomOffset(bytes, random), 0, randomSlice(bytes, random));
  },
  function deleteSlice(bytes, random) {
    return splice(bytes, randomOffset(bytes, random), randomSlice(bytes, random).length);
  },
  function insertNoise(bytes, random) {
    const noise = Buffer.from(Array.from({ length: 1 + random(64) }, () => random(256)));
    return splice(bytes, randomOffset(bytes, random), 0, noise);
  },
  function overwriteWithSlice(bytes, random) {
    return overwrite(bytes, randomOffset(bytes, random), randomSlice(bytes, random));
  },
  function overwriteWithExtreme(bytes, random) {
    const extreme = Buffer.from(EXTREMES[random(EXTREMES.length)] as string, 'hex');
    return overwrite(bytes, randomOffset(bytes, random), extreme);
  },
];

/** Applies one or two random damages. @param round selects the damage of a seed */
export function damage(bytes: Buffer, seed: number, round: number): Buffer {
  const random = createRandom(Math.imul(seed, 1_000_003) + round);
  let result = bytes;
  for (let times = 1 + random(2); times > 0; times--) {
    result = (DAMAGES[random(DAMAGES.length)] as Damage)(result, random);
  }
  return result;
}
