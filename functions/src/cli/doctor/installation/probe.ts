/** One round trip: uploads an image, waits for it, looks at its URLs, and deletes all of it again. */
import { randomBytes } from 'node:crypto';
import { toPrintable } from '../printable.js';
import { deployedName, serveUrl, type Installation } from './installation.js';
import { reporter, type Finding } from './finding.js';
import { openProbeObjects, type ProbeObjects, type ProbeRecord } from './probe-objects.js';
import type { AnonymousResponse, Answer, RestClient } from './rest.js';
import { unread } from './unread.js';

const { ok, fault, warning } = reporter('probe');

/** Time until the image must be ready, with cold starts, milliseconds. */
const READY_MS = 180_000;
/** Time until the functions must have deleted the records of the deleted original, milliseconds. */
const DELETED_MS = 120_000;
const INTERVAL_MS = 2000;

export interface ProbeEnvironment {
  /** Milliseconds since 1970. */
  now: () => number;
  wait: (ms: number) => Promise<void>;
  progress: (line: string) => void;
  /** Whether the user pressed Ctrl+C: the probe stops waiting and cleans up. */
  isCancelled: () => boolean;
}

/**
 * Uploads an image for a user that does not exist. Deletes what was uploaded and written, also after a failure.
 * @param earlier findings of the checks, which explain why events do not arrive
 * @throws CredentialsError
 */
export async function probe(
  client: RestClient,
  installation: Installation,
  earlier: readonly Finding[],
  environment: ProbeEnvironment,
): Promise<Finding[]> {
  const suffix = randomBytes(12).toString('hex');
  const owner = { uid: `doctor-${suffix}`, imageId: `probe-${suffix}` };
  const objects = openProbeObjects(client, installation, owner);
  environment.progress('probe: uploading');
  const uploaded = await objects.upload();
  if (!('value' in uploaded)) {
    // A timeout does not tell whether the object exists.
    const left = uploaded.status === 0 ? await removeAll(objects, undefined, installation) : [];
    return [unread('probe', 'the round trip', uploaded, installation.projectId), ...left];
  }
  const findings: Finding[] = [];
  let isReady = false;
  try {
    const result = await untilReady(objects, environment);
    if (typeof result === 'string') {
      findings.push(...(await explain(result, objects, installation, earlier)));
    } else {
      isReady = true;
      findings.push(...(await checkUrls(client, installation, objects, result)));
    }
  } finally {
    environment.progress('probe: deleting what it uploaded');
    const deleted = await objects.deleteOriginal(uploaded.value);
    if (isReady && 'value' in deleted) {
      findings.push(...(await untilDeleted(objects, installation, environment)));
    }
    findings.push(...(await removeAll(objects, deleted, installation)));
  }
  const isFault = findings.some(({ level }) => level !== 'ok');
  return isFault
    ? findings
    : [
        ok(
          'An uploaded image was ready, visible through its public URL only, and is deleted again.',
        ),
      ];
}

/** @returns the record, or a state: the last one, or empty without a record */
async function untilReady(
  objects: ProbeObjects,
  { now, wait, progress, isCancelled }: ProbeEnvironment,
): Promise<ProbeRecord | string> {
  const start = now();
  for (let last = ''; ;) {
    const record = await objects.findRecord();
    if ('value' in record) {
      const { state, code } = record.value;
      if (state === 'ready') return record.value;
      if (state === 'failed') return `failed ${code}`;
      if (state === 'held') return state;
      last = state;
    } else if (record.status !== 404) return `unread ${record.permission ?? record.reason}`;
    if (isCancelled()) return 'cancelled';
    if (now() - start > READY_MS) return last;
    progress(`probe: waiting for the image, ${Math.round((now() - start) / 1000)} s`);
    await wait(INTERVAL_MS);
  }
}

/** Says why the image is not ready. */
async function explain(
  state: string,
  objects: ProbeObjects,
  installation: Installation,
  earlier: readonly Finding[],
): Promise<Finding[]> {
  const { config, projectId } = installation;
  const seconds = READY_MS / 1000;
  const logs = (name: 'originalFinalized' | 'processImage') =>
    `firebase functions:log --only ${deployedName(installation, name)} --project ${projectId}`;
  if (state === 'cancelled') return [warning('The round trip was cancelled.')];
  if (state.startsWith('unread ')) {
    return [warning(`Not checked: the image record of the probe (${state.slice(7)}).`)];
  }
  if (state.startsWith('failed ')) {
    const code = toPrintable(state.slice(7));
    return [fault(`Processing the probe's image failed: ${code}.`, logs('processImage'))];
  }
  if (state === 'held') {
    const message =
      'The content filter (FILTER_URL) holds the image of the probe: whether it is served was not checked.';
    return [warning(message)];
  }
  if (state !== '') {
    return [
      fault(
        `The probe's image was still "${toPrintable(state)}" after ${seconds} s.`,
        logs('processImage'),
      ),
    ];
  }
  const token = config.lockOriginals ? await objects.hasDownloadToken() : undefined;
  // originalFinalized revokes the download token before it enqueues the task.
  const arrived = token !== undefined && 'value' in token && !token.value;
  if (arrived) {
    const causes = causesOf(earlier, ['queues', 'functions']);
    return [
      fault(
        `The upload's event arrived, but its task did not run within ${seconds} s. ${causes.text}`,
        ...causes.commands,
        logs('processImage'),
      ),
    ];
  }
  const causes = causesOf(earlier, ['functions', 'events']);
  return [
    fault(
      `Events don't arrive: nothing happened within ${seconds} s after an upload. ${causes.text}`,
      ...causes.commands,
      logs('originalFinalized'),
    ),
  ];
}

function causesOf(earlier: readonly Finding[], checks: readonly Finding['check'][]) {
  const causes = earlier.filter(({ check, level }) => level !== 'ok' && checks.includes(check));
  return causes.length === 0
    ? {
        text: 'All that this command can check is in order: roles that were granted just now take some minutes; then look at the log.',
        commands: [],
      }
    : {
        text: `What is missing: ${causes.map(({ message }) => message).join(' ')}`,
        commands: [...new Set(causes.flatMap(({ commands = [] }) => commands))],
      };
}

async function checkUrls(
  client: RestClient,
  installation: Installation,
  objects: ProbeObjects,
  { token }: ProbeRecord,
): Promise<Finding[]> {
  const { config } = installation;
  const base = config.publicBaseUrl ?? serveUrl(installation);
  const variant = config.variants[0]?.name ?? '';
  const path = objects.name.split('/').map(encodeURIComponent).join('/');
  const whole = encodeURIComponent(objects.name);
  const [image, direct, throughRules, hasToken] = await Promise.all([
    client.anonymous(`${base}/${token}/${variant}`),
    client.anonymous(`https://storage.googleapis.com/${config.bucket}/${path}`),
    client.anonymous(
      `https://firebasestorage.googleapis.com/v0/b/${config.bucket}/o/${whole}?alt=media`,
    ),
    objects.hasDownloadToken(),
  ]);
  const findings: Finding[] = [];
  const type = 'value' in image ? (image.value.headers.get('content-type') ?? '') : '';
  // Never the URL: it has the token.
  if (!('value' in image) || image.value.status !== 200 || !type.startsWith('image/')) {
    findings.push(
      fault(`Expected an image at the public URL under ${base}, found ${found(image)}.`),
    );
  }
  for (const [url, answer] of [
    [`https://storage.googleapis.com/${config.bucket}/…`, direct],
    [`https://firebasestorage.googleapis.com/v0/b/${config.bucket}/…`, throughRules],
  ] as const) {
    if ('value' in answer && [401, 403].includes(answer.value.status)) continue;
    // Firebase does not know a bucket that was not added to it.
    if (answer === throughRules && 'value' in answer && answer.value.status === 404) continue;
    findings.push(
      fault(
        `Expected ${url} to refuse the original to strangers (401 or 403), found ${found(answer)}.`,
      ),
    );
  }
  if (config.lockOriginals && 'value' in hasToken && hasToken.value) {
    findings.push(
      fault(
        "The functions did not revoke the original's download token, which bypasses all rules.",
      ),
    );
  }
  return findings;
}

function found(answer: Answer<AnonymousResponse>): string {
  if (!('value' in answer)) return answer.reason;
  const { status, headers } = answer.value;
  return `HTTP ${status} (${toPrintable(headers.get('content-type') ?? 'no content type')})`;
}

/** Waits until the functions have deleted the records, as they do for every deleted original. */
async function untilDeleted(
  objects: ProbeObjects,
  installation: Installation,
  { now, wait, progress, isCancelled }: ProbeEnvironment,
): Promise<Finding[]> {
  const start = now();
  for (;;) {
    const record = await objects.findRecord();
    if (!('value' in record)) return [];
    if (isCancelled()) return [];
    if (now() - start > DELETED_MS) {
      return [
        fault(
          `The records of a deleted original were still there after ${DELETED_MS / 1000} s: its public URL goes on working.`,
          `firebase functions:log --only ${deployedName(installation, 'originalDeleted')} --project ${installation.projectId}`,
        ),
      ];
    }
    progress(`probe: waiting for the deletion, ${Math.round((now() - start) / 1000)} s`);
    await wait(INTERVAL_MS);
  }
}

/**
 * Deletes what is left.
 * @param deleted the answer to the deletion of the original; undefined if it was not tried
 */
async function removeAll(
  objects: ProbeObjects,
  deleted: Answer<unknown> | undefined,
  { config, projectId }: Installation,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const isDeleted = deleted !== undefined && ('value' in deleted || deleted.status === 404);
  if (!isDeleted) {
    findings.push(
      warning(
        'The original of the probe may still be there.',
        `gcloud storage rm gs://${config.bucket}/${objects.name} --project=${projectId}`,
      ),
    );
  }
  const [failure] = await objects.deleteRest();
  if (failure !== undefined) {
    const why = failure.permission ?? failure.reason;
    findings.push(
      warning(
        `Records or renditions of the probe may be left (${why}). If its original is gone, this deletes them:`,
        `npx storage-public-variants doctor --project ${projectId} --only records --fix`,
      ),
    );
  }
  return findings;
}
