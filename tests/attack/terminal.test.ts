/** Names with terminal escape sequences, in the local stack: what an administrator sees of them. */
import { ref, uploadBytes } from 'firebase/storage';
import type { DemoUser } from '../../tools/dev/start/demo-user.js';
import { openDoctor, type Doctor } from '../support/doctor.js';
import { plainJpeg } from '../support/pictures.js';
import { TestContext } from '../support/stack.js';

/** Paths and collections that the functions of the local stack do not use. */
const PARAMETERS = {
  ORIGINALS_PATH: 'names/{uid}/{imageId}',
  VARIANTS_PATH: 'namesVariants',
  IMAGES_COLLECTION: 'names/{uid}/namesImages',
  TOKENS_COLLECTION: 'namesTokens',
};

/** What a terminal does with each name. */
const NAMES = {
  'clears the screen': 'cat\x1b[2J\x1b[HNothing is wrong.',
  'sets the title of the window': 'dog\x1b]0;title\x07',
  'starts a new line': 'fox\u009b2K gone\r\nNothing is wrong.',
  'hides and reverses text': 'owl\x1b[8m hidden\u202egpj.exe',
};
/**
 * The originals that the doctor finds. The local stack's Firestore has no documents with control characters in
 * their ids, so these ids are not valid ids of documents; command.test.ts has others.
 */
const ORIGINALS = Object.values(NAMES).map((name) => `names/alice/__${name}__`);
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

let context: TestContext;
let owner: DemoUser;
let doctor: Doctor;

beforeAll(async () => {
  context = new TestContext();
  owner = await context.user();
  doctor = openDoctor(context.stack, PARAMETERS);
  for (const name of ORIGINALS) {
    await context.uploadAsAdmin(name, await plainJpeg(8, 8, '#808080'));
  }
});
afterAll(async () => {
  doctor.close();
  await context.close();
});

test('doctor --json prints the exact names, escaped', async () => {
  const { code, out, err } = await doctor.run('--json');
  expect({ code, err }).toEqual({ code: 1, err: '' });
  expect(out.replaceAll('\n', '')).not.toMatch(CONTROLS);
  const { findings } = JSON.parse(out) as { findings: { of: string }[] };
  expect(findings.map(({ of }) => of).sort()).toEqual([...ORIGINALS].sort());
});

test.each([
  { options: [], exitCode: 1 },
  { options: ['--fix'], exitCode: 0 },
])(
  'doctor $options prints no control character of a name, and reports each',
  async ({ options, exitCode }) => {
    const { code, out, err } = await doctor.run(...options);
    expect({ code, err }).toEqual({ code: exitCode, err: '' });
    expect(out.replaceAll('\n', '')).not.toMatch(CONTROLS);
    for (const name of ORIGINALS) expect(out).toContain(`${name.slice(0, 17)}\\u00`);
    expect(out).not.toMatch(/^Nothing is wrong/m);
  },
);

test.each(Object.entries(NAMES))('the rules deny a name that %s', async (_effect, name) => {
  const target = ref(owner.storage, `originals/${owner.uid}/${name}`);
  const upload = uploadBytes(target, await plainJpeg(8, 8, '#000'), { contentType: 'image/jpeg' });
  await expect(upload).rejects.toMatchObject({ code: 'storage/unauthorized' });
});
