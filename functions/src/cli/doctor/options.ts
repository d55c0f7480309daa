/** The command line of `doctor`. */
import { parseArgs } from 'node:util';
import type { Config } from '../../config/config.js';
import type { Installation } from './installation/installation.js';
import type { Selection } from './installation/resolve.js';
import { configOf, readParameterFile, UsageError } from './parameter-file.js';

export const USAGE = `storage-public-variants doctor [--project P] [--instance I] [--bucket B] [--params FILE] [--only PART]
       [--probe] [--strict] [--fix] [--json] [--unknown-folders] [--grace S]
storage-public-variants doctor --url URL [--project P] [--instance I] [--bucket B] [--params FILE] [--json]

Checks the installation: functions, triggers, roles, queues, rules, indexes, exposure of the bucket and
PUBLIC_BASE_URL. Then compares originals, renditions, image records, token records and share records, and lists
what is orphaned, missing, stale or unlocked. With --url, says why the URL of an image works or not, and checks nothing else.

--project P    Firebase project, read with Application Default Credentials, which "gcloud auth
               application-default login" creates; default: that of .firebaserc
--instance I   instance id in firebase.json; outside of the project's folder kit-ID or ext-ID; default: the only one
--bucket B     bucket of originals and renditions; default: BUCKET of the parameters, else P.firebasestorage.app
--params FILE  parameters of your instance, one NAME=value per line; default: the instance's file in the
               project's folder, else the default parameters
--only PART    installation or records; default: both
--probe        upload a small image for a user that does not exist, wait until it is ready, look at its URLs, and
               delete all of it again
--strict       warnings about the installation count as faults
--fix          fix the findings about records
--json         print a JSON document instead of text
--url URL      the URL of an image that does not show: to the public, every reason is the same 404
--unknown-folders
               with --fix: also delete rendition folders that belong to no known image. Do not use it if
               another instance has its renditions in the same VARIANTS_PATH
--grace S      ignore uploads of the last S seconds, which may still be in progress; default: 60

With FIRESTORE_EMULATOR_HOST and STORAGE_EMULATOR_HOST, examines the records of these emulators only.

Exit code: 0 if there are no faults, and no findings or all were fixed, or the URL works; 1 if there are faults,
findings are left, or the URL does not work; 2 if the check failed.
`;

export interface Options {
  help: boolean;
  json: boolean;
  strict: boolean;
  probe: boolean;
  /** The only thing to look at; absent: the installation. */
  url?: string;
  /** Absent: both. */
  only?: 'installation' | 'records';
  selection: Selection;
  /**
   * The options of the examination of records.
   * @param installation whose parameters apply; undefined: those of the command line
   * @throws ConfigError
   */
  records(installation: Installation | undefined): RecordsOptions;
}

export interface RecordsOptions {
  project: string;
  fix: boolean;
  unknownFolders: boolean;
  graceMs: number;
  config: Config;
}

/** @throws UsageError, ConfigError */
export function parseOptions(argv: string[]): Options {
  let parsed;
  try {
    parsed = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', default: false },
        project: { type: 'string' },
        instance: { type: 'string' },
        bucket: { type: 'string' },
        params: { type: 'string' },
        only: { type: 'string' },
        url: { type: 'string' },
        probe: { type: 'boolean', default: false },
        strict: { type: 'boolean', default: false },
        fix: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        'unknown-folders': { type: 'boolean', default: false },
        grace: { type: 'string', default: '60' },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`);
  }
  const { help, project, instance, fix, json, strict, probe, only, grace, params, bucket, url } =
    parsed.values;
  const problem = problemOf(parsed.positionals, parsed.values);
  if (problem !== undefined) throw new UsageError(`${problem}\n\n${USAGE}`);
  const values = params === undefined ? {} : readParameterFile(params);
  // Reports invalid values before anything is asked.
  configOf(values, bucket, project ?? '');
  return {
    help,
    json,
    strict,
    probe,
    ...(url !== undefined && { url }),
    ...(only !== undefined && { only: only === 'records' ? 'records' : 'installation' }),
    selection: {
      ...(project !== undefined && { project }),
      ...(instance !== undefined && { instance }),
      ...(bucket !== undefined && { bucket }),
      ...(params !== undefined && { parameters: values }),
    },
    records: (installation) => {
      const id = installation?.projectId ?? project ?? '';
      return {
        project: id,
        fix,
        unknownFolders: parsed.values['unknown-folders'],
        graceMs: Number(grace) * 1000,
        config: installation?.config ?? configOf(values, bucket, id),
      };
    },
  };
}

function problemOf(
  [positional]: string[],
  {
    project,
    grace,
    only,
    probe,
    fix,
    url,
  }: {
    project?: string;
    grace: string;
    only?: string;
    probe: boolean;
    fix: boolean;
    url?: string;
  },
): string | undefined {
  if (positional !== undefined) return `expected options only, found "${positional}"`;
  if (project !== undefined && !/^[a-z0-9][a-z0-9:.-]*$/.test(project)) {
    return `--project: expected the id of a Firebase project, found "${project}"`;
  }
  if (!/^\d{1,6}$/.test(grace)) {
    return `--grace: expected a whole number of seconds, found "${grace}"`;
  }
  if (only !== undefined && only !== 'installation' && only !== 'records') {
    return `--only: expected installation or records, found "${only}"`;
  }
  if (url !== undefined && (probe || fix || only !== undefined))
    return '--url: expected none of --probe, --fix and --only with it';
  if (probe && only === 'records')
    return '--probe: expected the installation to be checked, found --only records';
  return undefined;
}
