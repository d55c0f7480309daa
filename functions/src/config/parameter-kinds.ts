/** What several parameters of the table have in common. */

/** The values are strings: with other types, earlier Firebase CLIs preselect the first option, not the default. */
const BOOLEAN = {
  type: 'boolean',
  expected: 'true or false',
  options: [
    { label: 'Yes', value: 'true' },
    { label: 'No', value: 'false' },
  ],
} as const;

/** A rarely changed one. */
export const ADVANCED_BOOLEAN = { ...BOOLEAN, advanced: true, availableIn: 'both' } as const;

export function wholeNumber(unit: string, min: number, max: number, note = '') {
  const more = String(max).length - 1;
  return {
    type: 'int' as const,
    min,
    max,
    expected: `a whole number of ${unit} from ${min} to ${max}${note}`,
    pattern: min === 0 ? `^[0-9]{1,${more + 1}}$` : `^[1-9][0-9]{0,${more}}$`,
  };
}

export const REQUEST_LIMIT = {
  ...wholeNumber('requests', 0, 1_000_000, ' (0 means no limit)'),
  advanced: true,
} as const;

/** Only for the kit: all functions of an extension's instance run as one account. */
export const SERVICE_ACCOUNT = {
  type: 'string',
  default: '',
  defaultText: 'one account for all functions',
  expected: 'the email address of a service account, or nothing',
  pattern: '^([a-z0-9-]{1,63}@[a-z0-9.:-]{1,200})?$',
  advanced: true,
  availableIn: 'kit',
} as const;

/** See https://cloud.google.com/storage/docs/buckets#naming */
export const BUCKET_NAME = '[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]';

/** One path segment without placeholders. */
export const SEGMENT = '[^/{}]+';
/** Two segments, so that a collection keeps an odd number of them. */
export const PAIR = `${SEGMENT}/${SEGMENT}`;
export const COLLECTION = {
  expected: 'a path with an odd number of segments and no placeholders',
  pattern: `^${SEGMENT}(/${PAIR})*$`,
} as const;

/** An IP address or a network; a plain number is the form of earlier versions. */
export const NETWORK = '[0-9A-Fa-f.:]+(/[0-9]{1,3})?';

const VARIANT_OPTION =
  ':(png|gray|watermark|quality=[0-9]{2}|blur=[0-9]{1,3}|background=[0-9a-f]{6,8})';

/** See VARIANT_GRAMMAR; the functions check the rest. */
export const VARIANT =
  `[A-Za-z0-9_-]{1,40}:[0-9]{1,5}((${VARIANT_OPTION}){0,7}|x[0-9]{1,5}` +
  `(:(inside|contain|cover(:(centre|attention|focal))?))?(${VARIANT_OPTION}|:jpeg:[0-9]{1,5}kB){0,7})`;
