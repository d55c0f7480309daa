/** The functions that are compared: what they are given, and when an upload is done. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchFixture } from '../lifecycle/fixture.js';
import type { Observation } from '../lifecycle/observe-function.js';
import { EDGES, FORMATS, VARIANTS } from '../processing/sizes.js';

export interface Subject {
  name: string;
  /** A folder of functions; absent: this project's. */
  functions?: string;
  /** The environment of the functions. */
  parameters: Record<string, string>;
  /** The function that decodes. */
  processing: string;
  /** The name of an upload's object; each is of another user. */
  objectName(upload: number, extension: string): string;
  /** Whether everything that the uploads of this stack have caused is over. */
  isSettled(observations: readonly Observation[], uploads: number): boolean;
  /** When the last rendition existed and, in this project, the record said so; milliseconds since 1970. */
  readyAt(fixture: BenchFixture, name: string): Promise<number>;
}

/** The version that the benchmark has been written for. */
const PEER_VERSION = '0.3.3';
/** Its parameters' defaults, but for the sizes and formats; nothing is sent to other services. */
const PEER_PARAMETERS = {
  IMG_BUCKET: 'bench',
  IMG_SIZES: EDGES.map((edge) => `${edge}x${edge}`).join(),
  IMAGE_TYPE: FORMATS.join(),
  DELETE_ORIGINAL_FILE: 'false',
  MAKE_PUBLIC: 'false',
  IS_ANIMATED: 'true',
  REGENERATE_TOKEN: 'true',
  CONTENT_FILTER_LEVEL: 'OFF',
  LOCATION: 'us-central1',
};
/** With the original. */
const PEER_OBJECTS = EDGES.length * FORMATS.length + 1;

/**
 * storage-resize-images in a folder where it was built: `npm install` in its folder `functions`.
 * @throws Error when the folder has something else
 */
export function openPeer(folder: string): Subject {
  const built = join(folder, 'lib', 'index.js');
  if (!existsSync(built)) {
    const what = `storage-resize-images/functions of version ${PEER_VERSION} after "npm install"`;
    throw new Error(`--peer: expected ${what} in ${folder}, found no lib/index.js`);
  }
  const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string;
  };
  if (name !== 'storage-resize-images-functions') {
    throw new Error(`--peer: expected storage-resize-images-functions in ${folder}, found ${name}`);
  }
  return {
    name: 'storage-resize-images',
    functions: folder,
    parameters: PEER_PARAMETERS,
    processing: 'generateResizedImage',
    objectName: (upload, extension) => `photos/user-${upload}/photo.${extension}`,
    isSettled: (observations, uploads) =>
      countHandled(observations, 'generateResizedImage') >= uploads * PEER_OBJECTS,
    async readyAt({ bucket }, name) {
      const [files] = await bucket.getFiles({ prefix: name.slice(0, name.lastIndexOf('/') + 1) });
      if (files.length !== PEER_OBJECTS) {
        throw new Error(`expected ${PEER_OBJECTS} objects of an upload, found ${files.length}`);
      }
      return Math.max(...files.map(({ metadata }) => Date.parse(metadata.timeCreated ?? '')));
    },
  };
}

/** This project. @param parameters those that differ from the defaults, besides the sizes */
export function openOwn(name: string, parameters: Record<string, string>): Subject {
  return {
    name,
    parameters: { VARIANTS, ...parameters },
    processing: 'processImage',
    objectName: (upload) => `originals/user-${upload}/photo`,
    isSettled(observations, uploads) {
      const sent = (method: string) =>
        observations.filter((o) => o.kind === 'sent' && o.api === 'storage' && o.method === method);
      return (
        countHandled(observations, 'processImage') >= uploads &&
        countHandled(observations, 'originalFinalized') >= uploads + sent('POST').length &&
        countHandled(observations, 'metadataUpdated') >= sent('PATCH').length
      );
    },
    async readyAt({ firestore }, name) {
      const [, uid, imageId] = name.split('/');
      const record = await firestore.doc(`users/${uid}/images/${imageId}`).get();
      const state = String(record.get('state'));
      if (state !== 'ready') throw new Error(`expected the image to be ready, found ${state}`);
      return (record.get('updatedAt') as { toMillis(): number }).toMillis();
    },
  };
}

function countHandled(observations: readonly Observation[], target: string): number {
  return observations.filter((o) => o.kind === 'handled' && o.target === target).length;
}
