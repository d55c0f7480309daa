/**
 * The message of one document in an export: `EntityProto` of Cloud Datastore, as far as exports of Firestore use it.
 * @see https://github.com/GoogleCloudPlatform/appengine-python-standard (`datastore/entity_bytes.proto`)
 */
import { protobuf } from 'google-gax';

/** A part of a path: a collection and the id of a document in it. */
export interface PathElement {
  type: string;
  /** A numeric id; decimal digits. */
  id?: string;
  name?: string;
}

/** A value, without its meaning. None of the fields: null. */
export interface PropertyValue {
  int64Value?: string;
  booleanValue?: boolean;
  stringValue?: Buffer;
  doubleValue?: number;
  pointValue?: { x: number; y: number };
  referenceValue?: { app: string; databaseId?: string; pathElement: PathElement[] };
}

/** A field; an array is several properties of one name. */
export interface Property {
  meaning?: number;
  name: string;
  multiple: boolean;
  value: PropertyValue;
}

export interface Entity {
  key: { app: string; databaseId?: string; path: { element: PathElement[] } };
  entityGroup: { element: PathElement[] };
  /** Indexed properties: exports of production have them. */
  property?: Property[];
  rawProperty?: Property[];
}

const pathElement = {
  group: true,
  fields: {
    type: { rule: 'required', type: 'string', id: 2 },
    id: { type: 'int64', id: 3 },
    name: { type: 'string', id: 4 },
  },
};

const root = protobuf.Root.fromJSON({
  nested: {
    Path: {
      fields: { element: { rule: 'repeated', type: 'Element', id: 1 } },
      nested: { Element: pathElement },
    },
    Key: {
      fields: {
        app: { rule: 'required', type: 'string', id: 13 },
        path: { rule: 'required', type: 'Path', id: 14 },
        databaseId: { type: 'string', id: 23 },
      },
    },
    PropertyValue: {
      fields: {
        int64Value: { type: 'int64', id: 1 },
        booleanValue: { type: 'bool', id: 2 },
        stringValue: { type: 'bytes', id: 3 },
        doubleValue: { type: 'double', id: 4 },
        pointValue: { type: 'PointValue', id: 5 },
        referenceValue: { type: 'ReferenceValue', id: 12 },
      },
      nested: {
        PointValue: {
          group: true,
          fields: {
            x: { rule: 'required', type: 'double', id: 6 },
            y: { rule: 'required', type: 'double', id: 7 },
          },
        },
        ReferenceValue: {
          group: true,
          fields: {
            app: { rule: 'required', type: 'string', id: 13 },
            pathElement: { rule: 'repeated', type: 'PathElement', id: 14 },
            databaseId: { type: 'string', id: 23 },
          },
          nested: {
            PathElement: {
              group: true,
              fields: {
                type: { rule: 'required', type: 'string', id: 15 },
                id: { type: 'int64', id: 16 },
                name: { type: 'string', id: 17 },
              },
            },
          },
        },
      },
    },
    Property: {
      fields: {
        meaning: { type: 'int32', id: 1 },
        name: { rule: 'required', type: 'string', id: 3 },
        multiple: { rule: 'required', type: 'bool', id: 4 },
        value: { rule: 'required', type: 'PropertyValue', id: 5 },
      },
    },
    Entity: {
      fields: {
        key: { rule: 'required', type: 'Key', id: 13 },
        property: { rule: 'repeated', type: 'Property', id: 14 },
        rawProperty: { rule: 'repeated', type: 'Property', id: 15 },
        entityGroup: { rule: 'required', type: 'Path', id: 16 },
      },
    },
  },
});
root.resolveAll();
const entityType = root.lookupType('Entity');

const options: protobuf.IConversionOptions = { longs: String };

/** @throws Error when the bytes are no entity */
export function decodeEntity(bytes: Uint8Array): Entity {
  return entityType.toObject(entityType.decode(bytes), options) as Entity;
}

export function encodeEntity(entity: Entity): Buffer {
  return Buffer.from(entityType.encode(entityType.fromObject(entity)).finish());
}
