/** The parts of Google's responses that the checks read. */
import { z } from 'zod';

/** https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions#Function */
const FUNCTION = z.object({
  /** `projects/P/locations/R/functions/NAME` */
  name: z.string(),
  environment: z.string().default('GEN_2'),
  state: z.string().default('STATE_UNSPECIFIED'),
  stateMessages: z.array(z.object({ message: z.string().default('') })).default([]),
  labels: z.record(z.string(), z.string()).default({}),
  buildConfig: z.object({ runtime: z.string().optional() }).default({}),
  serviceConfig: z
    .object({
      /** `projects/P/locations/R/services/NAME`; only 2nd gen. */
      service: z.string().optional(),
      uri: z.string().optional(),
      serviceAccountEmail: z.string().optional(),
    })
    .default({}),
  eventTrigger: z
    .object({
      triggerRegion: z.string().optional(),
      eventType: z.string().optional(),
      eventFilters: z.array(z.object({ attribute: z.string(), value: z.string() })).default([]),
      serviceAccountEmail: z.string().optional(),
      retryPolicy: z.string().optional(),
    })
    .optional(),
});
export type DeployedFunction = z.infer<typeof FUNCTION>;

/** https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions/list */
export const FUNCTIONS_PAGE = z.object({
  functions: z.array(FUNCTION).default([]),
  /** Locations that did not answer. */
  unreachable: z.array(z.string()).default([]),
  nextPageToken: z.string().optional(),
});

/** https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services#Service */
export const RUN_SERVICE = z.object({
  /** Whether everybody may call the service, whatever its policy. */
  invokerIamDisabled: z.boolean().default(false),
  ingress: z.string().default('INGRESS_TRAFFIC_ALL'),
});

/** https://cloud.google.com/iam/docs/reference/rest/v1/Policy */
export const POLICY = z.object({
  bindings: z
    .array(z.object({ role: z.string(), members: z.array(z.string()).default([]) }))
    .default([]),
});
export type Policy = z.infer<typeof POLICY>;

/** https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#Queue */
export const QUEUES_PAGE = z.object({
  queues: z
    .array(z.object({ name: z.string(), state: z.string().default('STATE_UNSPECIFIED') }))
    .default([]),
  nextPageToken: z.string().optional(),
});
export type Queue = z.infer<typeof QUEUES_PAGE>['queues'][number];

/** https://firebase.google.com/docs/reference/rules/rest/v1/projects.releases#Release */
export const RELEASE = z.object({ rulesetName: z.string() });

/** https://firebase.google.com/docs/reference/rules/rest/v1/projects.rulesets#Ruleset */
export const RULESET = z.object({
  source: z.object({ files: z.array(z.object({ content: z.string() })).default([]) }),
});

/** https://firebase.google.com/docs/firestore/reference/rest/v1/projects.databases#Database */
export const DATABASE = z.object({ type: z.string().default('') });

/** https://firebase.google.com/docs/firestore/reference/rest/v1/projects.databases.collectionGroups.fields#Field */
export const FIELDS_PAGE = z.object({
  fields: z
    .array(
      z.object({
        /** `projects/P/databases/(default)/collectionGroups/COLLECTION/fields/PATH` */
        name: z.string(),
        indexConfig: z
          .object({ indexes: z.array(z.unknown()).default([]) })
          .default({ indexes: [] }),
        ttlConfig: z.object({ state: z.string().default('') }).optional(),
      }),
    )
    .default([]),
  nextPageToken: z.string().optional(),
});
export type FieldConfig = z.infer<typeof FIELDS_PAGE>['fields'][number];

/** https://cloud.google.com/storage/docs/json_api/v1/buckets#resource */
export const BUCKET = z.object({
  location: z.string(),
  locationType: z.string().default('region'),
  iamConfiguration: z
    .object({
      uniformBucketLevelAccess: z
        .object({ enabled: z.boolean().default(false) })
        .default({ enabled: false }),
      publicAccessPrevention: z.string().default('inherited'),
    })
    .default({
      uniformBucketLevelAccess: { enabled: false },
      publicAccessPrevention: 'inherited',
    }),
  versioning: z.object({ enabled: z.boolean().default(false) }).optional(),
  /** Numbers of 64 bits are strings in JSON. */
  softDeletePolicy: z.object({ retentionDurationSeconds: z.string().default('0') }).optional(),
  retentionPolicy: z.object({ retentionPeriod: z.string().default('0') }).optional(),
});
export type Bucket = z.infer<typeof BUCKET>;

/** https://cloud.google.com/storage/docs/json_api/v1/bucketAccessControls#resource */
export const ACCESS_CONTROLS = z.object({
  items: z.array(z.object({ entity: z.string(), role: z.string() })).default([]),
});
export type AccessControls = z.infer<typeof ACCESS_CONTROLS>;

/** https://cloud.google.com/storage/docs/json_api/v1/projects/serviceAccount */
export const STORAGE_AGENT = z.object({ email_address: z.string() });

/** The version of an extension instance: `ExtensionInstance` in firebase-tools, src/extensions/types.ts. */
export const EXTENSION_INSTANCE = z.object({
  state: z.string().default('STATE_UNSPECIFIED'),
  errorStatus: z.object({ message: z.string().default('') }).optional(),
  config: z
    .object({
      source: z
        .object({ spec: z.object({ version: z.string().optional() }).default({}) })
        .default({ spec: {} }),
    })
    .default({ source: { spec: {} } }),
});
export type ExtensionInstance = z.infer<typeof EXTENSION_INSTANCE>;
