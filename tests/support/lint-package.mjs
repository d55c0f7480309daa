/** `node lint-package.mjs TARBALL`: prints what publint and "are the types wrong?" find, as JSON. Both are ES modules. */
import { readFileSync } from 'node:fs';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const tarball = readFileSync(process.argv[2]);
const { messages, pkg } = await publint({
  pack: { tarball: tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.length) },
  strict: true,
});
const types = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)));
process.stdout.write(
  JSON.stringify({
    publint: messages.map((message) => formatMessage(message, pkg, { color: false })),
    types: types.types ? types.problems : ['no types'],
  }),
);
