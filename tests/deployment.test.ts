/** What is deployed: the manifest of the function kit, as the Firebase CLI reads it, and extension.yaml. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readParameters } from '../functions/src/cli/init/environment.js';
import { parseConfig } from '../functions/src/config/config.js';
import {
  DEFAULTS,
  INITIAL_VALUES,
  PARAMETER_NAMES,
  PARAMETERS,
} from '../functions/src/config/parameter-table.js';

const ROOT = join(__dirname, '..');
const FUNCTIONS = join(ROOT, 'functions');

interface Endpoint {
  region?: string | string[];
  serviceAccountEmail?: string | null;
  availableMemoryMb: number;
  eventTrigger?: { eventType: string; retry: boolean; eventFilters: Record<string, string> };
  taskQueueTrigger?: {
    retryConfig: RetryConfig;
    rateLimits: Record<string, number | string | null>;
  };
  httpsTrigger?: object;
  callableTrigger?: object;
  secretEnvironmentVariables?: { key: string }[];
}
type RetryConfig = Record<string, number | null>;

interface Manifest {
  params: { name: string; type: string; default: unknown; input: Record<string, unknown> }[];
  endpoints: Record<string, Endpoint>;
  requiredRoles?: string[];
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
    taskQueueTrigger?: { retryConfig: RetryConfig; rateLimits: Record<string, number> };
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

/** Runs the discovery command that the CLI runs before it deploys, with the kit's parameters in the environment. */
function readManifest(parameters: Record<string, string> = {}): Manifest {
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
      ...parameters,
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

test('the kit and the extension have the same functions', () => {
  expect([...resources.keys()].sort()).toEqual(Object.keys(manifest.endpoints).sort());
});

describe.each(Object.entries(manifest.endpoints))('%s', (name, endpoint) => {
  const properties = resources.get(name)?.properties;

  test('has the same memory in the kit and the extension', () => {
    const inExtension =
      properties?.availableMemoryMb ?? parseInt(properties?.serviceConfig?.availableMemory ?? '');
    expect(inExtension).toBe(endpoint.availableMemoryMb);
  });

  test('has the same trigger, in the region of the bucket or in LOCATION', () => {
    expect(properties?.location).toBe('${param:LOCATION}');
    const event = endpoint.eventTrigger;
    if (event === undefined) {
      expect(properties?.eventTrigger).toBeUndefined();
      // A task queue and the functions that enqueue tasks must be in the same region.
      expect(endpoint.region).toBe('{{ params.LOCATION }}');
      return;
    }
    // The CLI deploys it to the region of the bucket.
    expect(endpoint.region).toBeUndefined();
    expect(event.retry).toBe(true);
    expect(event.eventFilters).toEqual({ bucket: '{{ params.BUCKET }}' });
    expect(properties?.eventTrigger).toMatchObject({
      eventType: event.eventType,
      retryPolicy: 'RETRY_POLICY_RETRY',
      eventFilters: [{ attribute: 'bucket', value: '${param:BUCKET}' }],
    });
  });

  test('has the same HTTPS trigger or task queue settings in the kit and the extension', () => {
    const isHttps = Boolean(endpoint.httpsTrigger ?? endpoint.callableTrigger);
    expect(properties?.httpsTrigger !== undefined).toBe(isHttps);
    // The extension has the defaults of parameters that only the kit has.
    const valueOf = (value: number | string | null) => {
      const name = /^{{ params[.](\w+) }}$/.exec(String(value))?.[1] as
        keyof typeof DEFAULTS | undefined;
      return name === undefined ? value : Number(DEFAULTS[name]);
    };
    const withoutNull = (options: Record<string, number | string | null> = {}) =>
      Object.fromEntries(
        Object.entries(options).flatMap(([key, value]) =>
          value === null ? [] : [[key, valueOf(value)]],
        ),
      );
    const queue = endpoint.taskQueueTrigger;
    const inExtension = properties?.taskQueueTrigger;
    expect(inExtension?.retryConfig ?? {}).toEqual(withoutNull(queue?.retryConfig));
    expect(inExtension?.rateLimits ?? {}).toEqual(withoutNull(queue?.rateLimits));
  });
});

test('the platform starts the backfill after every install and update', () => {
  expect(manifest.lifecycleHooks).toMatchObject({
    afterFirstDeploy: { task: { function: 'backfill', body: { data: {} } } },
    afterRedeploy: { task: { function: 'backfill', body: { data: { onlyIfChanged: true } } } },
  });
  const hooks = Object.entries(extension.lifecycleEvents);
  expect(hooks.map(([event, { function: target }]) => [event, target])).toEqual([
    ['onInstall', 'backfill'],
    ['onUpdate', 'backfill'],
    ['onConfigure', 'backfill'],
  ]);
});

describe('the parameters of the kit', () => {
  const params = new Map(manifest.params.map((param) => [param.name, param]));

  test('are those of the table', () => {
    expect([...params.keys()].sort()).toEqual([...PARAMETER_NAMES].sort());
  });

  test.each(PARAMETER_NAMES)('%s has the texts, the default and the input of the table', (name) => {
    const { label, description, example, pattern, options, resource, type } = PARAMETERS[name];
    const param = params.get(name);
    expect(param).toMatchObject({ label, description });
    // Without a default the CLI asks; with the default bucket, it stops in a project that has none.
    expect(String(param?.default)).toBe(resource ? 'undefined' : DEFAULTS[name]);
    if (resource) expect(param?.input).toEqual({ resource: { type: resource } });
    else if (type === 'list' && options)
      expect(param?.input).toEqual({ multiSelect: { options, nonEmpty: true } });
    else if (options) expect(param?.input).toEqual({ select: { options } });
    else expect(param?.input).toMatchObject({ text: { example, validationRegex: pattern } });
  });

  test('have the type that their input requires', () => {
    for (const { name, type, input } of manifest.params) {
      const isInt = PARAMETERS[name as keyof typeof PARAMETERS].type === 'int';
      expect([name, type]).toEqual([
        name,
        'multiSelect' in input ? 'list' : isInt ? 'int' : 'string',
      ]);
    }
  });
});

describe('the secret SEALING_KEYS', () => {
  const secretsIn = ({ endpoints }: Manifest) =>
    Object.entries(endpoints).flatMap(([name, { secretEnvironmentVariables = [] }]) =>
      secretEnvironmentVariables.map(({ key }) => [name, key]),
    );

  test('is not declared by default: the CLI does not deploy before a declared secret has a value', () => {
    expect(secretsIn(manifest)).toEqual([]);
    expect(manifest.params.map(({ type }) => type)).not.toContain('secret');
  });

  test('with SEALED_LINKS, the kit declares it, and only `serve` gets it', () => {
    const withSecret = readManifest({ SEALED_LINKS: 'true' });
    expect(secretsIn(withSecret)).toEqual([['serve', 'SEALING_KEYS']]);
    expect(withSecret.params.filter(({ type }) => type === 'secret')).toEqual([
      expect.objectContaining({ name: 'SEALING_KEYS', label: PARAMETERS.SEALING_KEYS.label }),
    ]);
  });

  test('may stay empty in the extension', () => {
    const { params } = extension as unknown as { params: Record<string, unknown>[] };
    expect(params.find(({ param }) => param === 'SEALING_KEYS')).toMatchObject({
      type: 'secret',
      required: false,
    });
    expect(params.find(({ param }) => param === 'SEALED_LINKS')).toBeUndefined();
  });
});

describe('regions', () => {
  const TRIGGERS = ['originalFinalized', 'metadataUpdated', 'originalDeleted', 'originalArchived'];
  const regionsOf = ({ endpoints }: Manifest) =>
    TRIGGERS.flatMap((name) => [endpoints[name]?.region].flat());

  test('without TRIGGER_REGION, the CLI places the triggers by the bucket', () => {
    expect(regionsOf(manifest)).toEqual(TRIGGERS.map(() => undefined));
  });

  test.each([
    ['us-central1', 'NAM4'],
    ['us-east1', 'NAM4'],
    ['europe-west4', 'EUR4'],
    ['us-central1', 'US'],
    ['europe-west1', 'europe-west1'],
  ])('triggers in TRIGGER_REGION=%s may listen to a bucket in %s', async (region, location) => {
    const placed = readManifest({ TRIGGER_REGION: region });
    expect(regionsOf(placed)).toEqual(TRIGGERS.map(() => region));
    const { ensureStorageTriggerRegion } = jest.requireActual<{
      ensureStorageTriggerRegion: (endpoint: object) => Promise<void>;
    }>('firebase-tools/lib/deploy/functions/services/storage');
    const eventTrigger = { region: location.toLowerCase() };
    await expect(ensureStorageTriggerRegion({ region, eventTrigger })).resolves.toBeUndefined();
  });

  test('the guide has the region where the CLI places the triggers of each kind of bucket', () => {
    const { STORAGE_MULTI_REGION_TO_REGION_MAPPING: places, DUAL_REGION_MAPPING: duals } =
      jest.requireActual<Record<string, Record<string, string>>>('firebase-tools/lib/gcp/location');
    const page = readFileSync(join(ROOT, 'docs/guides/regions.md'), 'utf8');
    const documented = [...page.matchAll(/^\| multi-region `(\w+)` \| `([\w-]+)` \|/gm)].map(
      ([, location = '', region]) => [location.toLowerCase(), region],
    );
    expect(Object.fromEntries(documented)).toEqual(places);
    const [, named = ''] = /^\| dual-region (.+?) \|/m.exec(page) ?? [];
    const inGuide = [...named.matchAll(/\w+/g)].map(([name]) => name.toLowerCase());
    expect(inGuide.sort()).toEqual([...new Set(Object.values(duals ?? {}))].sort());
  });

  test('LOCATION is FUNCTION_DEFAULT_REGION by default, which the CLI asks for', () => {
    const { params } = readManifest({ FUNCTION_DEFAULT_REGION: 'europe-west1' });
    expect(params.find(({ name }) => name === 'LOCATION')?.default).toBe('europe-west1');
  });
});

describe('service accounts', () => {
  const accountOf = (name: string) => `${name}@demo-project.iam.gserviceaccount.com`;
  const separate = readManifest({
    SERVE_SERVICE_ACCOUNT: accountOf('serve'),
    PROCESSING_SERVICE_ACCOUNT: accountOf('processing'),
    LIFECYCLE_SERVICE_ACCOUNT: accountOf('lifecycle'),
  });

  /** What the CLI does with the accounts and the roles of a kit before it deploys it. */
  function discover({ endpoints, requiredRoles }: Manifest, serviceAccount?: string) {
    const { discoverSecurityDetails } = jest.requireActual<{
      discoverSecurityDetails: (...args: unknown[]) => Promise<object>;
    }>('firebase-tools/lib/deploy/functions/prepare');
    const wanted = Object.fromEntries(
      Object.entries(endpoints).map(([id, { serviceAccountEmail }]) => [
        id,
        { id, serviceAccount: serviceAccount ?? serviceAccountEmail },
      ]),
    );
    const want = { endpoints: { 'us-central1': wanted }, requiredRoles };
    return discoverSecurityDetails('images', want, { endpoints: {} }, 'demo-project', undefined);
  }

  test('without parameters, the CLI creates one account with the declared roles', () => {
    expect(manifest.requiredRoles).toContain('roles/storage.objectAdmin');
    for (const { serviceAccountEmail } of Object.values(manifest.endpoints)) {
      expect(serviceAccountEmail ?? '').toBe('');
    }
  });

  test('with the parameters, each function has its account, and no roles are declared', async () => {
    expect(separate.requiredRoles ?? []).toEqual([]);
    const decoders = ['processImage', 'resize', 'backfill'];
    for (const [name, { serviceAccountEmail }] of Object.entries(separate.endpoints)) {
      const group =
        name === 'serve' ? 'serve' : decoders.includes(name) ? 'processing' : 'lifecycle';
      expect([name, serviceAccountEmail]).toEqual([name, accountOf(group)]);
    }
    await expect(discover(separate)).resolves.toEqual({});
  });

  test.each(['', accountOf('serve')])(
    'the CLI rejects the account %j next to declared roles',
    async (account) => {
      await expect(discover(manifest, account)).rejects.toThrow(
        'Cannot use explicit custom service accounts',
      );
    },
  );
});

test('extension.yaml is valid for the Firebase CLI', () => {
  const { validateSpec } = jest.requireActual<{ validateSpec: (spec: unknown) => void }>(
    'firebase-tools/lib/extensions/extensionsHelper',
  );
  expect(() => validateSpec(extension)).not.toThrow();
});

test('firebase ext:migrate gives a kit the parameters of an extension', () => {
  const { functionsEnvFromInstance } = jest.requireActual<{
    functionsEnvFromInstance: (instance: object) => Record<string, string>;
  }>('firebase-tools/lib/extensions/export');
  const { seedKitInstanceEnv } = jest.requireActual<{
    seedKitInstanceEnv: (options: object) => void;
  }>('firebase-tools/lib/functions/kits/env');
  const params = {
    ...INITIAL_VALUES,
    ...{ BUCKET: 'my-app.appspot.com', LOCATION: 'europe-west1', REVOCATION_SECONDS: '7' },
    PUBLIC_BASE_URL: 'https://example.com/i',
    VARIANTS: 'thumb:200x200:cover,w800:800',
  };
  const systemParams = { 'firebaseextensions.v1beta.function/maxInstances': '20' };
  const envs = functionsEnvFromInstance({
    config: { params, systemParams, source: { spec: extension } },
  });
  const folder = mkdtempSync(join(tmpdir(), 'ext-migrate-'));
  try {
    const paths = { configDir: folder, functionsSource: folder, projectDir: folder };
    seedKitInstanceEnv({ ...paths, projectId: 'my-app', envs });
    const text = readFileSync(join(folder, '.env.my-app'), 'utf8');
    const parameters = readParameters(text);
    // A kit has further ones, whose defaults the CLI applies when it deploys.
    const missing = PARAMETER_NAMES.filter((name) => !(name in parameters));
    expect(missing).toEqual(
      PARAMETER_NAMES.filter((name) => PARAMETERS[name].availableIn === 'kit'),
    );
    const configOf = (values: object) => parseConfig({ ...values, GCLOUD_PROJECT: 'my-app' });
    expect(configOf(parameters)).toEqual(configOf(params));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
