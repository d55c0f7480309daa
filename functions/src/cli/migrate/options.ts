/** The command line of `migrate`. */
import { parseArgs } from 'node:util';
import { MigrateError } from './error.js';
import { DEFAULT_PARTS, PARTS, type Part } from './finish.js';

export const USAGE = `storage-public-variants migrate plan|run|verify|finish|undo [--map FILE] [--project P] [--instance I]
       [--bucket B] [--params FILE] [--extension FILE] [--journal FILE] [--list N]
       run: [--concurrency N] [--wait S] [--extension-off]    verify: [--samples N]
       finish: [--yes] [--only PART] [--irreversible]    finish, undo: [--undo FILE]

Moves images of storage-resize-images to an installation of storage-public-variants.

plan    lists what is there, what would happen, how long it takes and what it costs; changes nothing
run     copies each original, without its download tokens, and waits until its variants are ready; writes public
        tokens to documents. Deletes nothing. Run it again after an interruption, or for new images
verify  checks that each image is ready and shows the same picture
finish  removes download tokens, resized files and URL fields of images that are ready
undo    restores the download tokens and URL fields that finish removed

--map FILE       who owns which image, and which documents in which Firestore database refer to it; see the guide
--project P      Firebase project, read with Application Default Credentials, which "gcloud auth
                 application-default login" creates; default: that of .firebaserc
--instance I     instance id in firebase.json; outside of the project's folder kit-ID or ext-ID; default: the only one
--bucket B       bucket of the new originals; default: BUCKET of the parameters, else P.firebasestorage.app
--params FILE    parameters of the new instance, one NAME=value per line; default: the instance's file in the
                 project's folder
--extension FILE parameters of storage-resize-images; default: the file in extensions/ that has IMG_SIZES
--journal FILE   what was done, one JSON object per line; default: migrate-P.jsonl
--list N         print at most N entries of each list; default: 20
--concurrency N  images in progress at the same time; default: 32
--wait S         seconds to wait for one image; default: 600
--extension-off  storage-resize-images is uninstalled, or does not handle the new paths
--samples N      number of images whose pictures are compared; default: 20
--yes            change something; without it, finish only says what it would do
--only PART      tokens, thumbnails, fields or originals; can be given several times; default: all but originals
--irreversible   delete objects although the bucket has neither soft delete nor object versioning
--undo FILE      where finish writes what it removes; it has download tokens, so keep it private; default:
                 migrate-P-undo.jsonl

Works on emulators with FIRESTORE_EMULATOR_HOST and STORAGE_EMULATOR_HOST, --project, --bucket and --params.

Exit code: 0 if nothing is left to do; 1 if some images are not ready or differ, or --yes is missing; 2 if the command
failed.
`;

const ACTIONS = ['plan', 'run', 'verify', 'finish', 'undo'] as const;
export type Action = (typeof ACTIONS)[number];

export interface Options {
  help: boolean;
  action: Action;
  map?: string;
  project?: string;
  instance?: string;
  bucket?: string;
  params?: string;
  extension?: string;
  journal?: string;
  undo?: string;
  list: number;
  concurrency: number;
  waitMs: number;
  samples: number;
  extensionOff: boolean;
  yes: boolean;
  parts: readonly Part[];
  irreversible: boolean;
}

/** @throws MigrateError */
export function parseOptions(argv: string[]): Options {
  let parsed;
  try {
    parsed = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', default: false },
        map: { type: 'string' },
        project: { type: 'string' },
        instance: { type: 'string' },
        bucket: { type: 'string' },
        params: { type: 'string' },
        extension: { type: 'string' },
        journal: { type: 'string' },
        undo: { type: 'string' },
        list: { type: 'string', default: '20' },
        concurrency: { type: 'string', default: '32' },
        wait: { type: 'string', default: '600' },
        samples: { type: 'string', default: '20' },
        'extension-off': { type: 'boolean', default: false },
        yes: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        irreversible: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new MigrateError(`${(error as Error).message}\n\n${USAGE}`);
  }
  const { values, positionals } = parsed;
  const { help, map, project, instance, bucket, params, extension, journal, undo, only } = values;
  const [name] = positionals;
  const action = ACTIONS.find((one) => one === name);
  if (!help && (action === undefined || positionals.length !== 1)) {
    const found = name === undefined ? 'nothing' : `"${positionals.join(' ')}"`;
    throw new MigrateError(`expected one of ${ACTIONS.join(', ')}, found ${found}\n\n${USAGE}`);
  }
  if (project !== undefined && !/^[a-z0-9][a-z0-9:.-]*$/.test(project)) {
    throw new MigrateError(`--project: expected the id of a Firebase project, found "${project}"`);
  }
  const parts = only.map((text) => {
    const part = PARTS.find((one) => one === text);
    if (part !== undefined) return part;
    throw new MigrateError(`--only: expected one of ${PARTS.join(', ')}, found "${text}"`);
  });
  const given = { map, project, instance, bucket, params, extension, journal, undo };
  return {
    ...(Object.fromEntries(
      Object.entries(given).filter(([, value]) => value !== undefined),
    ) as Partial<Record<keyof typeof given, string>>),
    help,
    action: action ?? 'plan',
    list: wholeNumber('list', values.list, 0),
    concurrency: wholeNumber('concurrency', values.concurrency, 1),
    waitMs: wholeNumber('wait', values.wait, 0) * 1000,
    samples: wholeNumber('samples', values.samples, 0),
    extensionOff: values['extension-off'],
    yes: values.yes,
    parts: parts.length > 0 ? parts : DEFAULT_PARTS,
    irreversible: values.irreversible,
  };
}

function wholeNumber(name: string, text: string, least: number): number {
  if (/^\d{1,6}$/.test(text) && Number(text) >= least) return Number(text);
  throw new MigrateError(
    `--${name}: expected a whole number of at least ${least}, found "${text}"`,
  );
}
