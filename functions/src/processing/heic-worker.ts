/**
 * Decodes one HEIC and ends; heic.ts runs it in a thread of its own. libheif is called through its C
 * functions (https://github.com/strukturag/libheif, libheif/api/libheif/*.h), as the JavaScript ones
 * copy the pixels more often and tell no reason for a failure.
 */
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import libheif, { type MainModule } from 'libheif-js/libheif-wasm/libheif.js';
import type { HeicAnswer, HeicFailureCode, HeicLimits, HeicOrder, HeicPixels } from './heic.js';

/** What of WebAssembly is used here: Node's types leave it to the browser's. */
interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
interface WasmInstance {
  readonly exports: Record<string, unknown>;
}
type WasmImports = Record<string, Record<string, unknown>>;
declare const WebAssembly: {
  Memory: { readonly prototype: WasmMemory; new (): WasmMemory };
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: WasmImports) => WasmInstance;
};

const BYTES_A_PAGE = 65_536;

/** heif_error.h: heif_error_code, then heif_suberror_code. */
const UNSUPPORTED_FILETYPE = 3;
const UNSUPPORTED_FEATURE = 4;
const OUT_OF_MEMORY = 6;
const INVALID_IMAGE_SIZE = 129;
const SECURITY_LIMIT_EXCEEDED = 1000;
const NO_SUCH_DECODER = 6003;

/** heif_image.h: heif_colorspace_RGB, heif_chroma_interleaved_RGB and _RGBA, heif_channel_interleaved. */
const RGB = 1;
const INTERLEAVED_RGB = 10;
const INTERLEAVED_RGBA = 11;
const INTERLEAVED = 10;
/** heif_color.h: heif_color_profile_type_nclx, the letters as a number. */
const NCLX = 0x6e63_6c78;

/**
 * What the decoder may still call once it has started: the copying and the growing of memory. It has
 * no use for the rest, which could reach JavaScript's objects if a picture took the decoder over.
 * The names are those of the one build that package.json pins; under another nothing is decoded.
 */
const ALLOWED = new Set(['D', 'I']);

class Failure extends Error {
  constructor(
    readonly code: HeicFailureCode,
    detail: string,
  ) {
    super(detail);
  }
}

/** Whether the decoder was denied memory when it last asked for some. */
let refused = false;
/** Set before the first byte of a stranger is read. */
let sealed = false;

/** Starts libheif within `memory` bytes. */
function start(memory: number): MainModule {
  const wasm = readFileSync(require.resolve('libheif-js/libheif-wasm/libheif.wasm'));
  let failure: unknown = 'expected the library to ask for its code';
  const library = libheif({
    print: () => {},
    printErr: () => {},
    // https://emscripten.org/docs/api_reference/module.html#Module.instantiateWasm
    instantiateWasm(imports: WasmImports, receive: (instance: WasmInstance) => void): unknown {
      try {
        const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), seal(imports));
        bound(instance.exports, memory);
        receive(instance);
        failure = undefined;
        return instance.exports;
      } catch (error) {
        failure = error;
        throw error;
      }
    },
  });
  // The library has then started all the same, by its own means and without bounds.
  if (failure !== undefined) throw new Error('libheif did not start as told', { cause: failure });
  return library;
}

function seal(imports: WasmImports): WasmImports {
  const functions = Object.entries(imports['a'] ?? {}).map(([name, value]) => {
    if (typeof value !== 'function' || ALLOWED.has(name)) return [name, value] as const;
    const guarded = (...values: unknown[]): unknown => {
      if (sealed) throw new Error(`the decoder called ${name}`);
      return (value as (...values: unknown[]) => unknown)(...values);
    };
    return [name, guarded] as const;
  });
  return { a: Object.fromEntries(functions) };
}

/** The library's code has no instruction that grows its memory: it asks JavaScript to. */
function bound(exports: WasmInstance['exports'], limit: number): void {
  for (const memory of Object.values(exports)) {
    if (!(memory instanceof WebAssembly.Memory)) continue;
    const check = (bytes: number) => {
      if (bytes > limit) throw new RangeError(`expected at most ${limit} bytes, found ${bytes}`);
    };
    check(memory.buffer.byteLength);
    memory.grow = (pages: number) => {
      refused = true;
      check(memory.buffer.byteLength + pages * BYTES_A_PAGE);
      // This throws when the process has no more.
      const before = WebAssembly.Memory.prototype.grow.call(memory, pages);
      refused = false;
      return before;
    };
  }
}

function decode(heif: MainModule, { bytes, limits }: HeicOrder): HeicPixels<Uint8Array> {
  const { check, place, word } = calls(heif);
  const handle = openPrimary(heif, bytes, limits);
  const width = heif._heif_image_handle_get_width(handle);
  const height = heif._heif_image_handle_get_height(handle);
  const size = `${width} x ${height}`;
  if (width * height > limits.pixels) {
    throw new Failure('too-many-pixels', `expected at most ${limits.pixels}, found ${size}`);
  }
  const hasAlpha = heif._heif_image_handle_has_alpha_channel(handle) !== 0;
  const channels = hasAlpha ? 4 : 3;
  const chroma = hasAlpha ? INTERLEAVED_RGBA : INTERLEAVED_RGB;
  // No options: crops, turns and mirrors; the colours stay what they are.
  check((error) => heif._heif_decode_image(error, handle, place, RGB, chroma, 0));
  const image = word(place);
  const decodedWidth = heif._heif_image_get_width(image, INTERLEAVED);
  const decodedHeight = heif._heif_image_get_height(image, INTERLEAVED);
  if (decodedWidth !== width || decodedHeight !== height) {
    const found = `${decodedWidth} x ${decodedHeight}`;
    throw new Failure('damaged-image', `expected ${size}, found ${found}`);
  }
  const plane = heif._heif_image_get_plane_readonly(image, INTERLEAVED, place);
  const data = rows(heap(heif), { plane, stride: word(place), row: width * channels, height });
  if (heif._heif_image_handle_is_premultiplied_alpha(handle) !== 0) divideByAlpha(data);
  return { width, height, channels, data, ...colour(heif, handle) };
}

/** The image that the box `pitm` names; of a burst, that is the first, or the one chosen. */
function openPrimary(heif: MainModule, bytes: Uint8Array, limits: HeicLimits): number {
  const { check, place, word } = calls(heif);
  const context = heif._heif_context_alloc();
  // For what the header does not say: the sizes of tiles, and those in the HEVC stream.
  heif._heif_context_set_maximum_image_size_limit(context, Math.ceil(Math.sqrt(limits.pixels)));
  const file = heif._malloc(bytes.length);
  if (context === 0 || file === 0) throw new Failure('too-much-memory', 'none for the file');
  heap(heif).set(bytes, file);
  check((error) =>
    heif._heif_context_read_from_memory_without_copy(error, context, file, bytes.length, 0),
  );
  check((error) => heif._heif_context_get_primary_image_handle(error, context, place));
  return word(place);
}

/** How libheif's functions give results: in memory whose address they are told. */
function calls(heif: MainModule) {
  // A heif_error of three words (code, subcode, address of the message), then a word for a result.
  const error = heif._malloc(16);
  const word = (address: number) => (heif.HEAPU32 as Uint32Array)[address >>> 2] as number;
  const check = (call: (error: number) => void) => {
    call(error);
    const code = word(error);
    if (code === 0) return;
    const subcode = word(error + 4);
    throw new Failure(failureCode(code, subcode), `libheif ${code}.${subcode}`);
  };
  return { check, place: error + 12, word };
}

function failureCode(code: number, subcode: number): HeicFailureCode {
  if (subcode === SECURITY_LIMIT_EXCEEDED) return 'too-many-pixels';
  if (code === OUT_OF_MEMORY) {
    // It says so of pictures without pixels, too.
    return subcode === INVALID_IMAGE_SIZE ? 'damaged-image' : 'too-much-memory';
  }
  const isUnknown = code === UNSUPPORTED_FILETYPE || code === UNSUPPORTED_FEATURE;
  return isUnknown || subcode === NO_SUCH_DECODER ? 'unsupported-format' : 'damaged-image';
}

/** The memory as it is now: it is another array after every growth. */
function heap(heif: MainModule): Uint8Array {
  return heif.HEAPU8 as Uint8Array;
}

/** Copies rows that lie `stride` bytes apart to rows without gaps. */
function rows(
  from: Uint8Array,
  { plane, stride, row, height }: { plane: number; stride: number; row: number; height: number },
): Uint8Array<ArrayBuffer> {
  const data = allocate(row * height);
  for (let y = 0; y < height; y++) {
    const start = plane + y * stride;
    data.set(from.subarray(start, start + row), y * row);
  }
  return data;
}

function allocate(bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch {
    throw new Failure('too-much-memory', `none for ${bytes} bytes of pixels`);
  }
}

/** The item reference `prem` says that colours were multiplied by alpha (ISO/IEC 23008-12). */
function divideByAlpha(rgba: Uint8Array): void {
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3] as number;
    if (alpha === 0 || alpha === 255) continue;
    for (let c = i; c < i + 3; c++) {
      rgba[c] = Math.min(255, Math.round(((rgba[c] as number) * 255) / alpha));
    }
  }
}

/** What the boxes `colr` say; an ICC profile goes before numbers. */
function colour(
  heif: MainModule,
  handle: number,
): Pick<HeicPixels<Uint8Array>, 'profile' | 'primaries'> {
  const { check, place, word } = calls(heif);
  const size = heif._heif_image_handle_get_raw_color_profile_size(handle);
  if (size > 0) {
    const address = heif._malloc(size);
    if (address === 0) throw new Failure('too-much-memory', 'none for the profile');
    check((error) => heif._heif_image_handle_get_raw_color_profile(error, handle, address));
    return { profile: heap(heif).slice(address, address + size) };
  }
  if (heif._heif_image_handle_get_color_profile_type(handle) !== NCLX) return {};
  check((error) => heif._heif_image_handle_get_nclx_color_profile(error, handle, place));
  // heif_color_profile_nclx of heif_color.h: a version, then the primaries.
  return { primaries: word(word(place) + 4) };
}

/** Everything that goes wrong from here on is about the bytes. */
function answerTo(heif: MainModule, order: HeicOrder): HeicAnswer {
  try {
    return { kind: 'pixels', pixels: decode(heif, order) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    if (refused) {
      const most = `expected at most ${order.limits.memory} bytes of memory`;
      return { kind: 'failure', code: 'too-much-memory', detail: `${most}: ${detail}` };
    }
    const code = error instanceof Failure ? error.code : 'damaged-image';
    return { kind: 'failure', code, detail };
  }
}

const order = workerData as HeicOrder;
const heif = start(order.limits.memory);
sealed = true;
parentPort?.postMessage({ kind: 'started' } satisfies HeicAnswer);
const answer = answerTo(heif, order);
// Handed over, not copied.
const handedOver = answer.kind === 'pixels' ? [answer.pixels.data.buffer as ArrayBuffer] : [];
parentPort?.postMessage(answer, handedOver);
