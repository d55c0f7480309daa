/** One project a kind of test, so that `npx jest --selectProjects unit` runs just that kind. */
const common = {
  testEnvironment: 'node',
  rootDir: __dirname,
  modulePathIgnorePatterns: ['<rootDir>/.local/', '<rootDir>/functions/lib/'],
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.tests.json', isolatedModules: true }] },
};

module.exports = {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/{functions/src,client/src,local}/**/*.test.ts'],
    },
    {
      ...common,
      displayName: 'integration',
      testMatch: ['<rootDir>/tests/integration/**/*.test.ts'],
    },
    { ...common, displayName: 'browser', testMatch: ['<rootDir>/tests/browser/**/*.test.ts'] },
  ],
};
