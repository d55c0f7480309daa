/** Opens what the handlers of an instance need, on first use: see functions.ts. */
import { write } from 'firebase-functions/logger';
import type { Config } from './config/config.js';
import type { LifecycleContext, LightContext, ProcessingContext } from './lifecycle/context.js';
import { logLine } from './log-events.js';
import type { Log } from './log.js';
import { once } from './once.js';
import type { SharingCallContext } from './sharing/context.js';

/** @returns functions that open each part once for the instance */
export function openContexts(config: Config) {
  const log: Log = (severity, message, details) => write(logLine(severity, message, details));

  const openBackend = once(async () =>
    (await import('./gcp/backend.js')).openBackend(config, process.env),
  );

  const openLightBackend = once(async () =>
    (await import('./gcp/light-backend.js')).openLightBackend(config, process.env),
  );

  /** One child process for all images of this instance. */
  const openProcessor = once(async () => {
    const [{ openIsolatedProcessor }, { PROCESS_LIMITS }] = await Promise.all([
      import('./processing/isolated-processor.js'),
      import('./processing/limits.js'),
    ]);
    return openIsolatedProcessor(PROCESS_LIMITS);
  });

  /** Without Firestore, whose client library takes longer to load than everything else. */
  async function lightContext(): Promise<LightContext> {
    return { config, backend: await openLightBackend(), now: Date.now, log };
  }

  async function lifecycleContext(): Promise<LifecycleContext> {
    return { config, backend: await openBackend(), now: Date.now, log };
  }

  const openSharingLimit = once(async () =>
    (await import('./sharing/call-limit.js')).openCallLimit(() => performance.now()),
  );

  async function sharingContext(): Promise<SharingCallContext> {
    const [limit, context] = await Promise.all([openSharingLimit(), lifecycleContext()]);
    return { ...context, limit };
  }

  /** One for all uploads of the instance; undefined without WATERMARK. */
  const openWatermarkReader = once(async () => {
    const { backend, now } = await lifecycleContext();
    if (config.watermark === undefined) return undefined;
    const { openWatermark } = await import('./lifecycle/watermark.js');
    return openWatermark(config.watermark, backend.objects, now);
  });

  /** Undefined without FILTER_URL. */
  const openContentFilter = once(async () => {
    if (config.filter === undefined) return undefined;
    const [{ openFilter }, { fetchIdentityToken }] = await Promise.all([
      import('./gcp/filter.js'),
      import('./gcp/credentials.js'),
    ]);
    return openFilter(config.filter, process.env, fetchIdentityToken);
  });

  async function processingContext(): Promise<ProcessingContext> {
    const [processImage, context] = await Promise.all([openProcessor(), lifecycleContext()]);
    const readWatermark = await openWatermarkReader();
    const askFilter = await openContentFilter();
    return {
      ...context,
      processImage,
      ...(readWatermark && { readWatermark }),
      ...(askFilter && { askFilter }),
    };
  }

  return {
    log,
    openBackend,
    openProcessor,
    lightContext,
    lifecycleContext,
    sharingContext,
    processingContext,
  };
}
