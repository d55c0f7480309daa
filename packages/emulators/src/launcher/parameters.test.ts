import { defaultsOf, type Parameter } from './parameters.js';

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

test('a sentence names what has neither', () => {
  const params: Parameter[] = [
    { name: 'BUCKET', type: 'string' },
    { name: 'REGION', type: 'string' },
    { name: 'DATABASE', type: 'string', default: '{{ params.DATABASE_URL }}' },
  ];
  expect(() => defaultsOf({ ...OPTIONS, params })).toThrow(
    'expected a value of REGION, DATABASE in the .env file of "images", found none: its functions are not started',
  );
});
