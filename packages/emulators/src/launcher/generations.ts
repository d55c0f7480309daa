/**
 * Generations as production has them: whoever reads, changes or deletes one that is not there any more
 * hears 404, and 412 when `ifGenerationMatch` names another one than what is there. The emulator takes
 * whatever is there. https://cloud.google.com/storage/docs/request-preconditions
 */
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { loadDependency, loadModule, replace } from './patch.js';

interface StorageLayer {
  getMetadata(bucket: string, object: string): { generation: number } | undefined;
}

const OBJECT_PATH = /\/b\/([^/]+)\/o\/([^/]+)$/;
const ASKS_FOR_ONE = ['GET', 'PATCH', 'DELETE'];

export function patchGenerations(): void {
  replace(
    loadModule('emulator/storage/apis/gcloud'),
    'createCloudEndpoints',
    (original) => (emulator) => {
      const { adminStorageLayer } = emulator as { adminStorageLayer: StorageLayer };
      const { Router } = loadDependency('express') as unknown as {
        Router: () => { use: (handler: RequestHandler) => void } & RequestHandler;
      };
      const router = Router();
      router.use((request: Request, response: Response, next: NextFunction) => {
        const status = refusalOf(request, adminStorageLayer);
        if (status === undefined) return next();
        const message = status === 404 ? 'No such object' : 'Precondition Failed';
        response.status(status).json({ error: { code: status, message } });
      });
      router.use(original(emulator) as RequestHandler);
      return router;
    },
  );
}

function refusalOf({ method, path, query }: Request, storage: StorageLayer): number | undefined {
  const { generation, ifGenerationMatch } = query;
  if (generation === undefined && ifGenerationMatch === undefined) return undefined;
  const [, bucket, object] = OBJECT_PATH.exec(path) ?? [];
  if (bucket === undefined || object === undefined || !ASKS_FOR_ONE.includes(method))
    return undefined;
  const there = storage.getMetadata(bucket, decodeURIComponent(object))?.generation;
  // The endpoint itself says that there is none at all.
  if (there === undefined) return undefined;
  if (generation !== undefined && generation !== String(there)) return 404;
  const isAnother = ifGenerationMatch !== undefined && ifGenerationMatch !== String(there);
  return isAnother ? 412 : undefined;
}
