/** Test helper: a user of the web SDK who signs in and out while streams are open. Runs in Node.js and browsers. */
import { createMockUserToken } from '@firebase/util';
import type { FirebaseApp } from 'firebase/app';

type Listener = (token: string | null) => void;

/** What Firestore uses of Firebase Authentication: it asks for a token for each stream that it opens. */
export class ChangingUser {
  readonly #listeners = new Set<Listener>();
  readonly #projectId: string;
  #uid: string | null = null;

  /** @param app without Firebase Authentication; Firestore is not initialized yet */
  constructor(app: FirebaseApp) {
    this.#projectId = app.options.projectId ?? '';
    const component = {
      name: 'auth-internal',
      type: 'PRIVATE',
      instantiationMode: 'LAZY',
      multipleInstances: false,
      serviceProps: {},
      onInstanceCreated: null,
      instanceFactory: () => this.#auth,
    };
    const { container } = app as unknown as {
      container: { addOrOverwriteComponent(component: object): void };
    };
    container.addOrOverwriteComponent(component);
  }

  /** @param uid null: signs out */
  signIn(uid: string | null): void {
    this.#uid = uid;
    for (const listener of this.#listeners) listener(this.#token());
  }

  readonly #auth = {
    getUid: () => this.#uid,
    getToken: () => {
      const accessToken = this.#token();
      return Promise.resolve(accessToken === null ? null : { accessToken });
    },
    addAuthTokenListener: (listener: Listener) => {
      this.#listeners.add(listener);
      // Firestore waits for a call that comes later.
      queueMicrotask(() => listener(this.#token()));
    },
    removeAuthTokenListener: (listener: Listener) => void this.#listeners.delete(listener),
  };

  #token(): string | null {
    return this.#uid === null ? null : createMockUserToken({ sub: this.#uid }, this.#projectId);
  }
}
