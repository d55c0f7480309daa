import type { ParameterOption } from './parameter.js';

/**
 * Regions of Cloud Functions, https://firebase.google.com/docs/functions/locations.
 *
 * The extension declares functions of both generations, the function kit declares 2nd gen functions only.
 */
const LOCATIONS: readonly { region: string; city: string; generations: 'both' | '2nd gen' }[] = [
  { region: 'us-central1', city: 'Iowa', generations: 'both' },
  { region: 'us-east1', city: 'South Carolina', generations: 'both' },
  { region: 'us-east4', city: 'Northern Virginia', generations: 'both' },
  { region: 'us-east5', city: 'Columbus', generations: '2nd gen' },
  { region: 'us-south1', city: 'Dallas', generations: '2nd gen' },
  { region: 'us-west1', city: 'Oregon', generations: 'both' },
  { region: 'us-west2', city: 'Los Angeles', generations: 'both' },
  { region: 'us-west3', city: 'Salt Lake City', generations: 'both' },
  { region: 'us-west4', city: 'Las Vegas', generations: 'both' },
  { region: 'northamerica-northeast1', city: 'Montreal', generations: 'both' },
  { region: 'northamerica-northeast2', city: 'Toronto', generations: '2nd gen' },
  { region: 'southamerica-east1', city: 'Sao Paulo', generations: 'both' },
  { region: 'southamerica-west1', city: 'Santiago', generations: '2nd gen' },
  { region: 'europe-central2', city: 'Warsaw', generations: 'both' },
  { region: 'europe-north1', city: 'Finland', generations: '2nd gen' },
  { region: 'europe-southwest1', city: 'Madrid', generations: '2nd gen' },
  { region: 'europe-west1', city: 'Belgium', generations: 'both' },
  { region: 'europe-west2', city: 'London', generations: 'both' },
  { region: 'europe-west3', city: 'Frankfurt', generations: 'both' },
  { region: 'europe-west4', city: 'Netherlands', generations: '2nd gen' },
  { region: 'europe-west6', city: 'Zurich', generations: 'both' },
  { region: 'europe-west8', city: 'Milan', generations: '2nd gen' },
  { region: 'europe-west9', city: 'Paris', generations: '2nd gen' },
  { region: 'europe-west10', city: 'Berlin', generations: '2nd gen' },
  { region: 'europe-west12', city: 'Turin', generations: '2nd gen' },
  { region: 'asia-east1', city: 'Taiwan', generations: 'both' },
  { region: 'asia-east2', city: 'Hong Kong', generations: 'both' },
  { region: 'asia-northeast1', city: 'Tokyo', generations: 'both' },
  { region: 'asia-northeast2', city: 'Osaka', generations: 'both' },
  { region: 'asia-northeast3', city: 'Seoul', generations: 'both' },
  { region: 'asia-south1', city: 'Mumbai', generations: 'both' },
  { region: 'asia-south2', city: 'Delhi', generations: '2nd gen' },
  { region: 'asia-southeast1', city: 'Singapore', generations: 'both' },
  { region: 'asia-southeast2', city: 'Jakarta', generations: 'both' },
  { region: 'australia-southeast1', city: 'Sydney', generations: 'both' },
  { region: 'australia-southeast2', city: 'Melbourne', generations: '2nd gen' },
  { region: 'me-central1', city: 'Doha', generations: '2nd gen' },
  { region: 'me-central2', city: 'Dammam', generations: '2nd gen' },
  { region: 'me-west1', city: 'Tel Aviv', generations: '2nd gen' },
  { region: 'africa-south1', city: 'Johannesburg', generations: '2nd gen' },
];

/** RE2 expression for a region, including regions that are newer than the list. */
export const REGION_PATTERN = '^[a-z]+-[a-z]+[0-9]+$';

/** Options for a select input: all regions, or only those where functions of both generations run. */
export function locationOptions(generations: 'both' | '2nd gen'): ParameterOption[] {
  return LOCATIONS.filter(
    (location) => generations === '2nd gen' || location.generations === 'both',
  ).map(({ region, city }) => ({ label: `${city} (${region})`, value: region }));
}
