/** What is deployed, in both forms: what the Firebase CLI is told by the kit, and extension.yaml. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';

const ROOT = join(__dirname, '..');
const FUNCTIONS = join(ROOT, 'functions');

interface Endpoint {
  region?: string;
  availableMemoryMb: number;
  eventTrigger?: { eventType: string; retry: boolean; eventFilters: Record<string, string> };
  taskQueueTrigger?: { retryConfig: Retries; rateLimits: Record<string, number | null> };
  httpsTrigger?: object;
  callableTrigger?: object;
}
type Retries = Record<string, number | null>;

interface Manifest {
  endpoints: Record<string, Endpoint>;
  lifecycleHooks?: Record<string, { task: { function: string; body: unknown } }>;
}

interface Resource {
  name: string;
  properties: {
    location: string;
    availableMemoryMb?: number;
    serviceConfig?: { availableMemory: string };
    eventTrigger?: {
      eventType: string;
      retryPolicy: string;
      eventFilters: { attribute: string; value: string }[];
    };
    taskQueueTrigger?: { retryConfig: Retries; rateLimits: Record<string, number> };
    httpsTrigger?: object;
  };
}

interface Extension {
  resources: Resource[];
  lifecycleEvents: Record<string, { function: string }>;
}

const extension = parse(readFileSync(join(ROOT, 'extension.yaml'), 'utf8')) as Extension;
const resources = new Map(extension.resources.map((resource) => [resource.name, resource]));
const manifest = readManifest();

/** As the CLI asks for it before it deploys. */
function readManifest(): Manifest {
  const folder = mkdtempSync(join(tmpdir(), 'manifest-'));
  const file = join(folder, 'manifest.json');
  const bin = join(FUNCTIONS, 'node_modules', 'firebase-functions', 'lib', 'bin');
  const { stderr } = spawnSync(process.execPath, [join(bin, 'firebase-functions.js'), FUNCTIONS], {
    cwd: FUNCTIONS,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'] ?? '',
      GCLOUD_PROJECT: 'demo-project',
      FUNCTIONS_CONTROL_API: 'true',
      FUNCTIONS_MANIFEST_OUTPUT_PATH: file,
    },
  });
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  } catch {
    throw new Error(`expected a manifest, found: ${stderr}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('both forms have the same functions', () => {
  expect([...resources.keys()].sort()).toEqual(Object.keys(manifest.endpoints).sort());
});

describe.each(Object.entries(manifest.endpoints))('%s', (name, endpoint) => {
  const properties = resources.get(name)?.properties;

  test('has the same memory in both forms', () => {
    const inExtension =
      properties?.availableMemoryMb ?? parseInt(properties?.serviceConfig?.availableMemory ?? '');
    expect(inExtension).toBe(endpoint.availableMemoryMb);
  });

  test('hears of the same, in the region of the bucket or where the parameters say', () => {
    expect(properties?.location).toBe('${param:LOCATION}');
    const event = endpoint.eventTrigger;
    if (event === undefined) {
      expect(properties?.eventTrigger).toBeUndefined();
      // A queue, and who fills it, must be in one place.
      expect(endpoint.region).toBe('{{ params.LOCATION }}');
      return;
    }
    // The CLI puts it where the bucket is.
    expect(endpoint.region).toBeUndefined();
    expect(event.retry).toBe(true);
    expect(event.eventFilters).toEqual({ bucket: '{{ params.BUCKET }}' });
    expect(properties?.eventTrigger).toMatchObject({
      eventType: event.eventType,
      retryPolicy: 'RETRY_POLICY_RETRY',
      eventFilters: [{ attribute: 'bucket', value: '${param:BUCKET}' }],
    });
  });

  test('is called, or has a queue of the same patience, in both forms', () => {
    const isCalled = Boolean(endpoint.httpsTrigger ?? endpoint.callableTrigger);
    expect(properties?.httpsTrigger !== undefined).toBe(isCalled);
    const set = (options: Record<string, number | null> = {}) =>
      Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null));
    const queue = endpoint.taskQueueTrigger;
    const inExtension = properties?.taskQueueTrigger;
    expect(inExtension?.retryConfig ?? {}).toEqual(set(queue?.retryConfig));
    expect(inExtension?.rateLimits ?? {}).toEqual(set(queue?.rateLimits));
  });
});

test('the backfill is started by the platform: at first, and whenever it may be needed', () => {
  expect(manifest.lifecycleHooks).toMatchObject({
    afterFirstDeploy: { task: { function: 'backfill', body: { data: {} } } },
    afterRedeploy: { task: { function: 'backfill', body: { data: { onlyIfChanged: true } } } },
  });
  const started = Object.entries(extension.lifecycleEvents).map(([event, { function: target }]) => [
    event,
    target,
  ]);
  expect(started).toEqual([
    ['onInstall', 'backfill'],
    ['onUpdate', 'backfill'],
    ['onConfigure', 'backfill'],
  ]);
});
