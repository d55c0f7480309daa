import { ConfigError } from '../errors.js';
import { DEFAULTS, parseConfig } from './config.js';

const BUCKET = { BUCKET: 'demo.appspot.com' };

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    parseConfig({ ...BUCKET, ...environment });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('the region follows FUNCTION_DEFAULT_REGION unless LOCATION is set', () => {
  const region = { BUCKET: 'my-bucket', FUNCTION_DEFAULT_REGION: 'europe-west1' };
  expect(parseConfig(region).location).toBe('europe-west1');
  expect(parseConfig({ ...region, LOCATION: 'us-east1' }).location).toBe('us-east1');
  expect(parseConfig({ ...region, LOCATION: '' }).location).toBe('europe-west1');
  expect(() => parseConfig({ ...region, FUNCTION_DEFAULT_REGION: 'Europe' })).toThrow(
    'LOCATION: expected a region such as us-central1',
  );
});

test('VARIANTS_BUCKET is the bucket of the originals by default', () => {
  const config = (VARIANTS_BUCKET: string) => parseConfig({ ...BUCKET, VARIANTS_BUCKET });
  expect(config('').variantsBucket).toBe('demo.appspot.com');
  expect(config('demo-variants').variantsBucket).toBe('demo-variants');
  expect(() => config('gs://demo')).toThrow(
    'VARIANTS_BUCKET: expected the name of a Cloud Storage bucket',
  );
});

test('takes all three service accounts or none', () => {
  const names = ['SERVE', 'PROCESSING', 'LIFECYCLE'].map((name) => `${name}_SERVICE_ACCOUNT`);
  const [serve = '', processing = '', lifecycle = ''] = names;
  const account = (name: string) => ({ [name]: 'a@p.iam.gserviceaccount.com' });
  expect(
    parseConfig({ ...BUCKET, ...account(serve), ...account(processing), ...account(lifecycle) }),
  ).toMatchObject({ serviceAccounts: { serve: 'a@p.iam.gserviceaccount.com' } });
  const two = { ...BUCKET, ...account(serve), ...account(processing) };
  expect(() => parseConfig(two)).toThrow('expected all three or none; found 2.');
  expect(() => parseConfig({ ...BUCKET, [serve]: 'serve' })).toThrow(
    'SERVE_SERVICE_ACCOUNT: expected the email address of a service account',
  );
});

describe('SEALING_KEYS', () => {
  const SEED = Buffer.alloc(32, 1).toString('base64url');

  test('has the keys of sealed links; empty: none', () => {
    const { sealingKeys } = parseConfig({ ...BUCKET, SEALING_KEYS: `7:${SEED}\n` });
    expect(sealingKeys).toEqual([{ kid: 7, seed: new Uint8Array(32).fill(1) }]);
    expect(parseConfig({ ...BUCKET, SEALING_KEYS: ' ' })).not.toHaveProperty('sealingKeys');
    // The secret may be missing where it is only declared.
    expect(parseConfig({ ...BUCKET, SEALED_LINKS: 'true' })).not.toHaveProperty('sealingKeys');
  });

  test('that are not valid are reported with the other problems, without any part of a key', () => {
    const problems = problemsOf({ SEALING_KEYS: `1:${SEED},1:${SEED}`, NOINDEX: 'x' });
    expect(problems).toEqual([
      'NOINDEX: expected true or false; found "x".',
      'SEALING_KEYS: expected in entry 2 a key id of its own; found "key id 1 again".',
    ]);
    const short = problemsOf({ SEALING_KEYS: `9:${SEED.slice(1)}` });
    expect(short).toEqual([
      'SEALING_KEYS: expected in entry 1, key id 9, 32 bytes as 43 characters of base64url; found "42 characters".',
    ]);
  });
});

test('applies the documented defaults', () => {
  expect(parseConfig(BUCKET)).toEqual({
    projectId: '',
    location: 'us-central1',
    bucket: 'demo.appspot.com',
    variantsBucket: 'demo.appspot.com',
    originalsPath: {
      text: 'originals/{uid}/{imageId}',
      segments: ['originals', '{uid}', '{imageId}'],
    },
    variantsPath: 'variants',
    variants: [
      { name: 'thumb', width: 200, height: 200, fit: 'cover' },
      { name: 'w400', width: 400, fit: 'inside' },
      { name: 'w800', width: 800, fit: 'inside' },
      { name: 'w1600', width: 1600, fit: 'inside' },
      { name: 'og', width: 1200, height: 630, fit: 'cover', maxBytes: 300_000 },
    ],
    formats: ['webp', 'jpeg'],
    databaseId: '(default)',
    imagesCollection: { text: 'users/{uid}/images', segments: ['users', '{uid}', 'images'] },
    tokensCollection: 'imageTokens',
    sharesCollection: {
      text: 'users/{uid}/imageShares',
      segments: ['users', '{uid}', 'imageShares'],
    },
    jobsCollection: 'imageJobs',
    revocationSeconds: 60,
    noindex: true,
    trustedProxies: [],
    edgeKeyHashes: [],
    queues: { processing: 50, events: 20, onDemand: 5, onDemandPerSecond: 10, backfill: 5 },
    quotas: { views: 3000, token: 6000, tokenBytes: 1_000_000_000 },
    sealedLinks: false,
    shareMaxDays: 0,
    enforceAppCheck: false,
    lockOriginals: true,
    maxImagesPerUser: 0,
    deleteExcessOriginals: true,
    maxBytes: 50 * 1024 * 1024,
    maxPixels: 50_000_000,
    animated: true,
    heic: true,
    tiff: false,
  });
});

test('refuses one collection for image records and share records', () => {
  const both = { IMAGES_COLLECTION: 'a/{uid}/b', SHARES_COLLECTION: 'a/{uid}/b' };
  expect(() => parseConfig({ ...BUCKET, ...both })).toThrow(
    'SHARES_COLLECTION: expected another collection than IMAGES_COLLECTION; found "a/{uid}/b" for both.',
  );
});

test('applies the default of an empty parameter', () => {
  const empty = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, '']));
  expect(parseConfig({ ...empty, ...BUCKET })).toEqual(parseConfig(BUCKET));
});

test('uses the default bucket of the project when BUCKET is not set', () => {
  const FIREBASE_CONFIG = '{"projectId":"p","storageBucket":"p.firebasestorage.app"}';
  expect(parseConfig({ FIREBASE_CONFIG }).bucket).toBe('p.firebasestorage.app');
});

test('reads the project id that the platform sets', () => {
  const FIREBASE_CONFIG = '{"projectId":"p","storageBucket":"p.firebasestorage.app"}';
  expect(parseConfig({ FIREBASE_CONFIG }).projectId).toBe('p');
  expect(parseConfig({ FIREBASE_CONFIG, GCLOUD_PROJECT: 'q' }).projectId).toBe('q');
});

test('requires no bucket while the CLI lists the functions', () => {
  expect(parseConfig({ FUNCTIONS_CONTROL_API: 'true' }).bucket).toBe('');
  expect(() => parseConfig({})).toThrow(
    'BUCKET: expected the name of a Cloud Storage bucket; found nothing.',
  );
});

test('applies the default of a list parameter that the CLI represents as an empty list', () => {
  expect(parseConfig({ ...BUCKET, FORMATS: '[""]' }).formats).toEqual(['webp', 'jpeg']);
});

test.each(['webp,avif', ' webp , avif ', '["webp","avif"]'])('parses the list %s', (FORMATS) => {
  expect(parseConfig({ ...BUCKET, FORMATS }).formats).toEqual(['webp', 'avif']);
});

test.each(['auto', '["auto"]'])('FORMATS=%s may give each image another format', (FORMATS) => {
  expect(parseConfig({ ...BUCKET, FORMATS })).toMatchObject({
    formats: ['webp', 'jpeg'],
    autoFormat: true,
  });
  expect(parseConfig(BUCKET)).not.toHaveProperty('autoFormat');
});

test('Display P3 and gain maps are absent unless they are wanted', () => {
  expect(parseConfig(BUCKET)).not.toHaveProperty('colorSpace');
  expect(parseConfig(BUCKET)).not.toHaveProperty('keepGainMap');
  const wanted = { COLOR_SPACE: 'p3', KEEP_GAIN_MAP: 'true' };
  expect(parseConfig({ ...BUCKET, ...wanted })).toMatchObject({
    colorSpace: 'p3',
    keepGainMap: true,
  });
});

test('QUALITY is a number of points, and absent where it is not set', () => {
  expect(parseConfig({ ...BUCKET, QUALITY: '75' }).quality).toBe(75);
  expect(parseConfig({ ...BUCKET, QUALITY: '' })).not.toHaveProperty('quality');
});

test('removes the trailing slash of PUBLIC_BASE_URL', () => {
  const PUBLIC_BASE_URL = 'https://example.com/i/';
  expect(parseConfig({ ...BUCKET, PUBLIC_BASE_URL }).publicBaseUrl).toBe('https://example.com/i');
});

test.each([
  ['BUCKET', 'gs://photos', 'expected the name of a Cloud Storage bucket; found "gs://photos".'],
  [
    'ORIGINALS_PATH',
    'originals/{uid}',
    'expected a path with {imageId} in it once; found "originals/{uid}".',
  ],
  ['VARIANTS_PATH', 'a//b', 'expected a path without empty, "." or ".." segments; found "a//b".'],
  ['VARIANTS_PATH', '{uid}', 'expected a path without placeholders; found "{uid}".'],
  [
    'VARIANTS',
    'thumb:200x',
    'expected thumb:WIDTH or thumb:WIDTHxHEIGHT with pixels from 1 to 16383; found "thumb:200x".',
  ],
  ['VARIANTS', 'a:1,a:2', 'expected each name once, but "a" is repeated; found "a:1,a:2".'],
  [
    'VARIANTS',
    Array.from({ length: 21 }, (_, i) => `v${i}:1`).join(),
    'expected at most 20 items; found "21 items".',
  ],
  ['FORMATS', 'webp,png', 'expected auto, or one or more of avif, webp, jpeg; found "png".'],
  ['FORMATS', 'webp,', 'expected auto, or one or more of avif, webp, jpeg; found nothing.'],
  ['FORMATS', 'auto,webp', 'expected auto, or one or more of avif, webp, jpeg; found "auto".'],
  ['FORMATS', '["webp"', 'expected auto, or one or more of avif, webp, jpeg; found "[\\"webp\\"".'],
  ['COLOR_SPACE', 'P3', 'expected srgb or p3; found "P3".'],
  ['KEEP_GAIN_MAP', 'yes', 'expected true or false; found "yes".'],
  ['QUALITY', '59', 'expected a whole number of points from 60 to 90, or nothing; found "59".'],
  ['QUALITY', '91', 'expected a whole number of points from 60 to 90, or nothing; found "91".'],
  ['QUALITY', '70.5', 'expected a whole number of points from 60 to 90, or nothing; found "70.5".'],
  [
    'IMAGES_COLLECTION',
    'users/{uid}',
    'expected a collection, which has an odd number of segments; found "users/{uid}".',
  ],
  ['IMAGES_COLLECTION', 'images', 'expected a path with {uid} in it once; found "images".'],
  [
    'TOKENS_COLLECTION',
    'a/b',
    'expected a collection, which has an odd number of segments; found "a/b".',
  ],
  ['PUBLIC_BASE_URL', 'example.com', /expected an http or https URL .*; found "example\.com"\.$/],
  ['PUBLIC_BASE_URL', 'ftp://example.com', /expected an http or https URL/],
  ['PUBLIC_BASE_URL', 'https://example.com/i?x', /expected an http or https URL/],
  ['REVOCATION_SECONDS', '-1', 'expected a whole number of seconds from 0 to 86400; found "-1".'],
  ['REVOCATION_SECONDS', '1.5', /expected a whole number of seconds/],
  ['REVOCATION_SECONDS', '86401', /expected a whole number of seconds/],
  ['REVOCATION_SECONDS', 'a minute', /expected a whole number of seconds/],
  [
    'TRUSTED_PROXIES',
    'lb.example.com',
    'expected IP addresses or networks such as 203.0.113.10 or 198.51.100.0/24, comma-separated; found "lb.example.com".',
  ],
  ['TRUSTED_PROXIES', '203.0.113.10,', /found nothing[.]$/],
  ['TRUSTED_PROXIES', '203.0.113.0/33', /found "203[.]0[.]113[.]0[/]33"[.]$/],
  ['TRUSTED_PROXIES', 'fe80::1%eth0', /found "fe80::1%eth0"[.]$/],
  ['TRUSTED_PROXIES', '10.0.0.0/8/8', /found "10[.]0[.]0[.]0[/]8[/]8"[.]$/],
  [
    'VIEWS_PER_MINUTE',
    'many',
    'expected a whole number of requests from 0 to 1000000 (0 means no limit); found "many".',
  ],
  ['MAX_INSTANCES', '0', 'expected a whole number of instances from 1 to 1000; found "0".'],
  ['CONCURRENCY', '0', 'expected a whole number of requests from 1 to 1000; found "0".'],
  [
    'MAX_PROCESSING_INSTANCES',
    '1001',
    'expected a whole number of instances from 1 to 1000; found "1001".',
  ],
  [
    'MAX_ON_DEMAND_PER_SECOND',
    '501',
    'expected a whole number of tasks from 1 to 500; found "501".',
  ],
  ['LOCK_ORIGINALS', 'off', 'expected true or false; found "off".'],
  ['HEIC', 'yes', 'expected true or false; found "yes".'],
  ['MAX_BYTES', '0', 'expected a whole number of bytes from 1 to 104857600; found "0".'],
  ['MAX_BYTES', '50MB', 'expected a whole number of bytes from 1 to 104857600; found "50MB".'],
  ['MAX_MEGAPIXELS', '101', 'expected a whole number of megapixels from 1 to 100; found "101".'],
  ['VARIANTS', 'a:1x1:inside:attention', /found "a:1x1:inside:attention"[.]$/],
])('rejects %s=%s and states what was expected', (name, value, sentence) => {
  const problems = problemsOf({ [name]: value });
  expect(problems).toHaveLength(1);
  if (typeof sentence === 'string') expect(problems[0]).toBe(`${name}: ${sentence}`);
  else expect(problems[0]).toMatch(sentence);
});

test('reports all invalid values at once', () => {
  const problems = problemsOf({ VARIANTS: 'x', FORMATS: 'gif', REVOCATION_SECONDS: 'soon' });
  expect(problems.map((problem) => problem.split(':')[0])).toEqual([
    'VARIANTS',
    'FORMATS',
    'REVOCATION_SECONDS',
  ]);
});

test.each([
  ['variants/{uid}/{imageId}/w800.webp', 'variants'],
  ['variants/{uid}/{imageId}', 'variants'],
  ['a/variants/{uid}/{imageId}', 'a/variants'],
])('rejects ORIGINALS_PATH %s within VARIANTS_PATH %s', (ORIGINALS_PATH, VARIANTS_PATH) => {
  expect(problemsOf({ ORIGINALS_PATH, VARIANTS_PATH })).toEqual([
    expect.stringMatching(
      /^VARIANTS_PATH: expected a folder that does not contain ORIGINALS_PATH; found /,
    ),
  ]);
});

test('accepts a VARIANTS_PATH that is only a prefix of a folder name of ORIGINALS_PATH', () => {
  expect(problemsOf({ ORIGINALS_PATH: 'variants2/{uid}/{imageId}' })).toEqual([]);
});

test('a .env file of version 0.1.0 still works: a number of trusted proxies trusts none, and FAILURES_PER_MINUTE is ignored', () => {
  for (const number of ['0', '1', '2', '10']) {
    const environment = { ...BUCKET, TRUSTED_PROXIES: number, FAILURES_PER_MINUTE: '60' };
    expect(parseConfig(environment).trustedProxies).toEqual([]);
  }
});

test('TRUSTED_PROXIES is a list of addresses and networks', () => {
  const list = ['203.0.113.10', '198.51.100.0/24', '2001:db8::1', '2001:db8:1::/48'];
  expect(parseConfig({ ...BUCKET, TRUSTED_PROXIES: list.join(', ') }).trustedProxies).toEqual(list);
});

describe('PUBLIC_VARIANTS', () => {
  const publicVariants = (environment: Record<string, string>) =>
    parseConfig({ ...BUCKET, WATERMARK: 'logo.png', ...environment }).publicVariants;

  test.each([
    [{}, undefined],
    [{ VARIANTS: 'a:1,b:2:gray' }, undefined],
    [{ VARIANTS: 'a:1,b:2:blur=2,c:3:watermark' }, ['b', 'c']],
    [{ VARIANTS: 'a:1,b:2:blur=2', PUBLIC_VARIANTS: 'b,a' }, ['b', 'a']],
    [{ VARIANTS: 'a:1,b:2', PUBLIC_VARIANTS: 'a' }, ['a']],
  ])('%j: %j', (environment, expected) => {
    expect(publicVariants(environment)).toEqual(expected);
  });

  test('names variants that exist', () => {
    expect(problemsOf({ VARIANTS: 'a:1,b:2', PUBLIC_VARIANTS: 'a,c' })).toEqual([
      'PUBLIC_VARIANTS: expected names that VARIANTS has (a, b); found "c".',
    ]);
  });
});

test('a variant with :watermark needs WATERMARK', () => {
  expect(problemsOf({ VARIANTS: 'a:1:watermark' })).toEqual([
    'WATERMARK: expected an object, because a variant has :watermark; found nothing.',
  ]);
  expect(problemsOf({ WATERMARK: 'a.png?scale=2' })).toEqual([
    'WATERMARK: expected scale=NUMBER above 0 up to 1, with at most four decimals; found "a.png?scale=2".',
  ]);
});

describe('events', () => {
  const of = (environment: Record<string, string>) =>
    parseConfig({ ...BUCKET, ...environment }).events;
  const channel = 'projects/p/locations/europe-west1/channels/firebase';
  const type = 'storage-public-variants.v1.onReady';

  test('a kit publishes those of EVENTS, by default none', () => {
    expect(of({})).toBeUndefined();
    expect(of({ EVENTS: 'onReady, onFailed' })).toEqual({
      channel: 'locations/us-central1/channels/firebase',
      names: ['onReady', 'onFailed'],
    });
    expect(of({ EVENTS: type, EVENTARC_CHANNEL: channel })).toEqual({
      channel,
      names: ['onReady'],
    });
    expect(problemsOf({ EVENTS: 'onReady,onSuccess', EVENTARC_CHANNEL: 'my channel' })).toEqual([
      'EVENTS: expected names of events: onStart, onReady, onHeld, onFailed, onDeleted, onRevoked; found "onSuccess".',
      'EVENTARC_CHANNEL: expected the name of a channel, such as locations/us-central1/channels/firebase; found "my channel".',
    ]);
  });

  test.each(['EXT_SELECTED_EVENTS', 'ALLOWED_EVENT_TYPES'])(
    'an extension publishes those that its installer has chosen: %s',
    (name) => {
      const selected = { [name]: `${type},storage-public-variants.v2.onOther` };
      expect(of({ ...selected, EVENTARC_CHANNEL: channel })).toEqual({
        channel,
        names: ['onReady'],
      });
      expect(of({ ...selected, EVENTARC_CHANNEL: '' })).toBeUndefined();
      expect(of({ [name]: '', EVENTARC_CHANNEL: channel })).toBeUndefined();
    },
  );
});

describe('the content filter', () => {
  const of = (environment: Record<string, string>) =>
    parseConfig({ ...BUCKET, ...environment }).filter;
  const url = 'https://filter.example/check?key=1';
  const local = 'http://127.0.0.1:9/';

  test('has an https URL, ten seconds, and holds what it does not answer', () => {
    expect(of({})).toBeUndefined();
    expect(of({ FILTER_URL: url })).toEqual({ url, timeoutSeconds: 10, onFailure: 'hold' });
    const others = { FILTER_TIMEOUT_SECONDS: '30', FILTER_FAILURE: 'allow' };
    expect(of({ FILTER_URL: url, ...others })).toEqual({
      url,
      timeoutSeconds: 30,
      onFailure: 'allow',
    });
    expect(of({ FILTER_URL: local, FUNCTIONS_EMULATOR: 'true' })).toMatchObject({ url: local });
  });

  test.each([
    local,
    'ftp://filter.example/',
    'https://a:b@filter.example/',
    'https://x.example/#a',
  ])('%s is not accepted', (FILTER_URL) => {
    const expected = 'FILTER_URL: expected an https URL without a user and a fragment, or nothing';
    expect(problemsOf({ FILTER_URL })).toEqual([`${expected}; found "${FILTER_URL}".`]);
  });
});
