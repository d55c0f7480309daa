/** A local stack with an admin's hands in it: uploads, records, the doctor. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bucket } from '@google-cloud/storage';
import { deleteApp, initializeApp } from 'firebase-admin/app';
import { getFirestore, type Firestore } from 'firebase-admin/firestore';
import { getStorage } from 'firebase-admin/storage';
import sharp from 'sharp';
import { startStack, type Stack } from '../../tools/dev/stack/stack.js';

export interface DoctorsReport {
  checked: Record<string, number>;
  findings: { kind: string; what: string; of: string }[];
}

export interface BenchFixture {
  stack: Stack;
  firestore: Firestore;
  bucket: Bucket;
  /** What `storage-public-variants doctor --json` says. */
  doctor(): Promise<DoctorsReport>;
  close(): Promise<void>;
}

/** @param parameters the functions' parameters, beside their defaults */
export async function openBenchFixture(
  root: string,
  parameters: Record<string, string>,
): Promise<BenchFixture> {
  const stack = await startStack({ root, form: 'kit', freePorts: true, parameters });
  const { firestore, storage, projectId, bucket } = stack.info;
  const environment = {
    FIRESTORE_EMULATOR_HOST: firestore,
    FIREBASE_STORAGE_EMULATOR_HOST: storage,
    STORAGE_EMULATOR_HOST: `http://${storage}`,
    METADATA_SERVER_DETECTION: 'none',
  };
  Object.assign(process.env, environment);
  const app = initializeApp({ projectId, storageBucket: bucket }, `bench-${projectId}`);
  const params = join(root, '.local', `${projectId}.env`);
  const lines = Object.entries(parameters).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(params, lines.join(''));
  return {
    stack,
    firestore: getFirestore(app),
    bucket: getStorage(app).bucket(),
    async doctor() {
      const script = join(root, 'functions', 'lib', 'cli.js');
      const which = ['--project', projectId, '--bucket', bucket, '--params', params];
      const child = spawn(
        process.execPath,
        [script, 'doctor', ...which, '--grace', '0', '--json'],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      let text = '';
      for await (const chunk of child.stdout.setEncoding('utf8')) text += chunk;
      return JSON.parse(text) as DoctorsReport;
    },
    async close() {
      await getFirestore(app).terminate();
      await deleteApp(app);
      await stack.stop();
    },
  };
}

/** The colour of a picture: of two numbers that follow one another, very different ones. */
export function colorOf(number: number): { r: number; g: number; b: number } {
  return { r: (number * 101) % 256, g: (number * 57) % 256, b: (number * 23) % 256 };
}

/** A picture of its own for each number, JPEG. */
export function picture(number: number): Promise<Buffer> {
  const background = colorOf(number);
  return sharp({ create: { width: 640 + (number % 64), height: 480, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

/** As an upload by a client looks: with a download token. */
export async function upload(bucket: Bucket, name: string, data: Buffer): Promise<string> {
  const file = bucket.file(name);
  await file.save(data, {
    resumable: false,
    metadata: {
      contentType: 'image/jpeg',
      metadata: { firebaseStorageDownloadTokens: `open-${Math.random()}` },
    },
  });
  const [{ generation }] = await file.getMetadata();
  return String(generation);
}

/** Runs tasks, so many side by side. */
export async function runInParallel(lanes: number, tasks: (() => Promise<void>)[]): Promise<void> {
  const queue = [...tasks];
  const lane = async () => {
    for (let task = queue.shift(); task; task = queue.shift()) await task();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** Numbers from 0 to 1, the same for the same seed (https://en.wikipedia.org/wiki/Lehmer_random_number_generator). */
export function randomOf(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/** @param share from 0 to 1 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}

export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
