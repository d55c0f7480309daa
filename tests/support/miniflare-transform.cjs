/** Lets miniflare load sharp, for its Images binding: jest, which runs CommonJS, has no dynamic imports. */
const DYNAMIC = 'import("sharp")';

module.exports = {
  process: (source, fileName) => {
    if (!source.includes(DYNAMIC))
      throw new Error(`expected ${DYNAMIC} in ${fileName}, found none`);
    return { code: source.replaceAll(DYNAMIC, 'Promise.resolve({ default: require("sharp") })') };
  },
};
