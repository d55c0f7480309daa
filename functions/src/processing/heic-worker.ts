/**
 * Decodes one HEIC file and exits; heic.ts runs it in a worker thread. It calls libheif's C functions
 * (https://github.com/strukturag/libheif, libheif/api/libheif/*.h), because the JavaScript API copies
 * the pixels more often and gives no reason for a failure.
 */
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import libheif, { type MainModule } from 'libheif-js/libheif-wasm/libheif.js';
import type { HeicFailureCode, HeicLimits, HeicPixels, HeicRequest, HeicResponse } from './heic.js';

/** The parts of WebAssembly used here; Node's types leave them to lib.dom. */
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

const BYTES_PER_PAGE = 65_536;

/** heif_error.h: heif_error_code, then heif_suberror_code. */
const UNSUPPORTED_FILETYPE = 3;
const UNSUPPORTED_FEATURE = 4;
const OUT_OF_MEMORY = 6;
const INVALID_IMAGE_SIZE = 129;
const SECURITY_LIMIT_EXCEEDED = 1000;
const NO_SUCH_DECODER = 6003;

/**
 * heif_image.h: heif_colorspace_RGB, heif_channel_interleaved, and heif_chroma_interleaved_ of RGB, RGBA,
 * RRGGBB_LE and RRGGBBAA_LE by bytes per pixel.
 */
const RGB = 1;
const INTERLEAVED = 10;
const CHROMA = { 3: 10, 4: 11, 6: 14, 8: 15 } as const;

/**
 * The imports that the decoder may call after its start: memory copy and memory growth. It needs no
 * others, and they could reach JavaScript objects if a file took over the decoder. The names are those
 * of the exact libheif-js version in package.json; with any other version, nothing is decoded.
 */
const ALLOWED_IMPORTS = new Set(['D', 'I']);

class Failure extends Error {
  constructor(
    readonly code: HeicFailureCode,
    detail: string,
  ) {
    super(detail);
  }
}

/** Whether the decoder's latest request for memory failed. */
let isMemoryRefused = false;
/** Set before the first byte of the file is read. */
let isSealed = false;

/** Starts libheif with at most `memory` bytes. */
function startLibheif(memory: number): MainModule {
  const wasm = readFileSync(require.resolve('libheif-js/libheif-wasm/libheif.wasm'));
  let failure: unknown = 'expected libheif to call instantiateWasm';
  const library = libheif({
    print: () => {},
    printErr: () => {},
    // https://emscripten.org/docs/api_reference/module.html#Module.instantiateWasm
    instantiateWasm(imports: WasmImports, receive: (instance: WasmInstance) => void): unknown {
      try {
        const module = new WebAssembly.Module(wasm);
        const instance = new WebAssembly.Instance(module, restrictImports(imports));
        limitMemory(instance.exports, memory);
        receive(instance);
        failure = undefined;
        return instance.exports;
      } catch (error) {
        failure = error;
        throw error;
      }
    },
  });
  // libheif falls back to its own loading, without these limits, instead of failing.
  if (failure !== undefined) {
    throw new Error('libheif did not start with the required limits', { cause: failure });
  }
  return library;
}

function restrictImports(imports: WasmImports): WasmImports {
  const functions = Object.entries(imports['a'] ?? {}).map(([name, value]) => {
    if (typeof value !== 'function' || ALLOWED_IMPORTS.has(name)) return [name, value] as const;
    const guarded = (...values: unknown[]): unknown => {
      if (isSealed) throw new Error(`the decoder called the import ${name}`);
      return (value as (...values: unknown[]) => unknown)(...values);
    };
    return [name, guarded] as const;
  });
  return { a: Object.fromEntries(functions) };
}

/** libheif's code has no memory.grow instruction: it grows its memory by calling JavaScript. */
function limitMemory(exports: WasmInstance['exports'], limit: number): void {
  for (const memory of Object.values(exports)) {
    if (!(memory instanceof WebAssembly.Memory)) continue;
    const check = (bytes: number) => {
      if (bytes > limit) throw new RangeError(`expected at most ${limit} bytes, found ${bytes}`);
    };
    check(memory.buffer.byteLength);
    memory.grow = (pages: number) => {
      isMemoryRefused = true;
      check(memory.buffer.byteLength + pages * BYTES_PER_PAGE);
      // Throws when the process has no more memory.
      const previousPages = WebAssembly.Memory.prototype.grow.call(memory, pages);
      isMemoryRefused = false;
      return previousPages;
    };
  }
}

function decode(heif: MainModule, { bytes, limits, depth }: HeicRequest): HeicPixels<Uint8Array> {
  const { check, resultPointer, readWord } = createCalls(heif);
  const handle = openPrimaryImage(heif, bytes, limits);
  const width = heif._heif_image_handle_get_width(handle);
  const height = heif._heif_image_handle_get_height(handle);
  const size = `${width} x ${height}`;
  if (width * height > limits.pixels) {
    throw new Failure('too-many-pixels', `expected at most ${limits.pixels}, found ${size}`);
  }
  const channels = heif._heif_image_handle_has_alpha_channel(handle) === 0 ? 3 : 4;
  const pixelLength = depth === 8 ? channels : channels === 3 ? 6 : 8;
  // Without options, libheif does not convert colors.
  check((error) =>
    heif._heif_decode_image(error, handle, resultPointer, RGB, CHROMA[pixelLength], 0),
  );
  const image = readWord(resultPointer);
  const decodedWidth = heif._heif_image_get_width(image, INTERLEAVED);
  const decodedHeight = heif._heif_image_get_height(image, INTERLEAVED);
  if (decodedWidth !== width || decodedHeight !== height) {
    const found = `${decodedWidth} x ${decodedHeight}`;
    throw new Failure('damaged-image', `expected ${size}, found ${found}`);
  }
  const bits = heif._heif_image_get_bits_per_pixel_range(image, INTERLEAVED);
  const plane = heif._heif_image_get_plane_readonly(image, INTERLEAVED, resultPointer);
  const stride = readWord(resultPointer);
  const data = copyRows(heap(heif), { plane, stride, rowLength: width * pixelLength, height });
  if (depth === 16) widen(new Uint16Array(data.buffer), bits);
  return { width, height, channels, depth, data };
}

/** Scales integers of fewer bits to 16 bits: the highest value becomes 65,535. */
function widen(values: Uint16Array, bits: number): void {
  const [left, right] = [16 - bits, 2 * bits - 16];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    values[i] = (value << left) | (value >> right);
  }
}

/** Opens the image that the box `pitm` names; in a burst, the first or the one the user chose. */
function openPrimaryImage(heif: MainModule, bytes: Uint8Array, limits: HeicLimits): number {
  const { check, resultPointer, readWord } = createCalls(heif);
  const context = heif._heif_context_alloc();
  // Applies to sizes that the header does not state: those of tiles, and those in the HEVC stream.
  heif._heif_context_set_maximum_image_size_limit(context, Math.ceil(Math.sqrt(limits.pixels)));
  raiseItemLimit(heif, context);
  const file = heif._malloc(bytes.length);
  if (context === 0 || file === 0) {
    throw new Failure('too-much-memory', 'expected memory for the file, found none');
  }
  heap(heif).set(bytes, file);
  check((error) =>
    heif._heif_context_read_from_memory_without_copy(error, context, file, bytes.length, 0),
  );
  check((error) => heif._heif_context_get_primary_image_handle(error, context, resultPointer));
  return readWord(resultPointer);
}

/**
 * libheif reads files of at most 1,000 items by default; readHeif has counted the items of this one. The
 * field is `max_items` of heif_security.h, struct heif_security_limits.
 */
function raiseItemLimit(heif: MainModule, context: number): void {
  const words = heif.HEAPU32 as Uint32Array;
  const index = (heif._heif_context_get_security_limits(context) + 28) >>> 2;
  if (words[index] === DEFAULT_MAX_ITEMS) words[index] = 0;
}

const DEFAULT_MAX_ITEMS = 1000;

/** libheif's functions return structs and results through pointers; this allocates them. */
function createCalls(heif: MainModule) {
  // A heif_error of three words (code, subcode, pointer to the message), then a word for a result.
  const error = heif._malloc(16);
  const readWord = (pointer: number) => (heif.HEAPU32 as Uint32Array)[pointer >>> 2] as number;
  const check = (call: (error: number) => void) => {
    call(error);
    const code = readWord(error);
    if (code === 0) return;
    const subcode = readWord(error + 4);
    throw new Failure(toFailureCode(code, subcode), `libheif error ${code}.${subcode}`);
  };
  return { check, resultPointer: error + 12, readWord };
}

function toFailureCode(code: number, subcode: number): HeicFailureCode {
  if (subcode === SECURITY_LIMIT_EXCEEDED) return 'too-many-pixels';
  if (code === OUT_OF_MEMORY) {
    // libheif also reports this for images without pixels.
    return subcode === INVALID_IMAGE_SIZE ? 'damaged-image' : 'too-much-memory';
  }
  const isUnsupported = code === UNSUPPORTED_FILETYPE || code === UNSUPPORTED_FEATURE;
  return isUnsupported || subcode === NO_SUCH_DECODER ? 'unsupported-format' : 'damaged-image';
}

/** The current view of the memory: growing the memory replaces the array. */
function heap(heif: MainModule): Uint8Array {
  return heif.HEAPU8 as Uint8Array;
}

/** Copies rows that start `stride` bytes apart into rows without gaps. */
function copyRows(
  source: Uint8Array,
  layout: { plane: number; stride: number; rowLength: number; height: number },
): Uint8Array<ArrayBuffer> {
  const { plane, stride, rowLength, height } = layout;
  const data = allocate(rowLength * height);
  for (let y = 0; y < height; y++) {
    const start = plane + y * stride;
    data.set(source.subarray(start, start + rowLength), y * rowLength);
  }
  return data;
}

function allocate(bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch {
    throw new Failure('too-much-memory', `expected ${bytes} bytes for pixels, found none`);
  }
}

/** After the start, every error is caused by the file. */
function handleRequest(heif: MainModule, request: HeicRequest): HeicResponse {
  try {
    return { kind: 'pixels', pixels: decode(heif, request) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    if (isMemoryRefused) {
      const expected = `expected at most ${request.limits.memory} bytes of memory`;
      return { kind: 'failure', code: 'too-much-memory', detail: `${expected}: ${detail}` };
    }
    const code = error instanceof Failure ? error.code : 'damaged-image';
    return { kind: 'failure', code, detail };
  }
}

const request = workerData as HeicRequest;
const heif = startLibheif(request.limits.memory);
isSealed = true;
parentPort?.postMessage({ kind: 'started' } satisfies HeicResponse);
const response = handleRequest(heif, request);
// Transfers the pixels instead of copying them.
const transferList = response.kind === 'pixels' ? [response.pixels.data.buffer as ArrayBuffer] : [];
parentPort?.postMessage(response, transferList);
