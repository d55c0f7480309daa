import { hlgSystemGain, hlgToCameraLight, pqToWhites, toneMapGain } from './tone-map.js';

// SMPTE ST 2084 and ITU-R BT.2408, table 1: 203 cd/m2 are 58 % of PQ and 75 % of HLG.
test('the reference white of PQ and HLG is 1', () => {
  expect(pqToWhites(0.58)).toBeCloseTo(1, 1);
  expect(pqToWhites(1) * 203).toBeCloseTo(10_000);
  expect(pqToWhites(0)).toBe(0);
  const light = hlgToCameraLight(0.75);
  expect(light * hlgSystemGain(light, light, light)).toBeCloseTo(1, 1);
});

test('the brightest HLG is 1,000 cd/m2', () => {
  expect(hlgToCameraLight(1)).toBeCloseTo(1, 5);
  expect(hlgSystemGain(1, 1, 1) * 203).toBeCloseTo(1000);
  expect(hlgSystemGain(0, 0, 0)).toBe(0);
});

test('the reference white becomes half of the light of the display, the peak all of it', () => {
  expect(toneMapGain(0)).toBe(0.5);
  expect(toneMapGain(1)).toBe(0.5);
  expect(1000 / 203).toBeCloseTo(1 / toneMapGain(1000 / 203));
  expect(50 * toneMapGain(50)).toBe(1);
});

test('brighter light stays brighter, without a step', () => {
  const results = Array.from({ length: 500 }, (_, i) => (i / 100) * toneMapGain(i / 100));
  results.slice(1).forEach((light, i) => {
    const rise = light - (results[i] as number);
    expect(rise).toBeGreaterThan(-1e-12);
    expect(rise).toBeLessThan(0.006);
  });
});
