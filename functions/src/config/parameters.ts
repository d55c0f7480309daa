/** Declares the parameters of the function kit to the Firebase CLI. Only config.ts reads their values. */
import { defineInt, defineList, defineSecret, defineString } from 'firebase-functions/params';
import { defaultRegion } from './config.js';
import {
  PARAMETER_NAMES,
  PARAMETERS,
  type ParameterName,
  type SecretName,
} from './parameter-table.js';

/** Parameters that have been declared. */
const declared = new Set<ParameterName>();

/** Region of the functions that the bucket does not trigger. The CLI deploys the others to the bucket's region. */
export const LOCATION = declareString('LOCATION');
/** Bucket of the storage triggers. */
export const BUCKET = declareString('BUCKET');
/** Maximum number of instances of `serve`. */
export const MAX_INSTANCES = declareInt('MAX_INSTANCES');
/** Maximum number of concurrent requests per instance of `serve`. */
export const CONCURRENCY = declareInt('CONCURRENCY');

/** Maximum numbers of instances of the other functions. */
export const SCALE = {
  processing: declareInt('MAX_PROCESSING_INSTANCES'),
  events: declareInt('MAX_EVENT_INSTANCES'),
  onDemand: declareInt('MAX_ON_DEMAND_INSTANCES'),
  backfill: declareInt('MAX_BACKFILL_INSTANCES'),
  sharing: declareInt('MAX_SHARING_INSTANCES'),
} as const;

for (const name of PARAMETER_NAMES) if (!declared.has(name)) declare(name);

function declare(name: ParameterName): void {
  const { type, options } = PARAMETERS[name];
  if (type === 'int') declareInt(name);
  else if (type === 'list' && options !== undefined) declareMultiSelect(name);
  else declareString(name);
}

/** Declares a secret. Only where it is used: the CLI does not deploy before each declared secret has a value. */
export function declareSecret(name: SecretName) {
  const { label, description } = PARAMETERS[name];
  return defineSecret(name, { label, description });
}

function declareString(name: ParameterName) {
  declared.add(name);
  const { label, description, default: value, options, resource } = PARAMETERS[name];
  return defineString(name, {
    label,
    description,
    // No default bucket: in a project that has none, the CLI would stop instead of asking.
    ...(resource === undefined && {
      default: name === 'LOCATION' ? defaultRegion(process.env) : value,
    }),
    input:
      resource !== undefined
        ? { resource: { type: resource } }
        : options !== undefined
          ? { select: { options: [...options] } }
          : textInput(name),
  });
}

function declareInt(name: ParameterName) {
  declared.add(name);
  const { label, description, default: value } = PARAMETERS[name];
  return defineInt(name, { label, description, default: Number(value), input: textInput(name) });
}

/** The CLI hands the values over as a JSON array; parseConfig accepts that and comma-separated text. */
function declareMultiSelect(name: ParameterName) {
  const { label, description, default: value, options = [] } = PARAMETERS[name];
  const input = { multiSelect: { options: [...options], nonEmpty: true } };
  return defineList(name, { label, description, default: value.split(','), input });
}

function textInput(name: ParameterName) {
  const { example, expected, pattern } = PARAMETERS[name];
  const validationErrorMessage = `Expected ${expected}.`;
  return {
    text: {
      example,
      ...(pattern !== undefined && { validationRegex: pattern, validationErrorMessage }),
    },
  };
}
