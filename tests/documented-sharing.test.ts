/** The example of the guide "Sharing", run against the handler of the callable. */
import { openMemoryHarness, settle } from '../functions/test/lifecycle/memory-harness.js';
import { handleSharingCall } from '../functions/src/sharing/sharing.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeBlocksOf, ROOT } from './support/documentation.js';
import { runExample } from './support/examples.js';

const PAGE = 'docs/guides/sharing.md';

test('the example shares an image, lists the share and revokes it', async () => {
  const memory = openMemoryHarness({ VARIANTS: 'w800:800' });
  const { harness, backend, time } = memory;
  await harness.upload('originals/alice/cat', 'cat');
  await settle(memory);
  const context = { ...harness.processingContext(), limit: { count: () => {} } };
  const called: unknown[][] = [];
  const watched: unknown[] = [];
  const [example] = codeBlocksOf({
    path: PAGE,
    text: readFileSync(join(ROOT, PAGE), 'utf8'),
  }).filter(({ language }) => language === 'ts');
  const modules = {
    'firebase/app': { getApp: () => 'app' },
    'firebase/functions': {
      getFunctions: (...args: unknown[]) => args,
      httpsCallable: (functions: unknown, name: string) => async (data: object) => {
        called.push([functions, name]);
        const result = await handleSharingCall('alice', data, context);
        if ('failure' in result) throw new Error(result.failure.details.reason);
        return { data: result.answer };
      },
    },
    'firebase/firestore': {
      getFirestore: () => 'firestore',
      collection: (_firestore: unknown, path: string) => path,
      where: (...condition: unknown[]) => condition,
      query: (...parts: unknown[]) => parts,
      onSnapshot: (query: unknown, next: (snapshot: object) => void) => {
        watched.push(query);
        const docs = [...backend.shareRecords].map(([key, share]) => ({
          id: key.slice('alice/'.length),
          data: () => share,
        }));
        next({ docs });
      },
    },
  };
  const { share, revoke, watchShares } = runExample(example?.code ?? '', modules, {
    crypto,
    Date,
  }) as {
    share: (imageId: string, label: string) => Promise<string>;
    revoke: (shareId: string) => Promise<Date>;
    watchShares: (uid: string, imageId: string, show: (shares: object[]) => void) => void;
  };
  expect(await share('cat', 'Anna')).toMatch(/^https:\/\/YOUR-SITE\/i\/spv_\w+\/w800$/);
  let shown: { shareId?: string }[] = [];
  watchShares('alice', 'cat', (shares) => (shown = shares));
  expect(watched).toEqual([['users/alice/imageShares', ['imageId', '==', 'cat']]]);
  expect(shown).toMatchObject([{ imageId: 'cat', state: 'active', label: 'Anna' }]);
  const end = await revoke(shown[0]?.shareId ?? '');
  expect(end.getTime()).toBe(time.now + harness.config.revocationSeconds * 1000);
  expect([...backend.shareRecords.values()]).toMatchObject([{ state: 'revoked' }]);
  expect(called).toEqual([
    [['app', 'us-central1'], 'kit-images-sharing'],
    [['app', 'us-central1'], 'kit-images-sharing'],
  ]);
});
