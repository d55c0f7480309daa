/** Collects an image and all that it is made of: tiles, layers, the alpha channel. */
import type { Size } from '../../domain/variant.js';
import { ImageFailure } from '../../errors.js';
import type { ColorDescription } from '../color-description.js';
import { checkCount, checkPixels, MAX_AVIF_PIXELS } from '../limits.js';
import { readSequenceColor, selectLayers } from './av1.js';
import { damaged, unsupported, type Extent } from './boxes.js';
import { checkTiles, readGrid, readOverlaySize } from './derived.js';
import type { Item, Meta, Property } from './meta.js';
import {
  checkEssential,
  findProperty,
  isAlphaType,
  readColor,
  readLayerSelection,
  readPixelFormat,
  readSize,
  readTransform,
  type Codec,
  type PixelFormat,
} from './properties.js';
import type { Frame } from './track.js';
import { isIdentity, noTransform, type Transform } from './transform.js';
import {
  ALPHA_PROPERTY,
  sizeProperty,
  writeBox,
  writeHeif,
  type OutputItem,
  type OutputProperty,
} from './writer.js';

/** Derived images of derived images. */
const MAX_DEPTH = 8;
/** Tiles of a grid, and layers of an overlay. */
const MAX_TILES = 4096;
const MAX_LAYERS = 64;
/** Pixels; decoding a smaller image takes about as long. */
const MIN_COST = 4096;
/** More than any codec writes without loss; further bytes take time and make no pixels. */
const BYTES_PER_PIXEL = 6;
/** Images that may be the alpha channel of an image, in the order of the file. */
const MAX_AUXILIARIES = 16;
/** Tiles reach beyond the edges of an image, an overlay hides a part of its layers, and alpha is another image. */
const MAX_COST_FACTOR = 4;

/** An image of the output file. */
export interface Resolved {
  /** Of its output item. */
  index: number;
  codec: Codec;
  /** Pixels, before the transformations. */
  size: Size;
  transform: Transform;
  format: PixelFormat;
  color: ColorDescription;
  /** Pixels that are decoded for it. */
  cost: number;
  /** The item, and the one that it is only another name for. */
  ids: readonly number[];
  /** The images of a grid. */
  tiles?: readonly Resolved[];
}

const CONFIGURATIONS = { av01: 'av1C', hvc1: 'hvcC' } as const satisfies Record<Codec, string>;
const isCodec = (type: string): type is Codec => Object.hasOwn(CONFIGURATIONS, type);

interface ItemData {
  /** The same for the same data. */
  key: string;
  data: Buffer;
}

/** Collects the parts of one image of a file. */
export class Collector {
  readonly #bytes: Buffer;
  readonly #maxPixels: number;
  readonly #outputs: OutputItem[] = [];
  readonly #resolved = new Map<number, Resolved>();
  /** Items whose parts are being collected. */
  readonly #open = new Set<number>();
  readonly #data = new Map<string, ItemData>();
  readonly #alphas = new Map<Resolved, number | undefined>();
  #dataLength = 0;

  /**
   * @param bytes the whole file
   * @param maxPixels limit for each coded image and each canvas
   */
  constructor(bytes: Buffer, maxPixels: number) {
    this.#bytes = bytes;
    this.#maxPixels = maxPixels;
  }

  get itemCount(): number {
    return this.#outputs.length;
  }

  /** @throws ImageFailure when decoding the image takes much more than the limit of pixels */
  write(type: 'avif' | 'heic', image: Resolved, alpha?: Resolved): Buffer {
    const cost = image.cost + (alpha?.cost ?? 0);
    const maxCost = MAX_COST_FACTOR * this.#maxPixels;
    if (cost > maxCost) {
      const expected = `expected parts of at most ${maxCost} pixels together`;
      throw new ImageFailure('too-many-pixels', `${expected}, found ${Math.ceil(cost)}`);
    }
    return writeHeif(type, this.#outputs, image.index);
  }

  /** @throws ImageFailure when the item is not an image, or one of another kind */
  addItem(meta: Meta, id: number): Resolved {
    const known = this.#resolved.get(id);
    if (known) return known;
    if (this.#open.has(id) || this.#open.size >= MAX_DEPTH) {
      throw damaged(`at most ${MAX_DEPTH} derived images in a row`, `item ${id} again or deeper`);
    }
    this.#open.add(id);
    const item = meta.item(id);
    checkEssential(item.properties);
    const image = isCodec(item.type)
      ? this.#addCoded(item.type, item)
      : this.#addDerived(meta, item);
    this.#open.delete(id);
    this.#resolved.set(id, image);
    return image;
  }

  /**
   * Adds the alpha channel of an image: of the whole, or of each tile.
   * @returns undefined when it has none
   */
  addAlpha(meta: Meta, image: Resolved): { image: Resolved; isPremultiplied: boolean } | undefined {
    const id = this.#findAlpha(meta, image);
    if (id !== undefined) {
      const alpha = this.addItem(meta, id);
      this.#setAlpha(alpha, image);
      const isPremultiplied = image.ids.some((one) =>
        meta.references.from('prem', one).includes(id),
      );
      return { image: alpha, isPremultiplied };
    }
    const tileAlphas = image.tiles?.map((tile) => this.#findAlpha(meta, tile)) ?? [];
    const ids = tileAlphas.filter((one) => one !== undefined);
    if (ids.length === 0 || ids.length < tileAlphas.length) return undefined;
    const tiles = ids.map((one) => this.addItem(meta, one));
    const grid = this.#outputs[image.index] as OutputItem;
    const index = this.#outputs.push({
      ...grid,
      properties: [sizeProperty(image.size)],
      sources: tiles.map((tile) => tile.index),
    });
    const alpha = { ...image, index: index - 1, cost: sumCost(tiles) };
    this.#setAlpha(alpha, image);
    return { image: alpha, isPremultiplied: false };
  }

  /** Adds a frame of a track. */
  addFrame({ type, size, data, properties }: Frame): Resolved {
    if (!isCodec(type)) throw unsupported(`HEIF with ${type}`, type);
    return this.#addCoded(type, { id: 0, type, readExtents: () => [data], properties }, size);
  }

  /** Adds the frame of an alpha track. */
  addAlphaFrame(frame: Frame, image: Resolved): Resolved {
    const alpha = this.addFrame(frame);
    this.#setAlpha(alpha, image);
    return alpha;
  }

  #checkSize(size: Size, codec: Codec): void {
    const maxPixels =
      codec === 'av01' ? Math.min(MAX_AVIF_PIXELS, this.#maxPixels) : this.#maxPixels;
    checkPixels(size, maxPixels);
  }

  #findAlpha(meta: Meta, image: Resolved): number | undefined {
    // The tiles of a grid may all be one image.
    if (!this.#alphas.has(image)) {
      const alpha = image.ids
        .flatMap((id) => meta.references.to('auxl', id).slice(0, MAX_AUXILIARIES))
        .find((id) => {
          const auxC = findProperty(meta.item(id).properties, 'auxC');
          return auxC && isAlphaType(this.#bytes, auxC);
        });
      this.#alphas.set(image, alpha);
    }
    return this.#alphas.get(image);
  }

  #setAlpha(alpha: Resolved, image: Resolved): void {
    if (alpha.index === image.index || alpha.codec !== image.codec) {
      throw damaged(`an alpha channel in ${image.codec}`, alpha.codec);
    }
    const output = this.#outputs[alpha.index] as OutputItem;
    output.properties.push(ALPHA_PROPERTY);
    output.alphaOf = image.index;
  }

  #addCoded(codec: Codec, item: Item, frameSize?: Size): Resolved {
    const bytes = this.#bytes;
    const { properties } = item;
    const size = frameSize ?? readSize(bytes, properties);
    const configuration = findProperty(properties, CONFIGURATIONS[codec]);
    if (!configuration) throw damaged(`a property ${CONFIGURATIONS[codec]}`, 'none');
    this.#checkSize(size, codec);
    const itemData = this.#readData(item);
    const color = withSequenceColor(readColor(bytes, properties), codec, itemData.data);
    const index = this.#outputs.push({
      type: codec,
      ...itemData,
      properties: [
        sizeProperty(size),
        ...decoderProperties(bytes, properties).map((one) => this.#copyProperty(one)),
      ],
      sources: [],
    });
    return {
      index: index - 1,
      codec,
      size,
      transform: readTransform(bytes, properties, noTransform(size), codec),
      format: readPixelFormat(bytes, configuration, color),
      color,
      cost: Math.max(MIN_COST, size.width * size.height, itemData.data.length / BYTES_PER_PIXEL),
      ids: [item.id],
    };
  }

  #addDerived(meta: Meta, item: Item): Resolved {
    const sources = meta.references.from('dimg', item.id);
    if (item.type === 'grid') return this.#addGrid(meta, item, sources);
    if (item.type === 'iovl') return this.#addOverlay(meta, item, sources);
    const [source] = sources;
    if ((item.type !== 'iden' && item.type !== 'tmap') || source === undefined) {
      throw unsupported(`HEIF with ${item.type}`, item.type);
    }
    const image = this.addItem(meta, source);
    // A tone-mapped image is shown as its base image, without the gain map (ISO 21496-1).
    if (item.type === 'tmap') return image;
    const color = readColor(this.#bytes, item.properties);
    return {
      ...image,
      ids: [item.id, ...image.ids],
      transform: readTransform(this.#bytes, item.properties, image.transform, image.codec),
      color: hasColor(color) ? color : image.color,
    };
  }

  #addGrid(meta: Meta, item: Item, sources: readonly number[]): Resolved {
    const output = this.#readData(item);
    const grid = readGrid(output.data);
    checkPixels(grid.size, this.#maxPixels);
    const count = grid.columns * grid.rows;
    checkCount('tiles', count, MAX_TILES);
    if (sources.length !== count) throw damaged(`${count} tiles`, sources.length);
    const tiles = this.#addParts(meta, sources);
    const [first] = tiles as [Resolved];
    for (const tile of tiles) {
      if (tile.size.width !== first.size.width || tile.size.height !== first.size.height) {
        throw damaged('tiles of one size', `${tile.size.width} x ${tile.size.height}`);
      }
    }
    checkTiles(grid, first.size);
    return { ...this.#addComposed(item, output, grid.size, tiles), tiles };
  }

  #addOverlay(meta: Meta, item: Item, sources: readonly number[]): Resolved {
    const output = this.#readData(item);
    const size = readOverlaySize(output.data);
    checkCount('layers', sources.length, MAX_LAYERS);
    if (sources.length === 0) throw damaged('layers', 'none');
    const layers = this.#addParts(meta, sources);
    const composed = this.#addComposed(item, output, size, layers);
    const alphaCost = this.#addLayerAlphas(meta, layers);
    return { ...composed, cost: composed.cost + size.width * size.height + alphaCost };
  }

  /** Lower layers show through transparent pixels. @returns the cost of the alpha channels */
  #addLayerAlphas(meta: Meta, layers: readonly Resolved[]): number {
    const alphas = [...new Set(layers)].flatMap((layer) => {
      const id = this.#findAlpha(meta, layer);
      if (id === undefined) return [];
      const alpha = this.addItem(meta, id);
      this.#setAlpha(alpha, layer);
      return [alpha];
    });
    return sumCost(alphas);
  }

  /** Adds tiles or layers. libheif would apply their transformations in part, and differ from browsers. */
  #addParts(meta: Meta, ids: readonly number[]): Resolved[] {
    const parts = ids.map((id) => this.addItem(meta, id));
    if (parts.some(({ transform, size }) => !isIdentity(transform, size))) {
      throw unsupported('tiles or layers with transformations');
    }
    return parts;
  }

  #addComposed(item: Item, output: ItemData, size: Size, parts: readonly Resolved[]): Resolved {
    const [first] = parts as [Resolved];
    if (parts.some(({ codec }) => codec !== first.codec)) {
      throw unsupported('tiles or layers of two codecs');
    }
    this.#checkSize(size, first.codec);
    const color = readColor(this.#bytes, item.properties);
    const properties = decoderProperties(this.#bytes, item.properties);
    const index = this.#outputs.push({
      type: item.type,
      ...output,
      properties: [sizeProperty(size), ...properties.map((one) => this.#copyProperty(one))],
      sources: parts.map((part) => part.index),
    });
    return {
      index: index - 1,
      codec: first.codec,
      size,
      transform: readTransform(this.#bytes, item.properties, noTransform(size), first.codec),
      format: first.format,
      color: hasColor(color) ? color : first.color,
      cost: sumCost(parts),
      ids: [item.id],
    };
  }

  /** Joins the parts of an item's data. Together, all items have at most as many bytes as the file. */
  #readData({ type, readExtents, properties }: Item): ItemData {
    const extents = readExtents();
    const selection = type === 'av01' ? readLayerSelection(this.#bytes, properties) : undefined;
    const extentKey = extents.map(({ start, end }) => `${start}-${end}`).join();
    const key = `${extentKey} ${selection ? Object.values(selection).join() : ''}`;
    const known = this.#data.get(key);
    if (known) return known;
    for (const { start, end } of extents) this.#dataLength += end - start;
    if (this.#dataLength > this.#bytes.length) {
      throw damaged('item data without overlaps', `${this.#dataLength} bytes`);
    }
    const joined = joinParts(this.#bytes, extents);
    const result = { key, data: selection ? selectLayers(joined, selection) : joined };
    this.#data.set(key, result);
    return result;
  }

  #copyProperty({ type, contents }: Property): OutputProperty {
    const box = () => writeBox(type, this.#bytes.subarray(contents.start, contents.end));
    return { key: `${contents.start}`, box, isEssential: type === 'av1C' || type === 'hvcC' };
  }
}

function joinParts(bytes: Buffer, extents: readonly Extent[]): Buffer {
  const parts = extents.map(({ start, end }) => bytes.subarray(start, end));
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

/** Without code points in the boxes, those in the AV1 data count, as in libavif. */
function withSequenceColor(color: ColorDescription, codec: Codec, data: Buffer): ColorDescription {
  const cicp = color.cicp ?? (codec === 'av01' ? readSequenceColor(data) : undefined);
  return cicp ? { ...color, cicp } : color;
}

const hasColor = ({ icc, cicp }: ColorDescription) => icc !== undefined || cicp !== undefined;

const sumCost = (parts: readonly Resolved[]) => parts.reduce((sum, { cost }) => sum + cost, 0);

/**
 * The decoder needs the numeric color description for its matrix; it does not need the ICC profile. Of several
 * boxes of one type, the first counts, and a file may have thousands.
 */
function decoderProperties(bytes: Buffer, properties: readonly Property[]): Property[] {
  const nclx = properties.find(
    ({ type, contents: { start } }) =>
      type === 'colr' && bytes.toString('latin1', start, start + 4) === 'nclx',
  );
  const others = ['pixi', 'av1C', 'hvcC'].map((type) => findProperty(properties, type));
  return [nclx, ...others].filter((one) => one !== undefined);
}
