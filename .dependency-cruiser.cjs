/**
 * Which module may import which: functions.ts -> lifecycle | serve | sharing -> gcp, processing ->
 * domain; all may import config and errors. `tests/boundaries.test.ts` proves that each rule can fail.
 */
const src = '^functions/src/';

/** A folder of functions/src may import only the named folders, itself and packages. */
function only(folder, folders) {
  return {
    name: `${folder.replace('/', '-')}-imports-only-${folders.join('-') || 'nothing'}`,
    severity: 'error',
    from: { path: `${src}${folder}/`, pathNot: '[.]test[.]ts$' },
    to: {
      path: src,
      pathNot: [
        `${src}(${[folder, ...folders].join('|')})/`,
        `${src}(errors|log|log-events|once|within|cli/terminal)[.]ts$`,
      ],
    },
  };
}

/** Folders of functions/src must not import these packages. */
function without(name, folders, packages) {
  return {
    name,
    severity: 'error',
    from: { path: `${src}(${folders})/`, pathNot: '[.]test[.]ts$' },
    to: { path: `node_modules/(${packages})(/|$)`, dependencyTypesNot: ['type-only'] },
  };
}

/** Development dependencies of the workspace that only the command line tool imports. */
const BUNDLED = 'jsonc-parser|diff|@inquirer/prompts|@blazediff/ssim';

/** What packages/edge shares with `serve`. */
const PORTABLE = `${src}(${[
  'errors',
  'domain/(entity-tag-text|format|seal-codec|sealing-keys|token-text|variant|widths)',
  'serve/(cache-control|client-network|conditional|expiry|json-response|length-limits|manifest|narrow|negotiate)',
  'serve/(refuse|request-body|respond|route|select-rendition)',
].join('|')})[.]ts$`;

const ENTRIES = '(index|api|functions|serve-entry|cli/main)';

module.exports = {
  forbidden: [
    {
      name: 'npm-no-pkg',
      comment:
        'A package that is imported must be declared in the package.json nearest to the file.',
      severity: 'error',
      // Tests and test doubles use the development dependencies of the workspace.
      from: { pathNot: '[.]test[.]ts$|^(functions|packages/edge)/test/|/vite[.]config[.]mts$' },
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown'],
        // An optional peer is of both types, because of `peerDependenciesMeta`.
        dependencyTypesNot: ['npm-peer'],
        pathNot: `node_modules/(${BUNDLED})(/|$)`,
      },
    },
    only('domain', []),
    only('processing', ['domain']),
    only('config', ['domain']),
    only('gcp', ['config', 'domain']),
    only('lifecycle', ['config', 'gcp', 'processing', 'domain']),
    only('cli/doctor', [
      'config',
      'gcp',
      'lifecycle',
      'processing',
      'serve',
      'domain',
      'cli/check-rules',
      'cli/init',
    ]),
    only('cli/migrate', ['config', 'gcp', 'processing', 'domain', 'cli/cost', 'cli/doctor']),
    only('cli/check-rules', ['config', 'domain']),
    only('cli/init', ['config', 'domain', 'cli/check-rules']),
    only('cli/seal-key', ['domain']),
    only('cli/cost', []),
    {
      name: 'only-the-cli-imports-bundled-packages',
      comment: 'tools/bundle.mjs bundles lib/cli: it may also use packages of the workspace.',
      severity: 'error',
      from: {
        path: src,
        pathNot: `[.]test[.]ts$|${src}cli/(init|check-rules|doctor|migrate)/|${src}cli/terminal[.]ts$`,
      },
      to: {
        path: [
          `node_modules/(${BUNDLED})(/|$)`,
          '(^|/)packages/security-rules/',
          '^firebase-rules-check',
        ],
      },
    },
    only('serve', ['config', 'gcp', 'domain']),
    only('sharing', ['config', 'gcp', 'domain']),
    without(
      'domain-and-processing-without-firebase',
      'domain|processing',
      'firebase-.*|@google-cloud',
    ),
    without('only-gcp-talks-to-google', 'lifecycle|serve|sharing|cli', 'firebase-.*|@google-cloud'),
    without(
      'only-processing-loads-sharp',
      'domain|config|gcp|lifecycle|serve|sharing|cli',
      'sharp',
    ),
    {
      name: 'light-functions-do-not-process',
      comment:
        'Functions with 256 MiB start fast and handle many requests: only types of processing.',
      severity: 'error',
      from: {
        path: `${src}lifecycle/(original-.*|metadata-updated|cleanup|purge|tasks|retry|context)[.]ts$`,
        pathNot: '[.]test[.]ts$',
      },
      to: {
        path: `${src}(processing/|lifecycle/(attempt|process-upload|backfill)[.]ts$)`,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'errors-imports-nothing',
      severity: 'error',
      from: { path: `${src}errors[.]ts$` },
      to: { path: '.' },
    },
    {
      name: 'nothing-imports-an-entry',
      severity: 'error',
      from: { path: src, pathNot: `${src}${ENTRIES}[.]ts$|[.]test[.]ts$` },
      to: { path: `${src}${ENTRIES}[.]ts$` },
    },
    {
      name: 'functions-imports-nothing-of-the-repository',
      severity: 'error',
      from: { path: src, pathNot: ['[.]test[.]ts$', `${src}cli/`] },
      to: { path: '^(packages|tools|bench|examples|tests|functions/test)/' },
    },
    {
      name: 'only-the-cli-imports-security-rules',
      severity: 'error',
      from: { path: `${src}cli/`, pathNot: '[.]test[.]ts$' },
      to: {
        path: '^(packages|tools|bench|examples|tests|functions/test)/',
        pathNot: '^packages/security-rules/',
      },
    },
    {
      name: 'security-rules-imports-nothing-of-the-repository',
      severity: 'error',
      from: { path: '^packages/security-rules/' },
      to: {
        path: '^(functions|packages|tools|bench|examples|tests)/',
        pathNot: '^packages/security-rules/',
      },
    },
    {
      name: 'emulators-imports-only-security-rules',
      severity: 'error',
      from: { path: '^packages/emulators/' },
      to: {
        path: '^(functions|packages|tools|bench|examples|tests)/',
        pathNot: '^packages/(emulators|security-rules)/',
      },
    },
    {
      name: 'client-imports-nothing-of-the-repository',
      comment: 'tools/bundle.mjs bundles the entry for servers, and the one that seals.',
      severity: 'error',
      from: {
        path: '^packages/client/',
        pathNot: '[.]test[.]ts$|^packages/client/src/(admin|seal)[.]ts$',
      },
      to: {
        path: '^(functions|packages|tools|bench|examples|tests)/',
        pathNot: '^packages/client/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'client-admin-imports-only-sharing',
      severity: 'error',
      from: { path: '^packages/client/src/admin[.]ts$' },
      to: {
        path: '^(functions|packages|tools|bench|examples|tests)/',
        pathNot: '^packages/client/|^functions/src/sharing/',
      },
    },
    {
      name: 'client-seal-imports-only-the-codec',
      severity: 'error',
      from: { path: '^packages/client/src/seal[.]ts$' },
      to: {
        path: '^(functions|packages|tools|bench|examples|tests)/',
        pathNot: '^packages/client/|^functions/src/domain/seal-codec[.]ts$',
      },
    },
    {
      name: 'the-seal-codec-is-portable',
      comment: 'Browsers and edge workers bundle it.',
      severity: 'error',
      from: { path: `${src}domain/(seal-codec|token-text)[.]ts$` },
      to: { path: '.', pathNot: `${src}domain/token-text[.]ts$` },
    },
    {
      name: 'edge-imports-only-portable-modules',
      comment: 'tools/bundle.mjs bundles both Workers.',
      severity: 'error',
      from: { path: '^packages/edge/', pathNot: '[.]test[.]ts$|^packages/edge/test/' },
      to: {
        path: '^(functions|packages|tools|bench|examples|tests)/',
        pathNot: `^packages/edge/|${PORTABLE}`,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'edge-imports-no-packages',
      severity: 'error',
      from: { path: '^packages/edge/src/', pathNot: '[.]test[.]ts$' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'core'] },
    },
    {
      name: 'portable-modules-need-no-node',
      comment: 'Workers have neither Node.js modules nor what only Node.js can load.',
      severity: 'error',
      from: { path: PORTABLE },
      to: {
        path: '.',
        pathNot: `${PORTABLE}|/node_modules/(ipaddr[.]js|negotiator|range-parser)/`,
        dependencyTypesNot: ['type-only'],
      },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'every-import-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(firebase-functions|firebase-admin)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // The examples for frameworks have packages of their own, which the workspace does not install.
    exclude: {
      path: '^((functions|packages/[^/]+)/lib|examples/(demo/dist|next|nuxt)|bench/out|[.]local)/',
    },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'default', 'types'],
    },
  },
};
