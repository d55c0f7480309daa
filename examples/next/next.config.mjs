/** @type {import('next').NextConfig} */
export default {
  // The widths of the variants w400, w800 and w1600: `serve` would round others up.
  images: { deviceSizes: [400, 800, 1600], imageSizes: [] },
  // A folder above may have a lock file of its own.
  turbopack: { root: import.meta.dirname },
};
