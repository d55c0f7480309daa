/** Input that `init` can do nothing with. */
import {
  FLAGS,
  MONOREPO,
  MONOREPO_FLAGS,
  TYPICAL,
  UserProject,
} from '../../../test/cli/init/user-project.js';

let project: UserProject;
afterEach(() => project.remove());

const ENV = 'function-kits/images/config/.env.my-app';

describe('bad input is answered with one sentence, and nothing is changed', () => {
  const without = (name: string) =>
    JSON.stringify({
      ...JSON.parse((TYPICAL['firebase.json'] ?? '').replaceAll(/\/\/.*/g, '')),
      [name]: undefined,
    });
  const cases: [title: string, files: Record<string, string>, args: string[], err: RegExp][] = [
    ['no firebase.json', {}, FLAGS, /expected firebase\.json in .* found none/],
    ['no project', { 'firebase.json': '{}' }, FLAGS, /^--project: expected the id/],
    ['no bucket and no region', TYPICAL, ['--yes'], /^expected --bucket .* and --region/],
    [
      'an invalid project',
      TYPICAL,
      [...FLAGS, '--project', 'My App'],
      /^--project: .* found "My App"/,
    ],
    [
      'an invalid bucket',
      TYPICAL,
      [...FLAGS, '--bucket', 'My_Bucket'],
      /^--bucket: .* found "My_Bucket"/,
    ],
    ['a multi-region', TYPICAL, [...FLAGS, '--region', 'us'], /^--region: .* found "us"/],
    ['an invalid folder', TYPICAL, [...FLAGS, '--folder', 'a b'], /^--folder: .* found "a b"/],
    [
      'a folder with one id',
      TYPICAL,
      [...FLAGS, '--folder', 'a/{uid}'],
      /^--folder: .* found "a\/\{uid\}"/,
    ],
    [
      'originals among renditions',
      TYPICAL,
      [...FLAGS, '--folder', 'variants/x'],
      /^VARIANTS_PATH: expected/m,
    ],
    [
      'an invalid instance',
      TYPICAL,
      [...FLAGS, '--instance', 'Images'],
      /^--instance: .* found "Images"/,
    ],
    [
      'a codebase with the name',
      MONOREPO,
      [...MONOREPO_FLAGS, '--instance', 'api'],
      /^--instance: .* found "api"/,
    ],
    [
      'the default codebase',
      TYPICAL,
      [...FLAGS, '--instance', 'default'],
      /^--instance: .* found "default"/,
    ],
    [
      'an invalid path',
      TYPICAL,
      [...FLAGS, '--hosting-path', 'i'],
      /^--hosting-path: .* found "i"/,
    ],
    [
      'no hosting',
      { ...TYPICAL, 'firebase.json': without('hosting') },
      [...FLAGS, '--hosting-path', '/i'],
      /^--hosting-path: expected "hosting"/,
    ],
    [
      'several sites',
      MONOREPO,
      ['--yes', '--storage-target', 'uploads', '--region', 'us-east1'],
      /^--hosting-site: expected one of web, admin/,
    ],
    [
      'an unknown site',
      MONOREPO,
      [...MONOREPO_FLAGS, '--hosting-site', 'x'],
      /^--hosting-site: .* found "x"/,
    ],
    [
      'several storage targets',
      MONOREPO,
      FLAGS,
      /^--storage-target: expected one of uploads, backups/,
    ],
    [
      'an unknown storage target',
      MONOREPO,
      [...MONOREPO_FLAGS, '--storage-target', 'x'],
      /^--storage-target: .* found "x"/,
    ],
    [
      'the target of another bucket',
      MONOREPO,
      [...MONOREPO_FLAGS, '--bucket', 'my-app-backups'],
      /^--storage-target: expected the target of/,
    ],
    [
      'a target where there is none',
      TYPICAL,
      [...FLAGS, '--storage-target', 'x'],
      /^--storage-target: expected none/,
    ],
    [
      'another runtime',
      TYPICAL,
      [...FLAGS, '--runtime', '20'],
      /^--runtime: expected 22 or 24, found "20"/,
    ],
    ['an unknown option', TYPICAL, ['--buckets', 'x'], /Unknown option '--buckets'.*--help/],
    ['an argument', TYPICAL, ['images'], /^expected options only, found "images"/],
    [
      'a tarball that does not exist',
      TYPICAL,
      [...FLAGS, '--tarball', 'storage-public-variants-1.0.0.tgz'],
      /^--tarball: expected/,
    ],
    [
      'invalid JSON',
      { ...TYPICAL, 'firebase.json': '{\n  "a": }' },
      FLAGS,
      /^firebase\.json:2:8: expected valid JSON/,
    ],
    [
      'an array as firebase.json',
      { ...TYPICAL, 'firebase.json': '[]' },
      FLAGS,
      /^firebase\.json: expected a JSON object/,
    ],
    [
      'another database',
      { ...TYPICAL, 'firebase.json': '{"firestore":{"database":"x","rules":"firestore.rules"}}' },
      FLAGS,
      /the database \(default\)/,
    ],
    [
      'rules that can not be parsed',
      { ...TYPICAL, 'storage.rules': 'service firebase.storage {\n match' },
      FLAGS,
      /^storage\.rules:2:\d+: /,
    ],
    [
      'rules with an empty match',
      {
        ...TYPICAL,
        'storage.rules': (TYPICAL['storage.rules'] ?? '').replace(/allow [^;]*;/g, ''),
      },
      FLAGS,
      /^storage\.rules:6:\d+: .*nothing was changed/,
    ],
    [
      'rules of another service',
      { ...TYPICAL, 'storage.rules': TYPICAL['firestore.rules'] ?? '' },
      FLAGS,
      /^storage\.rules: expected rules of the service firebase\.storage/,
    ],
    [
      'indexes that can not be parsed',
      { ...TYPICAL, 'firestore.indexes.json': '{' },
      FLAGS,
      /^firestore\.indexes\.json:1:\d: expected valid JSON/,
    ],
    [
      'another package in the folder',
      { ...TYPICAL, 'function-kits/images/package.json': '{"name":"x"}' },
      FLAGS,
      /^function-kits\/images\/package\.json: expected a dependency/,
    ],
  ];

  test.each(cases)('%s', async (_title, files, args, expected) => {
    project = new UserProject(files);
    const before = project.snapshot();
    const { code, out, err, started } = await project.init(args);
    expect(err).toMatch(expected);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect({ code, out, started }).toEqual({ code: 2, out: '', started: [] });
    expect(project.snapshot()).toEqual(before);
  });

  test('bytes that are not UTF-8', async () => {
    project = new UserProject(TYPICAL);
    project.write('storage.rules', Buffer.from([0x2f, 0x2f, 0xe9, 0x0a]));
    const { code, err } = await project.init(FLAGS);
    expect({ code, err }).toEqual({
      code: 2,
      err: 'storage.rules: expected a text file, found bytes that are not UTF-8.\n',
    });
  });

  test('options that contradict stored parameters', async () => {
    project = new UserProject(TYPICAL);
    await project.init(FLAGS);
    const before = project.snapshot();
    for (const [flag, value] of [
      ['--bucket', 'other-bucket'],
      ['--region', 'us-east1'],
      ['--folder', 'photos'],
      ['--base-url', 'https://example.com'],
    ] as const) {
      const { code, err } = await project.init(['--yes', flag, value]);
      expect(code).toBe(2);
      expect(err).toMatch(new RegExp(`^${flag}: expected .* as in ${ENV}, found "`));
    }
    expect(project.snapshot()).toEqual(before);
  });

  test('a file that can not be written', async () => {
    project = new UserProject({
      ...TYPICAL,
      'function-kits/images': 'a file where a folder must be',
    });
    const before = project.snapshot();
    const { code, err } = await project.init(FLAGS);
    expect(code).toBe(2);
    expect(err).toMatch(/expected to write the file, found E\w+; nothing was changed\.\n$/);
    expect(project.snapshot()).toEqual(before);
  });
});
