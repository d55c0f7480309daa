/**
 * Makes generations behave as in production: a request for a generation that no longer exists gets
 * 404, and an `ifGenerationMatch` that differs from the current generation gets 412. The emulator
 * ignores both and uses the current generation.
 * https://cloud.google.com/storage/docs/request-preconditions
 */
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { loadDependency, loadModule, replace } from './patch.js';

interface StorageLayer {
  getMetadata(bucket: string, object: string): { generation: number } | undefined;
}

const OBJECT_PATH = /\/b\/([^/]+)\/o\/([^/]+)$/;
const METHODS = ['GET', 'PATCH', 'DELETE'];

/** Patches the JSON API of the Storage emulator. */
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
        const status = errorStatus(request, adminStorageLayer);
        if (status === undefined) return next();
        const message = status === 404 ? 'No such object' : 'Precondition Failed';
        response.status(status).json({ error: { code: status, message } });
      });
      router.use(original(emulator) as RequestHandler);
      return router;
    },
  );
}

/** The HTTP status of the error response, or undefined when the request may proceed. */
function errorStatus({ method, path, query }: Request, storage: StorageLayer): number | undefined {
  const { generation, ifGenerationMatch } = query;
  if (generation === undefined && ifGenerationMatch === undefined) return undefined;
  const [, bucket, object] = OBJECT_PATH.exec(path) ?? [];
  if (bucket === undefined || object === undefined || !METHODS.includes(method)) return undefined;
  const current = storage.getMetadata(bucket, decodeURIComponent(object))?.generation;
  // The endpoint itself responds to a request for an object that does not exist.
  if (current === undefined) return undefined;
  if (generation !== undefined && generation !== String(current)) return 404;
  const failsPrecondition =
    ifGenerationMatch !== undefined && ifGenerationMatch !== String(current);
  return failsPrecondition ? 412 : undefined;
}
