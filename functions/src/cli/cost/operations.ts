/**
 * What an upload, a view and a deletion bill: counted on the local stack with the parameters of a new installation.
 * Written by `npm run bench -- operations --write`; tests/integration/operations.test.ts counts again and compares.
 */

/** What something bills. */
export interface Operations {
  documentRead?: number;
  documentWrite?: number;
  documentDelete?: number;
  classA?: number;
  classB?: number;
  /** Tasks that are created; each is also delivered, which is a call. */
  tasks?: number;
  /** Calls of each function. */
  calls?: Record<string, number>;
}

export interface OperationCounts {
  /** An upload, apart from its renditions. */
  upload: Operations;
  /** Each rendition of an upload. */
  rendition: Operations;
  /** A view whose token and rendition are not in the memory of the instance. */
  view: Operations;
  /** A view of another size of an image whose token is in memory. */
  viewOfOtherVariant: Operations;
  /** A view of what is in memory. */
  viewFromMemory: Operations;
  /** A view with a well-formed token that does not exist. */
  viewOfUnknownToken: Operations;
  /** The deletion of an original, apart from its renditions. */
  deletion: Operations;
  /** Each rendition of a deleted original. */
  deletedRendition: Operations;
}

export const OPERATIONS: OperationCounts = {
  upload: {
    tasks: 1,
    classA: 1,
    classB: 2,
    documentRead: 5,
    documentWrite: 4,
    calls: {
      originalFinalized: 1,
      metadataUpdated: 1,
      processImage: 1,
    },
  },
  rendition: {
    classA: 1,
    calls: {
      originalFinalized: 1,
    },
  },
  view: {
    documentRead: 1,
    classB: 1,
    calls: {
      serve: 1,
    },
  },
  viewOfOtherVariant: {
    classB: 1,
    calls: {
      serve: 1,
    },
  },
  viewFromMemory: {
    calls: {
      serve: 1,
    },
  },
  viewOfUnknownToken: {
    documentRead: 1,
    calls: {
      serve: 1,
    },
  },
  deletion: {
    documentRead: 6,
    classB: 1,
    tasks: 1,
    documentDelete: 2,
    classA: 2,
    calls: {
      originalDeleted: 1,
      cleanup: 1,
    },
  },
  deletedRendition: {
    calls: {
      originalDeleted: 1,
    },
  },
};
