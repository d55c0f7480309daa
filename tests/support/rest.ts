/** What the client SDKs do below: accounts, id tokens, uploads as Storage itself answers them. */
import { createUserWithEmailAndPassword, getAuth } from 'firebase/auth';
import type { DemoUser } from '../../tools/dev/start/demo-user.js';
import type { TestContext } from './stack.js';

let count = 0;

/** A new user with an e-mail address and a password. */
export async function emailUser(stage: TestContext): Promise<DemoUser> {
  const user = await stage.user();
  const email = `somebody-${++count}-${Date.now()}@example.com`;
  const auth = getAuth(user.storage.app);
  const { user: account } = await createUserWithEmailAndPassword(auth, email, 'a good password');
  return { ...user, uid: account.uid };
}

/** What a signed-in user's requests carry. */
export async function idTokenOf(user: DemoUser): Promise<string> {
  const { currentUser } = getAuth(user.storage.app);
  if (currentUser === null) throw new Error('expected a signed-in user, found none');
  return currentUser.getIdToken();
}

/** Uploads and gives what Storage answers: it holds a download token, which the SDK hides. */
export async function uploadForLink(
  stage: TestContext,
  user: DemoUser,
  name: string,
  data: Uint8Array,
): Promise<{ generation: string; downloadToken: string }> {
  const { storage, bucket } = stage.stack;
  const query = `uploadType=media&name=${encodeURIComponent(name)}`;
  const response = await fetch(`http://${storage}/v0/b/${bucket}/o?${query}`, {
    method: 'POST',
    headers: {
      authorization: `Firebase ${await idTokenOf(user)}`,
      'content-type': 'image/jpeg',
    },
    body: new Uint8Array(data),
  });
  const answer = (await response.json()) as { generation?: string; downloadTokens?: string };
  const { generation, downloadTokens } = answer;
  if (!generation || !downloadTokens) {
    throw new Error(`expected a generation and a download token, found status ${response.status}`);
  }
  return { generation, downloadToken: downloadTokens };
}
