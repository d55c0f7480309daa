/** The renditions that both pipelines produce of each image: four sizes, each in JPEG and WebP. */
export const EDGES = [200, 400, 800, 1600];
export const FORMATS = ['jpeg', 'webp'] as const;
/** The same sizes as a value of the parameter VARIANTS: within a square, never enlarged. */
export const VARIANTS = EDGES.map((edge) => `w${edge}:${edge}x${edge}`).join();
