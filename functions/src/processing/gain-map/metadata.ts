/**
 * Reads and writes what describes a gain map: XMP of the Ultra HDR Image Format 1.1 (which is Adobe's "Gain Map" 1.0), and
 * the binary form of ISO 21496-1. Only numbers within limits get through: no text of an upload.
 */

/** Of the map as a whole. */
export interface GainMapMetadata {
  /** Headroom of the display, log2 of its peak relative to white: from which the map applies, and applies fully. */
  minHeadroom: number;
  maxHeadroom: number;
  /** One for all colors, or those of red, green and blue. */
  channels: readonly GainMapChannel[];
}

export interface GainMapChannel {
  /** Log2 of the gain where the map is black, and where it is white. */
  min: number;
  max: number;
  /** The map holds the gain to the power of this. */
  gamma: number;
  /** Added to the linear picture, and to the brightened one, which then is divided. */
  offsetSdr: number;
  offsetHdr: number;
}

/** Far above what displays and cameras have. */
const MAX_EXPONENT = 32;
const MAX_FACTOR = 64;

/** @returns undefined when a number is missing or out of range */
function validated(metadata: GainMapMetadata): GainMapMetadata | undefined {
  const { minHeadroom, maxHeadroom, channels } = metadata;
  const isValid = ({ min, max, gamma, offsetSdr, offsetHdr }: GainMapChannel) =>
    min >= -MAX_EXPONENT &&
    max >= min &&
    max <= MAX_EXPONENT &&
    gamma >= 1 / MAX_FACTOR &&
    gamma <= MAX_FACTOR &&
    [offsetSdr, offsetHdr].every((offset) => offset >= 0 && offset <= MAX_FACTOR);
  const hasRange = minHeadroom >= 0 && maxHeadroom > minHeadroom && maxHeadroom <= MAX_EXPONENT;
  return hasRange && channels.every(isValid) ? metadata : undefined;
}

/** Prefix of the namespace `http://ns.adobe.com/hdr-gain-map/1.0/`, as every encoder and decoder writes it. */
const PREFIX = 'hdrgm:';

/**
 * @param xmp text of an XMP packet
 * @returns undefined when it describes no gain map, one of another version, or one whose base is the HDR picture
 */
export function readXmp(xmp: string): GainMapMetadata | undefined {
  if (valuesOf(xmp, 'Version')?.[0] !== '1.0') return undefined;
  if ((valuesOf(xmp, 'BaseRenditionIsHDR')?.[0] ?? 'False') !== 'False') return undefined;
  // The defaults of the specification; NaN: required.
  const numbers = (name: string, byDefault: number) => {
    const values = valuesOf(xmp, name)?.map(numberOf) ?? [byDefault];
    return (channel: number) => (values.length > 1 ? (values[channel] ?? NaN) : (values[0] ?? NaN));
  };
  const [min, max, gamma] = [
    numbers('GainMapMin', 0),
    numbers('GainMapMax', NaN),
    numbers('Gamma', 1),
  ];
  const [offsetSdr, offsetHdr] = [numbers('OffsetSDR', 1 / 64), numbers('OffsetHDR', 1 / 64)];
  const names = ['GainMapMin', 'GainMapMax', 'Gamma', 'OffsetSDR', 'OffsetHDR'];
  const hasChannels = names.some((name) => (valuesOf(xmp, name)?.length ?? 0) > 1);
  return validated({
    minHeadroom: numbers('HDRCapacityMin', 0)(0),
    maxHeadroom: numbers('HDRCapacityMax', NaN)(0),
    channels: (hasChannels ? [0, 1, 2] : [0]).map((channel) => ({
      min: min(channel),
      max: max(channel),
      gamma: gamma(channel),
      offsetSdr: offsetSdr(channel),
      offsetHdr: offsetHdr(channel),
    })),
  });
}

/** @returns the text of an attribute, or the texts inside an element; undefined when there is neither */
function valuesOf(xmp: string, name: string): string[] | undefined {
  const attribute = /^\s{0,9}=\s{0,9}(?:"([^"]{0,99})"|'([^']{0,99})')/;
  for (let at = 0; (at = xmp.indexOf(PREFIX + name, at)) >= 0;) {
    const isElement = xmp[at - 1] === '<';
    at += PREFIX.length + name.length;
    const [, quoted, single] = attribute.exec(xmp.slice(at, at + 200)) ?? [];
    const value = quoted ?? single;
    if (value !== undefined) return [value];
    const end = isElement && xmp[at] === '>' ? xmp.indexOf(`</${PREFIX}${name}>`, at) : -1;
    if (end >= 0) {
      // `<rdf:Seq><rdf:li>1.0</rdf:li>…`, or the number alone.
      const parts = xmp.slice(at + 1, Math.min(end, at + 2000)).split(/<[^<>]{0,99}>/);
      return parts.map((part) => part.trim()).filter((part) => part !== '');
    }
  }
  return undefined;
}

/** @returns NaN for anything but a decimal */
function numberOf(text: string): number {
  return /^[+-]?\d{0,9}(?:[.]\d{0,20})?(?:e[+-]?\d{1,3})?$/i.test(text) && text !== ''
    ? Number(text)
    : NaN;
}

/** Flags of ISO 21496-1. */
const IS_MULTI_CHANNEL = 0x80;
const USES_BASE_COLORS = 0x40;
const BASE_IS_HDR = 0x04;
const HAS_COMMON_DENOMINATOR = 0x08;

/**
 * @param bytes from the version on
 * @returns undefined when they are not valid, of a later version, for another color space than the picture's, or when
 *   the base is the HDR picture
 */
export function readIso(bytes: Buffer): GainMapMetadata | undefined {
  if (bytes.length < 5 || bytes.readUInt16BE(0) !== 0) return undefined;
  const flags = bytes[4] as number;
  if ((flags & BASE_IS_HDR) !== 0 || (flags & USES_BASE_COLORS) === 0) return undefined;
  const channels = (flags & IS_MULTI_CHANNEL) !== 0 ? [0, 1, 2] : [0];
  const isCommon = (flags & HAS_COMMON_DENOMINATOR) !== 0;
  const count = 2 + 5 * channels.length;
  if (bytes.length < 5 + 4 * (isCommon ? 1 + count : 2 * count)) return undefined;
  let at = 5;
  const next = (isSigned: boolean) => {
    at += 4;
    return isSigned ? bytes.readInt32BE(at - 4) : bytes.readUInt32BE(at - 4);
  };
  const common = isCommon ? next(false) : undefined;
  // A denominator of 0 gives NaN or infinity, which are not valid.
  const fraction = (isSigned = true) => next(isSigned) / (common ?? next(false));
  return validated({
    minHeadroom: fraction(false),
    maxHeadroom: fraction(false),
    channels: channels.map(() => ({
      min: fraction(),
      max: fraction(),
      gamma: fraction(false),
      offsetSdr: fraction(),
      offsetHdr: fraction(),
    })),
  });
}

/** All of one denominator, which each has: decoders differ in whether they know a common one. */
const DENOMINATOR = 10_000_000;

/** @returns the bytes from the version on */
export function writeIso({ minHeadroom, maxHeadroom, channels }: GainMapMetadata): Buffer {
  const numbers = [
    ...[minHeadroom, maxHeadroom],
    ...channels.flatMap(({ min, max, gamma, offsetSdr, offsetHdr }) => [
      ...[min, max, gamma, offsetSdr, offsetHdr],
    ]),
  ];
  const bytes = Buffer.alloc(5 + 8 * numbers.length);
  bytes[4] = USES_BASE_COLORS | (channels.length > 1 ? IS_MULTI_CHANNEL : 0);
  numbers.forEach((number, i) => {
    bytes.writeInt32BE(Math.round(number * DENOMINATOR), 5 + 8 * i);
    bytes.writeUInt32BE(DENOMINATOR, 9 + 8 * i);
  });
  return bytes;
}

const packet = (namespaces: string, attributes: string, content: string) =>
  `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
  `<rdf:Description rdf:about="" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"${namespaces} hdrgm:Version="1.0"${attributes}` +
  `${content === '' ? '/>' : `>${content}</rdf:Description>`}</rdf:RDF></x:xmpmeta>`;

/** @returns the XMP of the map itself */
export function writeXmp({ minHeadroom, maxHeadroom, channels }: GainMapMetadata): string {
  const text = (number: number) => String(+number.toFixed(7));
  const attribute = (name: string, value: string) => ` hdrgm:${name}="${value}"`;
  const values = (name: string, field: keyof GainMapChannel) => {
    const texts = channels.map((channel) => text(channel[field]));
    if (texts.length === 1) return { attribute: attribute(name, texts.join()), element: '' };
    const items = texts.map((item) => `<rdf:li>${item}</rdf:li>`).join('');
    return {
      attribute: '',
      element: `<hdrgm:${name}><rdf:Seq>${items}</rdf:Seq></hdrgm:${name}>`,
    };
  };
  const fields = [
    values('GainMapMin', 'min'),
    values('GainMapMax', 'max'),
    values('Gamma', 'gamma'),
    values('OffsetSDR', 'offsetSdr'),
    values('OffsetHDR', 'offsetHdr'),
  ];
  const headroom =
    attribute('HDRCapacityMin', text(minHeadroom)) + attribute('HDRCapacityMax', text(maxHeadroom));
  const attributes = fields.map((field) => field.attribute).join('');
  return packet(
    '',
    `${attributes}${headroom} hdrgm:BaseRenditionIsHDR="False"`,
    fields.map((field) => field.element).join(''),
  );
}

/** @returns the XMP of the picture, which says that a map follows @param length of the map, bytes */
export function writePictureXmp(length: number): string {
  const item = (attributes: string) =>
    `<rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="image/jpeg" ${attributes}/></rdf:li>`;
  return packet(
    ' xmlns:Container="http://ns.google.com/photos/1.0/container/"' +
      ' xmlns:Item="http://ns.google.com/photos/1.0/container/item/"',
    '',
    `<Container:Directory><rdf:Seq>${item('Item:Semantic="Primary"')}` +
      `${item(`Item:Semantic="GainMap" Item:Length="${length}"`)}</rdf:Seq></Container:Directory>`,
  );
}
