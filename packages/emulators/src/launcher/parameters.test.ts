import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultsOf, MissingParametersError, type Parameter } from './parameters.js';

const OPTIONS = {
  userEnvs: { BUCKET: 'from .env' },
  firebaseConfig: { projectId: 'my-app', storageBucket: 'my-app.appspot.com' },
  codebase: 'images',
};

test('what no .env file sets has its default', () => {
  const params: Parameter[] = [
    { name: 'BUCKET', type: 'string', default: 'default' },
    { name: 'SIZES', type: 'list', default: ['w400', 'w800'] },
    { name: 'MAX', type: 'int', default: 0 },
    { name: 'EMPTY', type: 'string', default: '' },
    { name: 'UPLOADS', type: 'string', default: '{{ params.STORAGE_BUCKET }}' },
    { name: 'KEY', type: 'secret' },
  ];
  expect(defaultsOf({ ...OPTIONS, params })).toEqual({
    SIZES: 'w400,w800',
    MAX: '0',
    EMPTY: '',
    UPLOADS: 'my-app.appspot.com',
  });
});

test('names what has neither', () => {
  const params: Parameter[] = [
    { name: 'BUCKET', type: 'string' },
    { name: 'REGION', type: 'string' },
    { name: 'DATABASE', type: 'string', default: '{{ params.DATABASE_URL }}' },
  ];
  expect(() => defaultsOf({ ...OPTIONS, params })).toThrow(
    new MissingParametersError(['REGION', 'DATABASE'], 'images'),
  );
});

describe('the sentence names the file', () => {
  let projectDir: string;
  beforeEach(() => (projectDir = mkdtempSync(join(tmpdir(), 'parameters-'))));
  afterEach(() => rmSync(projectDir, { recursive: true }));

  const error = new MissingParametersError(['REGION', 'SIZES'], 'images');
  const explain = (backend: object) =>
    error.explain(
      { functionsDir: join(projectDir, 'functions'), ...backend },
      {
        projectDir,
        projectId: 'my-app',
      },
    );

  test('.env, which applies to all projects', () => {
    expect(explain({})).toBe(
      'expected a value of REGION, SIZES in functions/.env, found none and no default: ' +
        'the functions of "images" are not started',
    );
  });

  test('and the projects that have values, when another one is started', () => {
    for (const name of ['.env.other-app', '.env.example', '.env.local', '.env']) {
      writeFileSync(join(projectDir, name), '');
    }
    expect(explain({ configDir: projectDir })).toMatch(
      / are not started; for the project other-app, start with --project other-app$/,
    );
  });

  test('or that of the project, in the configuration folder of a kit', () => {
    writeFileSync(join(projectDir, '.env.my-app'), '');
    expect(explain({ configDir: projectDir })).toContain(' in .env.my-app, ');
  });
});
