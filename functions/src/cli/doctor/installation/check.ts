/** All checks of an installation, without the probe: answers of Google -> findings. */
import { checkBaseUrl } from './base-url-check.js';
import { checkBucket, checkProject } from './bucket-check.js';
import { checkEvents } from './events-check.js';
import type { Finding } from './finding.js';
import { checkFirestore } from './firestore-check.js';
import { checkExtension, checkFunctions } from './functions-check.js';
import type { Answers } from './gather.js';
import type { Installation } from './installation.js';
import { checkQueues } from './queues-check.js';
import { checkDeployedRules } from './rules-check.js';
import { checkServe } from './serve-check.js';

/** @param now requests may be sent at this time or later */
export function check(answers: Answers, installation: Installation, now: Date): Finding[] {
  const { functions, rules, buckets, baseUrl, extension } = answers;
  return [
    ...checkFunctions(functions, installation),
    ...(extension === undefined ? [] : checkExtension(extension, installation)),
    ...checkEvents(answers, installation),
    ...checkServe(answers, installation),
    ...checkQueues(answers, installation),
    ...checkDeployedRules(rules, installation, now),
    ...checkFirestore(answers, installation),
    ...checkProject(answers.project, installation),
    ...buckets.flatMap((bucket) => checkBucket(bucket, installation)),
    ...checkBaseUrl(baseUrl, installation),
  ];
}
