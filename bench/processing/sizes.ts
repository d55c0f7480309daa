/** What both sides make of each picture: four sizes, each in JPEG and WebP. */
export const EDGES = [200, 400, 800, 1600];
export const FORMATS = ['jpeg', 'webp'] as const;
/** The same, as this project's VARIANTS says it: within a square, never enlarged. */
export const VARIANTS = EDGES.map((edge) => `w${edge}:${edge}x${edge}`).join();
