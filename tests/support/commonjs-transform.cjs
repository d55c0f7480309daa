/**
 * Compiles the sources of an ES module package for jest, which runs CommonJS. Not with ts-jest: it compiles all files
 * that a test loads with the options of the first, and those of the other packages leave ES modules as they are.
 */
const { createHash } = require('node:crypto');
const ts = require('typescript');

const OPTIONS = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.CommonJS,
  esModuleInterop: true,
  inlineSourceMap: true,
};

module.exports = {
  process: (source, fileName) => ({
    code: ts.transpileModule(source, { compilerOptions: OPTIONS, fileName }).outputText,
  }),
  getCacheKey: (source, fileName) =>
    createHash('sha256')
      .update(JSON.stringify([ts.version, OPTIONS, fileName, source]))
      .digest('hex'),
};
