/** The files that are generated from the parameter table are up to date; `npm run docs` writes them. */
import { parseEnv } from 'node:util';
import { envExample, extensionYaml, parametersPage } from '../../test/config/generated-files.js';
import { expectUpToDate, readProjectFile } from '../../test/generated-file.js';
import { parseConfig } from './config.js';
import { INITIAL_VALUES, PARAMETER_NAMES } from './parameter-table.js';

test('the params of extension.yaml are up to date (npm run docs)', () => {
  expectUpToDate('extension.yaml', extensionYaml(readProjectFile('extension.yaml')));
});

test('functions/.env.example is up to date (npm run docs)', () => {
  expectUpToDate('functions/.env.example', envExample());
});

test('docs/reference/parameters.md is up to date (npm run docs)', () => {
  expectUpToDate('docs/reference/parameters.md', parametersPage());
});

test('functions/.env.example sets every parameter but the bucket to what a new installation has', () => {
  const values = parseEnv(envExample());
  const expected = PARAMETER_NAMES.filter((name) => name !== 'BUCKET');
  expect(Object.keys(values).sort()).toEqual(expected.sort());
  const BUCKET = 'demo.appspot.com';
  expect(parseConfig({ ...values, BUCKET })).toEqual(parseConfig({ ...INITIAL_VALUES, BUCKET }));
});
