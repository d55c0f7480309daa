/** @type {import('next').NextConfig} */
export default {
  // The widths of the variants w400, w800 and w1600: others would be rounded up by `serve`.
  images: { imageSizes: [400], deviceSizes: [800, 1600] },
  // A folder above may have a lock file of its own.
  turbopack: { root: import.meta.dirname },
};
