/** Keeps the Firebase CLI from sending requests to other machines, also where the user has logged in. */
// cspell:ignore apiv
import { loadModule, prototypeOf, replace, toCliError } from './patch.js';

/** Refuses requests to Google's APIs, and sends no usage statistics. */
export function sendNoRequests(): void {
  const client = prototypeOf(loadModule('apiv2'), 'Client');
  replace(
    client,
    'request',
    (original) =>
      function request(this: unknown, ...args) {
        const { opts } = this as { opts: { urlPrefix: string } };
        const { protocol, host } = new URL(opts.urlPrefix);
        // The emulators, and only they, are called without TLS.
        if (protocol !== 'http:') {
          const sentence = `expected no request to ${host}: the emulators run without Google`;
          return Promise.reject(toCliError(new Error(sentence)));
        }
        return original.apply(this, args);
      },
  );
  for (const name of ['trackGA4', 'trackEmulator']) {
    replace(loadModule('track'), name, () => () => Promise.resolve());
  }
  // Asks for a login where there are extensions.
  replace(loadModule('requireAuth'), 'requireAuth', () => () => Promise.resolve(null));
  // Looks for an editor on this machine.
  replace(loadModule('dataconnect/webhook'), 'sendVSCodeMessage', () => () => Promise.resolve());
  // Looks up whether this version is still supported.
  replace(loadModule('fetchMOTD'), 'fetchMOTD', () => () => undefined);
}
