/** Uploads of all kinds for the soak benchmark: photos, animations, damaged and malicious files. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchFixture } from '../lifecycle/fixture.js';
import { BOMBS } from '../processing/bombs.js';

/** Time after which an upload counts as lost, milliseconds: the timeout of the function. */
const UPLOAD_TIMEOUT_MS = 300_000;
/** Ids that are used in turn, so that later uploads overwrite earlier ones. */
const IMAGES = 40;

/** Multiples of it, modulo 1, are spread evenly, however many there are. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/** Returns the bytes of every file, ordinary photos between the others, so ordered that each minute gets all kinds. */
export async function readUploads(root: string): Promise<Buffer[]> {
  const folder = join(root, 'tests', 'fixtures');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(jpg|png|gif|webp|avif|heic)$/.test(name))
    .map((name) => readFileSync(join(folder, name)));
  const photo = readFileSync(join(folder, 'photos', 'seeding.jpg'));
  const bombs: Buffer[] = [];
  for (const { make } of BOMBS) bombs.push(await make(root));
  // Files of one kind follow each other here.
  const spread = [...files, ...bombs]
    .map((file, index) => ({ file, key: (index * GOLDEN_RATIO) % 1 }))
    .sort((one, other) => one.key - other.key);
  return spread.flatMap(({ file }) => [file, photo]);
}

export interface UploadOutcome {
  state: 'ready' | 'failed' | 'lost';
  /** Public token, when the state is `ready`. */
  token?: string;
  /** From the upload to the record, milliseconds. */
  ms: number;
}

/** Uploads a file and waits for its record. */
export async function uploadOne(
  fixture: BenchFixture,
  index: number,
  data: Buffer,
): Promise<UploadOutcome> {
  const uid = `owner-${index % 5}`;
  const imageId = `image-${index % IMAGES}`;
  const start = performance.now();
  const generation = await fixture.uploadAsAdmin(`originals/${uid}/${imageId}`, data);
  return new Promise((resolve) => {
    const end = (state: UploadOutcome['state'], token?: string) => {
      clearTimeout(timer);
      unsubscribe();
      resolve({ state, ...(token !== undefined && { token }), ms: performance.now() - start });
    };
    const timer = setTimeout(() => end('lost'), UPLOAD_TIMEOUT_MS);
    const unsubscribe = fixture.firestore
      .doc(`users/${uid}/images/${imageId}`)
      .onSnapshot((snapshot) => {
        const state = snapshot.get('state') as string | undefined;
        const found = BigInt((snapshot.get('original.generation') as string | undefined) ?? 0);
        if (found < BigInt(generation) || (state !== 'ready' && state !== 'failed')) return;
        // A later upload of the same image may have replaced this one.
        end(state, snapshot.get('token') as string | undefined);
      });
  });
}
