/** Accounts, ID tokens and uploads at the level of the REST APIs that the client SDKs use. */
import { createUserWithEmailAndPassword, getAuth } from 'firebase/auth';
import type { DemoUser } from '../../tools/dev/start/demo-user.js';
import type { TestContext } from './stack.js';

let count = 0;

/** Creates a user with an email address and a password, signed in. */
export async function emailUser(context: TestContext): Promise<DemoUser> {
  const user = await context.user();
  const email = `user-${++count}-${Date.now()}@example.com`;
  const auth = getAuth(user.storage.app);
  const { user: account } = await createUserWithEmailAndPassword(auth, email, 'a good password');
  return { ...user, uid: account.uid };
}

/** Returns the ID token of a signed-in user. */
export async function idTokenOf(user: DemoUser): Promise<string> {
  const { currentUser } = getAuth(user.storage.app);
  if (currentUser === null) throw new Error('expected a signed-in user, found none');
  return currentUser.getIdToken();
}

/** Uploads and returns the download token of the response, which the SDK does not expose. */
export async function uploadForLink(
  context: TestContext,
  user: DemoUser,
  name: string,
  data: Uint8Array,
): Promise<{ generation: string; downloadToken: string }> {
  const { generation, downloadTokens: downloadToken } = await uploadRaw(context, user, name, {
    data,
    contentType: 'image/jpeg',
  });
  if (!downloadToken) throw new Error('expected a download token, found none');
  return { generation, downloadToken };
}

/** Uploads with one request. @param contentType null: the request has none, which the SDK cannot do */
export async function uploadRaw(
  context: TestContext,
  user: DemoUser,
  name: string,
  { data, contentType }: { data: Uint8Array; contentType: string | null },
): Promise<{ generation: string; downloadTokens?: string }> {
  const { storage, bucket } = context.stack;
  const query = `uploadType=media&name=${encodeURIComponent(name)}`;
  const response = await fetch(`http://${storage}/v0/b/${bucket}/o?${query}`, {
    method: 'POST',
    headers: {
      authorization: `Firebase ${await idTokenOf(user)}`,
      ...(contentType !== null && { 'content-type': contentType }),
    },
    body: new Uint8Array(data),
  });
  const metadata = (await response.json()) as { generation?: string; downloadTokens?: string };
  if (!metadata.generation) {
    throw new Error(`expected a generation, found status ${response.status}`);
  }
  return { ...metadata, generation: metadata.generation };
}
