/** Asks Google everything that the checks need: about thirty requests, most of them at the same time. */
import { DEFAULTS } from '../../../config/config.js';
import type { z } from 'zod';
import { mintToken } from '../../../domain/token.js';
import { toPrintable } from '../printable.js';
import { DECLARED_NAMES, namesOf, type DeclaredName } from './declared.js';
import type { BucketAnswers } from './bucket-check.js';
import type { BaseUrlAnswers } from './base-url-check.js';
import type { EventsAnswers } from './events-check.js';
import type { FirestoreAnswers } from './firestore-check.js';
import { functionsOf } from './functions-check.js';
import { serveUrl, type Installation } from './installation.js';
import type { QueuesAnswers } from './queues-check.js';
import {
  ACCESS_CONTROLS,
  BUCKET,
  DATABASE,
  EXTENSION_INSTANCE,
  FIELDS_PAGE,
  FUNCTIONS_PAGE,
  POLICY,
  QUEUES_PAGE,
  RELEASE,
  RULESET,
  RUN_SERVICE,
  STORAGE_AGENT,
  type DeployedFunction,
  type ExtensionInstance,
  type Policy,
} from './responses.js';
import type { Answer, RestClient } from './rest.js';
import type { RulesAnswers } from './rules-check.js';
import type { ServeAnswers } from './serve-check.js';

export interface Answers extends EventsAnswers, QueuesAnswers, ServeAnswers, FirestoreAnswers {
  rules: RulesAnswers;
  /** One or two. */
  buckets: BucketAnswers[];
  baseUrl: BaseUrlAnswers;
  /** Only of an extension. */
  extension?: Answer<ExtensionInstance>;
}

/** @throws CredentialsError */
export async function gather(client: RestClient, installation: Installation): Promise<Answers> {
  const { projectId, config } = installation;
  const buckets = [...new Set([config.bucket, config.variantsBucket])];
  const [first, bucketAnswers] = await Promise.all([
    askProject(client, installation),
    Promise.all(buckets.map((name) => askBucket(client, name))),
  ]);
  const { functions } = first;
  const deployed = 'value' in functions ? functionsOf(functions.value, installation) : {};
  const [original] = bucketAnswers;
  const [services, serve] = await Promise.all([
    askServices(client, deployed),
    askServe(client, deployed.serve),
  ]);
  const extension =
    installation.kind === 'kit'
      ? {}
      : {
          extension: await client.send({
            url: `https://firebaseextensions.googleapis.com/v1beta/projects/${projectId}/instances/${installation.instance}`,
            permission: 'firebaseextensions.instances.get',
            schema: EXTENSION_INSTANCE,
          }),
        };
  return {
    ...first,
    ...serve,
    services,
    buckets: bucketAnswers,
    bucket: original?.bucket ?? { status: 0, reason: 'no bucket' },
    ...extension,
  };
}

async function askProject(client: RestClient, installation: Installation) {
  const { projectId, config } = installation;
  const token = mintToken();
  const unreachable: string[] = [];
  const { publicBaseUrl, databaseId } = config;
  const database = `https://firestore.googleapis.com/v1/projects/${projectId}/databases/${databaseId}`;
  const filter = encodeURIComponent('indexConfig.usesAncestorConfig=false OR ttlConfig:*');
  const [
    functions,
    project,
    agent,
    queues,
    storage,
    firestore,
    databaseAnswer,
    fields,
    serve,
    base,
  ] = await Promise.all([
    client.list(
      {
        url: `https://cloudfunctions.googleapis.com/v2/projects/${projectId}/locations/-/functions?pageSize=500`,
        permission: 'cloudfunctions.functions.list',
        schema: FUNCTIONS_PAGE,
      },
      (page): DeployedFunction[] => {
        unreachable.push(...page.unreachable);
        return page.functions;
      },
    ),
    client.send({
      url: `https://cloudresourcemanager.googleapis.com/v3/projects/${projectId}:getIamPolicy`,
      permission: 'resourcemanager.projects.getIamPolicy',
      method: 'POST',
      // Policies with conditions need version 3.
      body: { options: { requestedPolicyVersion: 3 } },
      schema: POLICY,
    }),
    client.send({
      url: `https://storage.googleapis.com/storage/v1/projects/${projectId}/serviceAccount`,
      permission: 'resourcemanager.projects.get',
      schema: STORAGE_AGENT,
    }),
    client.list(
      {
        url: `https://cloudtasks.googleapis.com/v2/projects/${projectId}/locations/${config.location}/queues?pageSize=1000`,
        permission: 'cloudtasks.queues.list',
        schema: QUEUES_PAGE,
      },
      (page) => page.queues,
    ),
    askRules(client, projectId, `firebase.storage/${config.bucket}`),
    askRules(
      client,
      projectId,
      databaseId === DEFAULTS.DATABASE_ID ? 'cloud.firestore' : `cloud.firestore/${databaseId}`,
    ),
    client.send({
      url: database,
      permission: 'datastore.databases.getMetadata',
      schema: DATABASE,
    }),
    client.list(
      {
        url: `${database}/collectionGroups/-/fields?pageSize=1000&filter=${filter}`,
        permission: 'datastore.indexes.list',
        schema: FIELDS_PAGE,
      },
      (page) => page.fields,
    ),
    client.anonymous(`${serveUrl(installation)}/${token}`),
    publicBaseUrl === undefined ? undefined : client.anonymous(`${publicBaseUrl}/${token}`),
  ]);
  const storageAgent: Answer<string> =
    'value' in agent ? { value: agent.value.email_address } : agent;
  return {
    functions: reachable(functions, unreachable, installation),
    project,
    storageAgent,
    queues,
    rules: { storage, firestore },
    database: databaseAnswer,
    fields,
    baseUrl: { serve, ...(base !== undefined && { base }) },
  };
}

/** A list without the functions of some locations does not show that functions are missing. */
function reachable(
  functions: Answer<DeployedFunction[]>,
  unreachable: readonly string[],
  installation: Installation,
): Answer<DeployedFunction[]> {
  if (!('value' in functions) || unreachable.length === 0) return functions;
  const found = Object.keys(functionsOf(functions.value, installation)).length;
  if (found === DECLARED_NAMES.length) return functions;
  return { status: 0, reason: `no answer from ${toPrintable(unreachable.join(', '))}` };
}

/** The source of the ruleset that a release names; a release without a file has an empty source. */
async function askRules(
  client: RestClient,
  projectId: string,
  release: string,
): Promise<Answer<string>> {
  const root = 'https://firebaserules.googleapis.com/v1';
  const released = await client.send({
    url: `${root}/projects/${projectId}/releases/${release}`,
    permission: 'firebaserules.releases.get',
    schema: RELEASE,
  });
  if (!('value' in released)) return released;
  const ruleset = await client.send({
    url: `${root}/${released.value.rulesetName}`,
    permission: 'firebaserules.rulesets.get',
    schema: RULESET,
  });
  if (!('value' in ruleset)) return ruleset;
  return { value: ruleset.value.source.files[0]?.content ?? '' };
}

async function askBucket(client: RestClient, name: string): Promise<BucketAnswers> {
  const url = `https://storage.googleapis.com/storage/v1/b/${name}`;
  const [bucket, policy] = await Promise.all([
    client.send({ url, permission: 'storage.buckets.get', schema: BUCKET }),
    client.send({
      url: `${url}/iam?optionsRequestedPolicyVersion=3`,
      permission: 'storage.buckets.getIamPolicy',
      schema: POLICY,
    }),
  ]);
  const isUniform =
    !('value' in bucket) || bucket.value.iamConfiguration.uniformBucketLevelAccess.enabled;
  const none = { value: { items: [] } };
  // With uniform access, Cloud Storage refuses to list ACLs.
  if (isUniform) return { name, bucket, policy, acl: none, defaultAcl: none };
  const request = { permission: 'storage.buckets.getIamPolicy', schema: ACCESS_CONTROLS };
  const [acl, defaultAcl] = await Promise.all([
    client.send({ ...request, url: `${url}/acl` }),
    client.send({ ...request, url: `${url}/defaultObjectAcl` }),
  ]);
  return { name, bucket, policy, acl, defaultAcl };
}

async function askServices(
  client: RestClient,
  deployed: ReturnType<typeof functionsOf>,
): Promise<Map<DeclaredName, Answer<Policy>>> {
  const services = new Map<DeclaredName, Answer<Policy>>();
  await Promise.all(
    [...namesOf('storage'), ...namesOf('tasks')].map(async (name) => {
      const one = deployed[name];
      if (one !== undefined) services.set(name, await askInvokers(client, one));
    }),
  );
  return services;
}

/** Who may call a function. */
function askInvokers(client: RestClient, one: DeployedFunction): Promise<Answer<Policy>> {
  const { service } = one.serviceConfig;
  if (one.environment !== 'GEN_1' && service !== undefined)
    return askServicePolicy(client, service);
  return client.send({
    url: `https://cloudfunctions.googleapis.com/v1/${one.name}:getIamPolicy?options.requestedPolicyVersion=3`,
    permission: 'cloudfunctions.functions.getIamPolicy',
    schema: POLICY,
  });
}

function askServicePolicy(client: RestClient, service: string): Promise<Answer<Policy>> {
  return client.send({
    url: `https://run.googleapis.com/v2/${service}:getIamPolicy?options.requestedPolicyVersion=3`,
    permission: 'run.services.getIamPolicy',
    schema: POLICY,
  });
}

async function askServe(
  client: RestClient,
  serve: DeployedFunction | undefined,
): Promise<{ policy?: Answer<Policy>; service?: Answer<z.infer<typeof RUN_SERVICE>> }> {
  if (serve === undefined) return {};
  const { service } = serve.serviceConfig;
  if (serve.environment === 'GEN_1' || service === undefined) {
    return { policy: await askInvokers(client, serve) };
  }
  const [policy, settings] = await Promise.all([
    askServicePolicy(client, service),
    client.send({
      url: `https://run.googleapis.com/v2/${service}`,
      permission: 'run.services.get',
      schema: RUN_SERVICE,
    }),
  ]);
  return { policy, service: settings };
}
