/** One project a kind of test, so that `npx jest --selectProjects unit` runs just that kind. */
const common = {
  testEnvironment: 'node',
  rootDir: __dirname,
  modulePathIgnorePatterns: ['<rootDir>/.local/', '<rootDir>/functions/lib/'],
  // Sources name what they import as it is called once compiled.
  moduleNameMapper: { '^([.]{1,2}/.*)[.]js$': '$1' },
  transform: { '^.+[.]ts$|/thumbhash/.+[.]js$': ['ts-jest', { tsconfig: 'tsconfig.tests.json' }] },
  // The one ES module among the packages that tests load.
  transformIgnorePatterns: ['/node_modules/(?!thumbhash/)'],
};

module.exports = {
  // Generous: these machines are shared, and no test asserts a time.
  testTimeout: 30_000,
  // A process of its own for each file: after some, which make Node follow each promise (async hooks),
  // every promise of the files behind them costs five times as much.
  workerIdleMemoryLimit: '1KB',
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/{functions/src,client/src,local,bench}/**/*.test.ts',
        '<rootDir>/tests/*.test.ts',
        '<rootDir>/tests/derive/*.test.ts',
      ],
    },
    {
      ...common,
      displayName: 'integration',
      testMatch: ['<rootDir>/tests/integration/**/*.test.ts'],
    },
    { ...common, displayName: 'browser', testMatch: ['<rootDir>/tests/browser/**/*.test.ts'] },
  ],
};
