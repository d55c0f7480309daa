/** A picture of the results: bytes against SSIMULACRA2, one curve for each encoder. */
import { ENCODINGS } from './encodings.js';
import { costOf, type QualityResults } from './results.js';

/** Pixels of the longer edge of the photos that the picture is about. */
export const PICTURE_EDGE = 400;

const SIZE = { width: 820, height: 460, left: 56, right: 250, top: 20, bottom: 48 };
const SCORES = { from: 40, to: 95, step: 10 };
const COLORS: Readonly<Record<string, string>> = {
  'jpeg-0': '#b08040',
  'jpeg-3': '#c03020',
  'jpeg-3-trellis': '#e080a0',
  'webp-0': '#80b0e0',
  'webp-1': '#5090d0',
  'webp-2': '#2060b0',
  'webp-4': '#103060',
  'avif-3': '#207040',
};

export function qualityPicture({ rows }: QualityResults): string {
  const { width, height, left, right, top, bottom } = SIZE;
  const own = rows.filter(({ edge }) => edge === PICTURE_EDGE);
  const mostBits = Math.ceil(
    Math.max(...own.map(costOf).flatMap(({ score, bits }) => (score > SCORES.to ? [] : bits))),
  );
  const x = (bits: number) => left + (bits / mostBits) * (width - left - right);
  const y = (score: number) =>
    height - bottom - ((score - SCORES.from) / (SCORES.to - SCORES.from)) * (height - top - bottom);
  const place = (bits: number, score: number) => `${x(bits).toFixed(1)},${y(score).toFixed(1)}`;
  const curves = Object.entries(ENCODINGS).flatMap(([name, { format, description }], index) => {
    const costs = own.filter(({ encoding }) => encoding === name).map(costOf);
    const shown = costs.filter(({ score, bits }) => score >= SCORES.from && bits <= mostBits);
    if (shown.length === 0) return [];
    const color = COLORS[name] ?? '#000';
    const line = shown.map(({ bits, score }) => place(bits, score)).join(' ');
    const dots = shown.map(({ bits, score }) => {
      const [cx, cy] = place(bits, score).split(',');
      return `<circle cx="${cx}" cy="${cy}" r="3" fill="${color}"/>`;
    });
    const label = height - bottom - 20 * (index + 1);
    const cpu = Math.round(shown.reduce((sum, cost) => sum + cost.cpu, 0) / shown.length);
    return [
      `<polyline points="${line}" fill="none" stroke="${color}" stroke-width="2"/>`,
      ...dots,
      `<circle cx="${width - right + 16}" cy="${label - 4}" r="4" fill="${color}"/>`,
      `<text x="${width - right + 26}" y="${label}">${format} ${shorten(description)}, ${cpu} ms/MP</text>`,
    ];
  });
  const lines = [];
  for (let score = SCORES.from; score <= SCORES.to; score += SCORES.step) {
    lines.push(
      `<line x1="${left}" x2="${width - right}" y1="${y(score)}" y2="${y(score)}" stroke="#ddd"/>`,
      `<text x="${left - 8}" y="${y(score) + 4}" text-anchor="end">${score}</text>`,
    );
  }
  for (let bits = 0; bits <= mostBits; bits += 0.5) {
    lines.push(
      `<text x="${x(bits)}" y="${height - bottom + 18}" text-anchor="middle">${bits}</text>`,
    );
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">
<title>SSIMULACRA2 against bits per pixel, medians at ${PICTURE_EDGE} pixels</title>
<rect width="${width}" height="${height}" fill="#fff"/>
${[...lines, ...curves].join('\n')}
<text x="${(left + width - right) / 2}" y="${height - 10}" text-anchor="middle">bits per pixel</text>
<text x="14" y="${height / 2}" text-anchor="middle" transform="rotate(-90 14 ${height / 2})">SSIMULACRA2</text>
</svg>
`;
}

function shorten(description: string): string {
  return description
    .replace('quantization table', 'table')
    .replace(', standard Huffman tables', ', standard')
    .replace(', optimized Huffman tables', ', optimized')
    .replace(', trellis quantization', ', trellis');
}
