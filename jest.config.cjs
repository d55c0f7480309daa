/** Packages that tests load and that are ES modules: jest needs them compiled to CommonJS. */
const ES_MODULES = 'hpke|thumbhash|p-limit|yocto-queue|markdown-table|simple-statistics';

/** One project a kind of test, so that `npx jest --selectProjects unit` runs just that kind. */
const common = {
  testEnvironment: 'node',
  rootDir: __dirname,
  modulePathIgnorePatterns: ['<rootDir>/.local/', '/lib/'],
  // Sources name what they import as it is called once compiled.
  moduleNameMapper: {
    '^([.]{1,2}/.*)[.]js$': '$1',
    // The sources of the other packages, so that a test never runs an old build of them.
    '^firebase-rules-check$': '<rootDir>/packages/security-rules/src/index.ts',
    '^firebase-rules-check/tool$': '<rootDir>/packages/security-rules/src/tool/main.ts',
    '^firebase-rules-check/jest$': '<rootDir>/packages/security-rules/src/jest/matchers.ts',
    '^firebase-local-stack$': '<rootDir>/packages/emulators/src/launcher/messages.ts',
    '^storage-public-variants-client$': '<rootDir>/packages/client/src/index.ts',
    '^storage-public-variants-client/(.+)$': '<rootDir>/packages/client/src/$1.ts',
  },
  transform: {
    // An ES module package, and what imports it when it runs: in tests they are CommonJS, like all others.
    '/packages/(client|edge)/.+[.]ts$|/tools/dev/(start|stack)/(?!.+[.]test[.]ts$).+[.]ts$':
      '<rootDir>/tests/support/commonjs-transform.cjs',
    '/node_modules/miniflare/dist/src/index[.]js$':
      '<rootDir>/tests/support/miniflare-transform.cjs',
    [`^.+[.]ts$|/node_modules/(${ES_MODULES})/.+[.]js$`]: [
      'ts-jest',
      { tsconfig: 'tsconfig.tests.json' },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${ES_MODULES}|miniflare/dist)/)`],
};

module.exports = {
  // Generous: these machines are shared, and no test asserts a time.
  testTimeout: 30_000,
  // A process of its own for each file, because of what files leave behind: sharp keeps what was blocked, and
  // after some files Node follows each promise. tools/test.mjs lets most unit tests share processes.
  workerIdleMemoryLimit: '1KB',
  // `npm run coverage`. Code that runs in child processes and workers is not counted.
  coverageProvider: 'v8',
  coverageDirectory: '.local/coverage',
  coverageReporters: ['text-summary', 'json-summary', 'html'],
  collectCoverageFrom: [
    '{functions,packages/*}/src/**/*.ts',
    '!**/*.{test,d}.ts',
    '!**/grammar.ts',
  ],
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/{functions/src,packages/*/src,tools/dev,bench}/**/*.test.ts'],
    },
    { ...common, displayName: 'processing', testMatch: ['<rootDir>/tests/processing/*.test.ts'] },
    {
      ...common,
      displayName: 'repository',
      testMatch: ['<rootDir>/{tests,tools}/*.test.ts'],
    },
    {
      ...common,
      displayName: 'integration',
      testMatch: ['<rootDir>/tests/integration/**/*.test.ts'],
    },
    { ...common, displayName: 'attack', testMatch: ['<rootDir>/tests/attack/**/*.test.ts'] },
    { ...common, displayName: 'install', testMatch: ['<rootDir>/tests/install/**/*.test.ts'] },
    { ...common, displayName: 'browser', testMatch: ['<rootDir>/tests/browser/**/*.test.ts'] },
  ],
};
