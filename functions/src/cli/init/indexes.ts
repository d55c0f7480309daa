/** Adds the field overrides of this product to firestore.indexes.json. */
import { insertValue, isObject, parseObject, setValue } from './json.js';

/** Names of the collections, as in the rules: the last segment of their paths. */
export interface CollectionNames {
  images: string;
  shares: string;
  tokens: string;
}

interface FieldOverride {
  collectionGroup: string;
  fieldPath: string;
  ttl?: boolean;
  indexes: unknown[];
}

/**
 * @param text the user's file; undefined if there is none
 * @param indexes firestore.indexes.json of this product
 * @throws InitError if the file is not a JSON object
 */
export function mergeIndexes(
  text: string | undefined,
  file: string,
  indexes: string,
  { images, shares, tokens }: CollectionNames,
): string {
  const template = JSON.parse(indexes) as { fieldOverrides: FieldOverride[] };
  const names: Record<string, string> = {
    images,
    imageShares: shares,
    imageTokens: tokens,
  };
  const overrides = template.fieldOverrides.map((override) => ({
    ...override,
    collectionGroup: names[override.collectionGroup] ?? override.collectionGroup,
  }));
  let merged = text ?? '{\n  "indexes": [],\n  "fieldOverrides": []\n}\n';
  const present = parseObject(merged, file)['fieldOverrides'];
  if (!Array.isArray(present)) return setValue(merged, ['fieldOverrides'], overrides);
  for (const override of overrides) {
    const isPresent = present.some(
      (other) =>
        isObject(other) &&
        other['collectionGroup'] === override.collectionGroup &&
        other['fieldPath'] === override.fieldPath,
    );
    if (!isPresent) merged = insertValue(merged, ['fieldOverrides'], 'last', override);
  }
  return merged;
}
