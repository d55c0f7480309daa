/**
 * Applies the writes of a commit to the documents that they name.
 * @see https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#write
 */
import { Code, StatusError } from '../errors.js';
import type * as v1 from '../v1.js';
import { deleteField, getField, parseFieldPath, setField } from './fields.js';
import { compareTimestamps, toTimestamp } from './times.js';
import { applyTransform } from './transforms.js';
import { checkDocumentName, checkFields, checkSize, checkValue } from './validation.js';
import { identicalFields } from './values.js';

/** One document: its state before the writes and after all of them. */
export interface DocumentChange {
  name: string;
  before: v1.Document | undefined;
  after: v1.Document | undefined;
}

export interface AppliedWrites {
  /** Documents that changed: a write of the same values changes nothing. */
  changes: DocumentChange[];
  results: NonNullable<v1.CommitResponse['writeResults']>;
}

export interface ApplyOptions {
  /** Time of the commit, microseconds since 1970. */
  time: number;
  read: (name: string) => v1.Document | undefined;
  /** Whether to ignore preconditions, to find out what a commit would write. */
  ignorePreconditions?: boolean;
}

/**
 * Applies writes in their order; each sees the results of those before it.
 * @throws StatusError INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION; then nothing is written
 */
export function applyWrites(
  writes: readonly v1.Write[],
  { time, read, ignorePreconditions = false }: ApplyOptions,
): AppliedWrites {
  const states = new Map<string, DocumentChange>();
  const results: AppliedWrites['results'] = [];
  const updateTime = toTimestamp(time);
  // serverTimestamp() has millisecond precision.
  const requestTime = toTimestamp(Math.floor(time / 1000) * 1000);
  for (const given of writes) {
    const write = normalizeTransform(given);
    const name = writtenName(write);
    checkDocumentName(name);
    let state = states.get(name);
    if (!state) {
      const before = read(name);
      states.set(name, (state = { name, before, after: before }));
    }
    if (!ignorePreconditions) checkPrecondition(write, name, state.after);
    if (write.verify != null) {
      results.push(state.after?.updateTime ? { updateTime: state.after.updateTime } : {});
    } else if (write.delete != null) {
      checkDelete(write);
      state.after = undefined;
      results.push({});
    } else {
      const { fields, transformResults } = newFields(write, state.after?.fields ?? {}, requestTime);
      checkSize(name, fields);
      const { before } = state;
      const createTime = state.after?.createTime ?? updateTime;
      const isSame =
        before !== undefined &&
        state.after !== undefined &&
        identicalFields(before.fields ?? {}, fields);
      state.after = isSame ? before : { name, fields, createTime, updateTime };
      results.push({
        updateTime: state.after.updateTime ?? updateTime,
        ...(transformResults.length > 0 && { transformResults }),
      });
    }
  }
  const changes = [...states.values()].filter(({ before, after }) => before !== after);
  return { changes, results };
}

/** The name of the document that a write affects. */
export function writtenName(write: v1.Write): string {
  return write.update?.name ?? write.delete ?? write.verify ?? write.transform?.document ?? '';
}

/** Old SDKs send a transform as its own write: equal to an update of no fields with transforms. */
function normalizeTransform(write: v1.Write): v1.Write {
  const { transform, ...rest } = write;
  if (!transform) return write;
  return {
    ...rest,
    update: { name: transform.document },
    updateMask: { fieldPaths: [] },
    updateTransforms: transform.fieldTransforms ?? [],
  };
}

function checkPrecondition(
  { currentDocument, verify }: v1.Write,
  name: string,
  document: v1.Document | undefined,
): void {
  const { exists, updateTime } = currentDocument ?? {};
  if (exists === true && document === undefined) {
    throw new StatusError(Code.NOT_FOUND, `No document to update: ${name}`);
  }
  if (exists === false && document !== undefined) {
    throw verify == null
      ? new StatusError(Code.ALREADY_EXISTS, `Document already exists: ${name}`)
      : new StatusError(Code.FAILED_PRECONDITION, `${name} has changed since it was read.`);
  }
  if (updateTime == null) return;
  if (!document || compareTimestamps(updateTime, document.updateTime ?? {}) !== 0) {
    throw new StatusError(
      Code.FAILED_PRECONDITION,
      `The stored version of ${name} does not match the required base version.`,
    );
  }
}

function newFields(
  { update, updateMask, updateTransforms }: v1.Write,
  current: v1.Fields,
  requestTime: v1.Timestamp,
): { fields: v1.Fields; transformResults: v1.Value[] } {
  if (update == null) {
    throw new StatusError(Code.INVALID_ARGUMENT, 'A write must have an operation.');
  }
  const given = update.fields ?? {};
  checkFields(given);
  let fields: v1.Fields;
  if (updateMask == null) fields = { ...given };
  else {
    fields = { ...current };
    for (const path of updateMask.fieldPaths ?? []) {
      const value = getField(given, path);
      if (value === undefined) deleteField(fields, path);
      else setField(fields, path, value);
    }
  }
  const transformResults = (updateTransforms ?? []).map((transform) => {
    const path = transform.fieldPath ?? '';
    parseFieldPath(path);
    checkTransform(transform);
    const { value, result } = applyTransform(transform, getField(fields, path), requestTime);
    setField(fields, path, value);
    return result;
  });
  return { fields, transformResults };
}

function checkDelete({ updateMask, updateTransforms }: v1.Write): void {
  const extra = updateMask
    ? 'document mask'
    : updateTransforms?.length
      ? 'update transform'
      : undefined;
  if (extra === undefined) return;
  throw new StatusError(Code.INVALID_ARGUMENT, `a delete must not specify a ${extra}.`);
}

function checkTransform({
  increment,
  maximum,
  minimum,
  appendMissingElements,
  removeAllFromArray,
}: Parameters<typeof applyTransform>[0]): void {
  const operands = [increment, maximum, minimum].flatMap((value) => value ?? []);
  const items = [appendMissingElements, removeAllFromArray].flatMap((list) => list?.values ?? []);
  for (const value of [...operands, ...items]) checkValue(value);
}
