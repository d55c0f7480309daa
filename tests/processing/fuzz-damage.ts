/** Damage to a file, the same for the same numbers. */

type Damage = (bytes: Buffer, random: Random) => Buffer;
/** @returns a whole number from 0, below `below` */
type Random = (below: number) => number;

/** Mulberry32. */
function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, below);
  };
}

/** Part of it near the start, where headers are; most of a damaged header is refused at once. */
function place(bytes: Buffer, random: Random): number {
  return random(random(4) === 0 ? Math.min(bytes.length, 400) : bytes.length);
}

/** Some bytes of the file, at most a kilobyte. */
function piece(bytes: Buffer, random: Random): Buffer {
  const start = place(bytes, random);
  return bytes.subarray(start, start + 1 + random(random(2) === 0 ? 8 : 1024));
}

function spliced(bytes: Buffer, at: number, remove: number, ...add: Buffer[]): Buffer {
  return Buffer.concat([bytes.subarray(0, at), ...add, bytes.subarray(at + remove)]);
}

function written(bytes: Buffer, at: number, value: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  value.copy(copy, at);
  return copy;
}

/** Where lengths and sizes are, these hurt most. */
const EXTREMES = ['00000000', 'ffffffff', '7fffffff', '80000000', '00000001', 'ffff', '0000', '01'];

const DAMAGES: Damage[] = [
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    for (let flips = 1 + random(6); flips > 0 && copy.length > 0; flips--) {
      const at = place(copy, random);
      copy[at] = (copy[at] as number) ^ (1 << random(8));
    }
    return copy;
  },
  (bytes, random) => bytes.subarray(0, random(bytes.length)),
  (bytes, random) => spliced(bytes, place(bytes, random), 0, piece(bytes, random)),
  (bytes, random) => spliced(bytes, place(bytes, random), piece(bytes, random).length),
  (bytes, random) => {
    const noise = Buffer.from(Array.from({ length: 1 + random(64) }, () => random(256)));
    return spliced(bytes, place(bytes, random), 0, noise);
  },
  (bytes, random) => written(bytes, place(bytes, random), piece(bytes, random)),
  (bytes, random) => {
    const extreme = Buffer.from(EXTREMES[random(EXTREMES.length)] as string, 'hex');
    return written(bytes, place(bytes, random), extreme);
  },
];

/** @param round each of a seed's rounds is damage of its own */
export function damaged(bytes: Buffer, seed: number, round: number): Buffer {
  const random = randomOf(Math.imul(seed, 1_000_003) + round);
  let result = bytes;
  for (let times = 1 + random(2); times > 0; times--) {
    result = (DAMAGES[random(DAMAGES.length)] as Damage)(result, random);
  }
  return result;
}
