/** An upload of a user in a running project, up to its public URL. */
import { StackContext } from '../../tools/dev/stack/stack-context.js';
import { get } from '../support/http.js';
import { photo } from '../support/pictures.js';
import type { Installation } from './installation.js';

/** @param instance of the kit @returns statuses of the public URL and of the original, without credentials */
export async function roundTrip(installation: Installation, instance = 'images') {
  const stack = await installation.start();
  const serve = stack.serve.replace(/kit-[^/]+-serve$/, `kit-${instance}-serve`);
  const context = new StackContext(stack);
  try {
    const start = performance.now();
    const owner = await context.user();
    const { record, name } = await context.upload(owner, photo(), { imageId: 'photo.jpg' });
    const path = `${serve}/TOKEN/w800`;
    const shown = await get(path.replace('TOKEN', record.token));
    const original = await get(context.objectUrl(name));
    const result = { state: record.state, url: shown.status, original: original.status };
    const lines = [`upload by a signed-in user: ${result.state}`];
    lines.push(`GET ${path}: ${shown.status} ${shown.headers.get('content-type')}`);
    lines.push(`GET the original, without credentials: ${result.original}`);
    installation.note(lines.join('\n'), start);
    return result;
  } finally {
    await context.close();
    await installation.stop();
  }
}

/** What every installation must do. */
export const WORKS = { state: 'ready', url: 200, original: 403 };
