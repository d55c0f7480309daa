/** Converts google.firestore.v1 messages between bytes, proto3 JSON and plain objects. */
import { readFileSync } from 'node:fs';
import { protobuf } from 'google-gax';
import { toProto3JSON } from 'proto3-json-serializer';
import { messageFromJson } from './proto-json.js';

const description = readFileSync(
  require.resolve('@google-cloud/firestore/build/protos/v1.json'),
  'utf8',
);
const root = protobuf.Root.fromJSON(JSON.parse(description) as protobuf.INamespace);
// Transactions of the web SDK send `verify`, which the published description omits.
const writeType = root.lookupType('google.firestore.v1.Write');
const verify = new protobuf.Field('verify', 5, 'string');
writeType.add(verify);
writeType.oneofs['operation']?.add(verify);
root.resolveAll();

/** Firestore accepts requests up to 10 MiB; 1 MiB more for the encoding around them. */
export const MAX_REQUEST_BYTES = 11 * 1024 * 1024;

/** One method of the Firestore service. */
export interface MethodShape {
  name: string;
  requestType: protobuf.Type;
  responseType: protobuf.Type;
  requestStream: boolean;
  responseStream: boolean;
}

/** Every method of `google.firestore.v1.Firestore`. */
export const methods: MethodShape[] = root
  .lookupService('google.firestore.v1.Firestore')
  .methodsArray.map((method) => {
    method.resolve();
    return {
      name: method.name,
      requestType: method.resolvedRequestType as protobuf.Type,
      responseType: method.resolvedResponseType as protobuf.Type,
      requestStream: method.requestStream === true,
      responseStream: method.responseStream === true,
    };
  });

const methodByName = new Map(methods.map((method) => [method.name, method]));

/**
 * The types of one method.
 * @throws Error when the service has no method of this name
 */
export function methodShape(name: string): MethodShape {
  const method = methodByName.get(name);
  if (!method) throw new Error(`google.firestore.v1.Firestore has no method ${name}`);
  return method;
}

// Unset fields stay absent, as in the requests that the Admin SDK passes to its GAPIC client.
const plainOptions: protobuf.IConversionOptions = { longs: String, enums: String };

/** Decodes bytes to a plain object. */
export function decode(type: protobuf.Type, bytes: Uint8Array): object {
  return type.toObject(type.decode(bytes), plainOptions);
}

/** Encodes a plain object to bytes. */
export function encode(type: protobuf.Type, value: object): Buffer {
  return Buffer.from(type.encode(type.fromObject(value)).finish());
}

/**
 * Converts proto3 JSON, the format of the REST API and of WebChannel, to a plain object.
 * @param at the path of the message in the request, for errors
 * @throws StatusError INVALID_ARGUMENT
 */
export function fromJson(type: protobuf.Type, json: unknown, at?: string): object {
  return messageFromJson(type, json, at);
}

/** Converts a plain object to proto3 JSON, as Google's servers write it. */
export function toJson(type: protobuf.Type, value: object): unknown {
  const json: unknown = toProto3JSON(type.fromObject(value));
  shorten(json);
  return json;
}

/** Leaves out what the serializer adds: milliseconds of whole seconds, empty fields, and zeros of geo points. */
function shorten(json: unknown): void {
  if (Array.isArray(json)) json.forEach(shorten);
  if (typeof json !== 'object' || json === null) return;
  const message = json as Record<string, unknown>;
  for (const [name, value] of Object.entries(message)) {
    // A field of a document is an object, whatever its name is.
    if (typeof value === 'string') {
      if (value.endsWith('.000Z') && TIME_NAME.test(name))
        message[name] = value.replace('.000', '');
    } else if (typeof value !== 'object' || value === null) continue;
    else if (name === 'fields' && Object.keys(value).length === 0) delete message[name];
    else if (name === 'geoPointValue') message[name] = withoutZeros(value);
    else shorten(value);
  }
}

const TIME_NAME = /^timestampValue$|Time$/;

function withoutZeros(point: object): object {
  return Object.fromEntries(Object.entries(point).filter(([, degrees]) => degrees !== 0));
}
