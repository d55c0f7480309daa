/**
 * The arrows of the house: index -> ingest | serve | share -> library, derive, tokens -> images ->
 * nothing; all may read config and errors. `tests/arrows.test.ts` proves that a wrong one fails.
 */
const src = '^functions/src/';

/** A rule that lets a room import only the named rooms (and itself, and packages). */
function only(room, rooms) {
  return {
    name: `${room}-imports-only-${rooms.join('-') || 'nothing'}`,
    severity: 'error',
    from: { path: `${src}${room}/`, pathNot: '[.]test[.]ts$' },
    to: {
      path: src,
      pathNot: [`${src}(${[room, ...rooms].join('|')})/`, `${src}errors[.]ts$`],
    },
  };
}

/** A rule that keeps packages out of rooms. */
function without(name, rooms, packages) {
  return {
    name,
    severity: 'error',
    from: { path: `${src}(${rooms})/`, pathNot: '[.]test[.]ts$' },
    to: { path: `node_modules/(${packages})(/|$)`, dependencyTypesNot: ['type-only'] },
  };
}

module.exports = {
  forbidden: [
    only('images', []),
    only('tokens', ['images']),
    only('derive', ['images']),
    only('config', ['images']),
    only('library', ['config', 'tokens', 'images']),
    only('ingest', ['config', 'library', 'derive', 'tokens', 'images']),
    only('doctor', ['config', 'library', 'ingest', 'derive', 'images']),
    only('serve', ['config', 'library', 'tokens', 'images']),
    only('share', ['config', 'library', 'tokens', 'images']),
    without('pure-rooms-know-no-firebase', 'images|tokens|derive', 'firebase-.*|@google-cloud'),
    without(
      'only-the-library-talks-to-google',
      'ingest|serve|share|doctor',
      'firebase-.*|@google-cloud',
    ),
    without(
      'sharp-stays-in-derive',
      'images|tokens|config|library|ingest|serve|share|doctor',
      'sharp',
    ),
    {
      name: 'errors-import-nothing',
      severity: 'error',
      from: { path: `${src}errors[.]ts$` },
      to: { path: '.' },
    },
    {
      name: 'nothing-but-index-imports-a-door',
      severity: 'error',
      from: { path: src, pathNot: `${src}(index|lib|doors|cli)[.]ts$|[.]test[.]ts$` },
      to: { path: `${src}(index|lib|doors|view|cli)[.]ts$` },
    },
    {
      name: 'the-product-imports-none-of-the-workshop',
      severity: 'error',
      from: { path: src },
      to: { path: '^(client|local|bench|demo|tests|scripts)/' },
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'every-import-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(firebase-functions|firebase-admin)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(functions/lib|demo/dist|bench/out|[.]local)/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'default', 'types'],
    },
  },
};
