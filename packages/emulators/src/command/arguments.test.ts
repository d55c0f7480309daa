import { parseArguments, UsageError } from './arguments.js';

test.each<[string[], object]>([
  [['start'], { explain: false, passed: [] }],
  [['exec', 'npm test'], { script: 'npm test' }],
  [
    ['start', '-P', 'my-app', '-c', 'other.json', '--only', 'auth, functions:images'],
    { project: 'my-app', config: 'other.json', only: ['auth', 'functions:images'] },
  ],
  [['exec', '--explain', '--debug', 'x'], { explain: true, passed: ['--debug'] }],
  [['start', '--inspect-functions'], { passed: ['--inspect-functions'] }],
  [['start', '--inspect-functions', '9229'], { passed: ['--inspect-functions', '9229'] }],
  [['exec', '--inspect-functions', 'npm test'], { script: 'npm test' }],
  [['start', '--import', 'a'], { passed: ['--import', 'a'] }],
  [
    ['start', '--export-on-exit', '--import', 'a'],
    { passed: ['--import', 'a', '--export-on-exit'] },
  ],
  [
    ['exec', '--export-on-exit', 'a', 'npm test'],
    { script: 'npm test', passed: ['--export-on-exit', 'a'] },
  ],
])('%j', (argv, expected) => {
  expect(parseArguments(argv)).toMatchObject(expected);
});

test.each([[[]], [['--help']], [['start', '-h']]])('%j prints the usage', (argv) => {
  expect(parseArguments(argv)).toBeUndefined();
});

test.each([
  [['stop'], 'expected start or exec, found "stop".'],
  [['--only', 'auth'], 'expected start or exec, found nothing.'],
  [['start', 'x'], 'start: expected options only, found "x".'],
  [['exec'], 'exec: expected one command in quotes, such as exec "npm test", found 0.'],
  [['exec', ' '], 'found an empty one.'],
  [['exec', 'npm', 'test'], 'found 2.'],
  [['start', '--project='], '--project: expected a value, found nothing.'],
  [['start', '--only', 'database'], '--only: expected some of auth, firestore'],
  [['start', '--only', 'auth,'], 'found ""'],
  [['start', '--only', 'firestore:x'], '--only: expected firestore without a name'],
  [
    ['start', '--export-on-exit'],
    '--export-on-exit: expected a folder here or in --import, found none.',
  ],
  [['start', '--import='], '--import: expected a value, found nothing.'],
  [['start', '--port', '1'], "Unknown option '--port'"],
])('%j is refused in a sentence', (argv, sentence) => {
  expect(() => parseArguments(argv)).toThrow(UsageError);
  expect(() => parseArguments(argv)).toThrow(sentence);
});
