import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      ...['**/node_modules/', '.local/', '**/lib/', 'examples/demo/dist/', 'bench/out/'],
      // Their types are those of their own packages, which the workspace does not install; their builds check them.
      ...['examples/next/', 'examples/nuxt/'],
      // Generated.
      'packages/security-rules/src/grammar.ts',
      // Compiled by a test, with packages that are not installed here.
      'tests/install/matrix/consumer/',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        project: [
          'functions/tsconfig.json',
          'packages/client/tsconfig.json',
          'packages/edge/tsconfig.json',
          'packages/emulators/tsconfig.json',
          'packages/security-rules/tsconfig.json',
          'tools/dev/tsconfig.json',
          'bench/tsconfig.json',
          'examples/demo/tsconfig.json',
          'tsconfig.tests.json',
        ],
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs', '**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        module: 'writable',
        require: 'readonly',
        __dirname: 'readonly',
      },
    },
  },
  {
    files: ['examples/edge-node/*.mjs'],
    languageOptions: {
      globals: {
        Buffer: 'readonly',
        Headers: 'readonly',
        Request: 'readonly',
        Response: 'readonly',
        URL: 'readonly',
      },
    },
  },
  {
    plugins: { regexp },
    rules: {
      // Some text can make such an expression take quadratic or exponential time.
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential', ignorePartial: false }],
      'regexp/no-dupe-disjunctions': 'error',
      'regexp/no-trivially-nested-quantifier': 'error',
      // Expressions that do not match what they seem to match.
      'regexp/confusing-quantifier': 'error',
      'regexp/no-contradiction-with-assertion': 'error',
      'regexp/no-empty-alternative': 'error',
      'regexp/no-empty-group': 'error',
      'regexp/no-invisible-character': 'error',
      'regexp/no-lazy-ends': 'error',
      'regexp/no-misleading-capturing-group': 'error',
      'regexp/no-misleading-unicode-character': 'error',
      'regexp/no-missing-g-flag': 'error',
      'regexp/no-optional-assertion': 'error',
      'regexp/no-useless-assertions': 'error',
      'regexp/no-useless-backreference': 'error',
    },
  },
  prettier,
);
