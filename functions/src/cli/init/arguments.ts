/** The command line of `init`. */
import { parseArgs } from 'node:util';
import { InitError } from './changes.js';

export const USAGE = `storage-public-variants init [--project P] [--bucket B] [--region R] [--folder F] [--instance ID]
       [--hosting-path PATH] [--hosting-site NAME] [--storage-target NAME] [--base-url URL]
       [--trigger-region R] [--runtime 22|24] [--tarball FILE] [--yes] [--dry-run] [--no-install]

Adds the function kit to the Firebase project of this folder: a folder for the kit, its parameters, and what
firebase.json, the security rules and the Firestore indexes need. Shows all changes before it writes them.
Run it again to upgrade: it keeps what is there and adds what is new.

--project P     project id or alias; default: the default project of .firebaserc
--bucket B      bucket that users upload to, such as my-project.firebasestorage.app
--region R      region of the functions, such as europe-west1: that of the bucket, or one within its multi-region
--folder F      folder of originals, where users upload to F/{uid}/{imageId}, or the whole path with {uid} and
                {imageId}; default: originals
--instance ID   name of the installation, part of the functions' names; default: images
--hosting-path PATH
                path of image URLs on Firebase Hosting, or none; default: /i if firebase.json has hosting
--hosting-site NAME
                site or target in firebase.json that gets the path, if there are several
--storage-target NAME
                target in firebase.json whose rules protect the bucket, if there are several
--base-url URL  public URL of the images, if it is on a domain of your own: PUBLIC_BASE_URL
--trigger-region R
                region of the functions that the bucket triggers, for a bucket in a dual-region: TRIGGER_REGION
--runtime V     Node.js version of the functions, 22 or 24; default: 24
--tarball FILE  tarball of the package; default: the one that this command was started from, if any
--yes           ask nothing: what has no default must be an option
--dry-run       show the changes, write nothing
--no-install    do not run npm install in the kit's folder

Then checks the rules with these changes: does any rule open originals, renditions or records?

Exit code: 0 if the project is ready, 1 if a rule opens what must be private, 2 if nothing was changed because of
an error.
`;

/** What the user chose on the command line; undefined where there is an answer to find. */
export interface Arguments {
  help: boolean;
  yes: boolean;
  dryRun: boolean;
  install: boolean;
  project?: string;
  bucket?: string;
  region?: string;
  folder?: string;
  instance?: string;
  hostingPath?: string;
  hostingSite?: string;
  storageTarget?: string;
  baseUrl?: string;
  triggerRegion?: string;
  runtime?: '22' | '24';
  tarball?: string;
}

/** @throws InitError */
export function parseArguments(argv: string[]): Arguments {
  const { values, positionals } = parse(argv);
  const [positional] = positionals;
  if (positional !== undefined) {
    throw new InitError(`expected options only, found "${positional}".`);
  }
  for (const [name, value] of Object.entries(values)) {
    if (value === '') throw new InitError(`--${name}: expected a value, found nothing.`);
  }
  const { runtime } = values;
  if (runtime !== undefined && runtime !== '22' && runtime !== '24') {
    throw new InitError(`--runtime: expected 22 or 24, found "${runtime}".`);
  }
  const option = <K extends keyof Arguments>(key: K, value: Arguments[K] | undefined) =>
    value === undefined ? {} : { [key]: value };
  return {
    help: values.help,
    yes: values.yes,
    dryRun: values['dry-run'],
    install: !values['no-install'],
    ...option('project', values.project),
    ...option('bucket', values.bucket?.replace(/^gs:\/\//, '').replace(/\/$/, '')),
    ...option('region', values.region),
    ...option('folder', values.folder),
    ...option('instance', values.instance),
    ...option('hostingPath', values['hosting-path']),
    ...option('hostingSite', values['hosting-site']),
    ...option('storageTarget', values['storage-target']),
    ...option('baseUrl', values['base-url']),
    ...option('triggerRegion', values['trigger-region']),
    ...option('runtime', runtime),
    ...option('tarball', values.tarball),
  };
}

function parse(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', default: false },
        project: { type: 'string' },
        bucket: { type: 'string' },
        region: { type: 'string' },
        folder: { type: 'string' },
        instance: { type: 'string' },
        'hosting-path': { type: 'string' },
        'hosting-site': { type: 'string' },
        'storage-target': { type: 'string' },
        'base-url': { type: 'string' },
        'trigger-region': { type: 'string' },
        runtime: { type: 'string' },
        tarball: { type: 'string' },
        yes: { type: 'boolean', default: false },
        'dry-run': { type: 'boolean', default: false },
        'no-install': { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split('\n');
    throw new InitError(
      `${sentence.replace(/\.?$/, '.')} See storage-public-variants init --help.`,
    );
  }
}
