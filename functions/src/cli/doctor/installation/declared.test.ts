import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { DECLARED, type Trigger } from './declared.js';

/** The part of an endpoint that names its trigger; see `ManifestEndpoint` in firebase-functions. */
interface Endpoint {
  eventTrigger?: { eventType: string };
  taskQueueTrigger?: object;
  callableTrigger?: object;
}

test('lists the functions that are deployed, with their triggers', () => {
  const script = `const functions = require('./lib/index.js');
    console.log(JSON.stringify(Object.entries(functions).map(([name, one]) => [name, one.__endpoint])))`;
  const cwd = join(__dirname, '..', '..', '..', '..');
  const env = { PATH: process.env['PATH'], BUCKET: 'bucket' };
  const output = execFileSync(process.execPath, ['-e', script], { cwd, env, encoding: 'utf8' });
  const endpoints = JSON.parse(output) as [string, Endpoint][];
  const triggers = endpoints.map(([name, endpoint]): [string, Trigger] => {
    const { eventTrigger, taskQueueTrigger, callableTrigger } = endpoint;
    if (eventTrigger) return [name, { kind: 'storage', eventType: eventTrigger.eventType }];
    if (taskQueueTrigger) return [name, { kind: 'tasks' }];
    return [name, { kind: callableTrigger ? 'callable' : 'https' }];
  });
  expect(Object.fromEntries(triggers)).toEqual(DECLARED);
});
