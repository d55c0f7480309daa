import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { EvaluationError } from '../errors.js';
import { bool, bytes, float, int, latlng, path, type RulesValue } from '../values.js';
import type { Work } from '../limits.js';
import { functionsOf, methodsOf, type Args } from './method.js';
import { toText } from './strings.js';

/** The Earth's mean radius in meters. */
const EARTH_RADIUS = 6_371_010;

function roundArgument(args: Args, round: (value: number) => number): RulesValue {
  const number = args.number(0);
  return number.type === 'int' ? number : truncate(round(number.value));
}

function truncate(value: number): RulesValue {
  if (!Number.isFinite(value)) throw new EvaluationError(`${value} can't be converted to int`);
  return int(BigInt(Math.trunc(value)));
}

/** The functions of `math.`. */
export const MATH_FUNCTIONS = functionsOf({
  abs: [
    1,
    (args) => {
      const number = args.number(0);
      if (number.type === 'float') return float(Math.abs(number.value));
      return int(number.value < 0n ? -number.value : number.value);
    },
  ],
  ceil: [1, (args) => roundArgument(args, Math.ceil)],
  floor: [1, (args) => roundArgument(args, Math.floor)],
  round: [1, (args) => roundArgument(args, Math.round)],
  isInfinite: [1, (args) => bool(Math.abs(Number(args.number(0).value)) === Infinity)],
  isNaN: [1, (args) => bool(Number.isNaN(Number(args.number(0).value)))],
  pow: [2, (args) => float(Number(args.number(0).value) ** Number(args.number(1).value))],
  sqrt: [1, (args) => float(Math.sqrt(Number(args.number(0).value)))],
});

/** The functions of `latlng.`. */
export const LATLNG_FUNCTIONS = functionsOf({
  value: [2, (args) => latlng(Number(args.number(0).value), Number(args.number(1).value))],
});

/** The methods of LatLng. */
export const LATLNG_METHODS = methodsOf('latlng', {
  latitude: [0, ({ latitude }) => float(latitude)],
  longitude: [0, ({ longitude }) => float(longitude)],
  distance: [
    1,
    (self, args) => {
      const other = args.get(0, 'latlng');
      const radians = (degrees: number): number => (degrees * Math.PI) / 180;
      const byLatitude = Math.sin(radians(other.latitude - self.latitude) / 2) ** 2;
      const byLongitude =
        Math.sin(radians(other.longitude - self.longitude) / 2) ** 2 *
        Math.cos(radians(self.latitude)) *
        Math.cos(radians(other.latitude));
      const haversine = Math.min(1, byLatitude + byLongitude);
      return float(2 * EARTH_RADIUS * Math.asin(Math.sqrt(haversine)));
    },
  ],
});

function hashed(args: Args, work: Work, hash: (data: Uint8Array) => Uint8Array): RulesValue {
  const value = args.at(0);
  if (value.type !== 'string' && value.type !== 'bytes') {
    throw new EvaluationError(`expected bytes or string, found ${value.type}`);
  }
  const data = typeof value.value === 'string' ? Buffer.from(value.value) : value.value;
  work.charge(data.length);
  return bytes(hash(data));
}

/** The checksum in little-endian byte order, as in Google's Firestore emulator. */
function checksum(value: number): Uint8Array {
  const encoded = Buffer.alloc(4);
  encoded.writeUInt32LE(value);
  return encoded;
}

/** CRC-32C, RFC 9260 appendix A. */
function crc32c(data: Uint8Array): number {
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

/** The functions of `hashing.`. */
export const HASHING_FUNCTIONS = functionsOf({
  crc32: [1, (args, work) => hashed(args, work, (data) => checksum(crc32(data)))],
  crc32c: [1, (args, work) => hashed(args, work, (data) => checksum(crc32c(data)))],
  md5: [1, (args, work) => hashed(args, work, (data) => createHash('md5').update(data).digest())],
  sha256: [
    1,
    (args, work) => hashed(args, work, (data) => createHash('sha256').update(data).digest()),
  ],
});

/** The functions that convert between types. */
export const CONVERSIONS = functionsOf({
  bool: [
    1,
    (args) => {
      const value = args.at(0);
      if (value.type === 'bool') return value;
      if (value.type === 'string' && value.value === 'true') return bool(true);
      if (value.type === 'string' && value.value === 'false') return bool(false);
      throw new EvaluationError(`this ${value.type} can't be converted to bool`);
    },
  ],
  int: [
    1,
    (args) => {
      const value = args.at(0);
      if (value.type === 'int') return value;
      if (value.type === 'float') return truncate(value.value);
      if (value.type === 'string' && /^[+-]?[0-9]{1,30}$/u.test(value.value)) {
        return int(BigInt(value.value.replace('+', '')));
      }
      throw new EvaluationError(`this ${value.type} can't be converted to int`);
    },
  ],
  float: [
    1,
    (args) => {
      const value = args.at(0);
      if (value.type === 'float') return value;
      if (value.type === 'int') return float(Number(value.value));
      const decimal = /^[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/u;
      if (value.type === 'string' && value.value.length < 400 && decimal.test(value.value)) {
        return float(Number(value.value));
      }
      throw new EvaluationError(`this ${value.type} can't be converted to float`);
    },
  ],
  string: [1, (args) => toText(args.at(0))],
  path: [
    1,
    (args) => {
      const value = args.at(0);
      if (value.type === 'path') return value;
      if (value.type !== 'string') {
        throw new EvaluationError(`expected string, found ${value.type}`);
      }
      const segments = value.value.split('/');
      if (segments[0] === '') segments.shift();
      if (segments.length === 0 || segments.includes('')) {
        throw new EvaluationError('a path has no empty segments');
      }
      return path(segments);
    },
  ],
});
