/** Ten pictures like screenshots of programs, drawn from a few numbers: text, panels, lines and icons. */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import sharp from 'sharp';

/** Pixels. */
const [WIDTH, HEIGHT] = [1440, 900];

interface Theme {
  background: string;
  panel: string;
  text: string;
  accents: readonly string[];
}

const THEMES: Record<'light' | 'dark', Theme> = {
  light: {
    background: '#ffffff',
    panel: '#f1f3f4',
    text: '#202124',
    accents: ['#1a73e8', '#d93025', '#188038', '#f29900'],
  },
  dark: {
    background: '#1e1e1e',
    panel: '#252526',
    text: '#d4d4d4',
    accents: ['#569cd6', '#ce9178', '#6a9955', '#dcdcaa'],
  },
};

type Random = (below: number) => number;

interface Pen extends Theme {
  random: Random;
}

/** One picture: its theme, and what is on it. */
const LAYOUTS: readonly [name: string, theme: Theme, draw: (pen: Pen) => string[]][] = [
  ['article', THEMES.light, (pen) => [...bar(pen, 56), ...paragraph(pen, 320, 120, 800, 760, 20)]],
  ['chat', THEMES.light, (pen) => [...sidebar(pen, 280), ...bubbles(pen, 320)]],
  ['code', THEMES.dark, (pen) => [...sidebar(pen, 220), ...paragraph(pen, 260, 30, 900, 840, 15)]],
  ['terminal', THEMES.dark, (pen) => paragraph(pen, 16, 16, 1300, 870, 14)],
  ['table', THEMES.light, (pen) => [...bar(pen, 90), ...grid(pen, 110, 12, 28)]],
  ['calendar', THEMES.light, (pen) => [...bar(pen, 64), ...grid(pen, 80, 7, 160)]],
  ['chart', THEMES.light, (pen) => [...bar(pen, 48), ...chart(pen)]],
  ['settings', THEMES.light, (pen) => [...sidebar(pen, 340), ...rows(pen, 380, 68)]],
  ['dialog', THEMES.dark, (pen) => [...grid(pen, 40, 10, 40), ...dialog(pen)]],
  ['map', THEMES.light, (pen) => [...streets(pen), ...bar(pen, 40)]],
];

/** @returns the names of the pictures and their PNG files */
export async function createScreenshots(): Promise<[name: string, png: Buffer][]> {
  const files: [string, Buffer][] = [];
  // The product blocks all loaders that it does not need, in the whole process.
  sharp.unblock({ operation: ['VipsForeignLoadSvg'] });
  for (const [index, [name, theme, draw]] of LAYOUTS.entries()) {
    const generator = xoroshiro128plus(index + 1);
    const random = (below: number) => (generator.next() >>> 0) % below;
    const shapes = draw({ ...theme, random }).join('\n');
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">
<rect width="100%" height="100%" fill="${theme.background}"/>
${shapes}
</svg>`;
    files.push([name, await sharp(Buffer.from(svg)).removeAlpha().png().toBuffer()]);
  }
  return files;
}

function rect(
  x: number,
  y: number,
  width: number,
  height: number,
  fill: string,
  more = '',
): string {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${fill}" ${more}/>`;
}

/** A word of strokes as thin as those of letters: real fonts differ from machine to machine. */
function word(
  random: Random,
  x: number,
  baseline: number,
  letters: number,
  size: number,
  color: string,
) {
  const strokes: string[] = [];
  for (let letter = 0; letter < letters; letter++) {
    const left = x + letter * size * 0.6;
    const top = baseline - size * (random(3) === 0 ? 0.75 : 0.5);
    const [w, h] = [size * 0.45, baseline - top];
    const shapes = [
      `M${left} ${top}v${h}M${left} ${top + h / 2}h${w}M${left + w} ${top + h / 2}v${h / 2}`,
      `M${left} ${baseline}v${-h}h${w}v${h}`,
      `M${left + w} ${top}a${w / 2} ${h / 2} 0 1 0 0 ${h}`,
      `M${left} ${top}l${w / 2} ${h}l${w / 2} ${-h}`,
      `M${left} ${baseline}l${w} ${-h}M${left} ${top}l${w} ${h}`,
      `M${left + w / 2} ${top}v${h}`,
    ];
    strokes.push(shapes[random(shapes.length)] as string);
  }
  return `<path d="${strokes.join('')}" fill="none" stroke="${color}" stroke-width="${size / 10}"/>`;
}

function line(pen: Pen, x: number, baseline: number, width: number, size: number): string[] {
  const { random, text, accents } = pen;
  const words: string[] = [];
  for (let at = x; ;) {
    const letters = 2 + random(8);
    if (at + letters * size * 0.6 > x + width) return words;
    const color = random(6) === 0 ? (accents[random(accents.length)] as string) : text;
    words.push(word(random, at, baseline, letters, size, color));
    at += (letters + 1) * size * 0.6;
  }
}

function paragraph(pen: Pen, x: number, y: number, width: number, height: number, size: number) {
  const lines = Math.floor(height / (size * 1.5));
  return Array.from({ length: lines }, (_, index) => {
    const length = pen.random(5) === 0 ? pen.random(width) : width;
    return line(pen, x, y + (index + 1) * size * 1.5, length, size);
  }).flat();
}

function bar(pen: Pen, height: number): string[] {
  return [rect(0, 0, WIDTH, height, pen.panel), ...line(pen, 24, height / 2 + 6, 900, 16)];
}

function sidebar(pen: Pen, width: number): string[] {
  return [rect(0, 0, width, HEIGHT, pen.panel), ...paragraph(pen, 16, 16, width - 40, 860, 18)];
}

function bubbles(pen: Pen, x: number): string[] {
  return Array.from({ length: 8 }, (_, index) => {
    const [left, y] = [x + (index % 2) * 360, 20 + index * 108];
    const fill = index % 2 ? (pen.accents[0] as string) : pen.panel;
    const text = { ...pen, text: index % 2 ? '#ffffff' : pen.text };
    return [rect(left, y, 620, 92, fill, 'rx="18"'), ...paragraph(text, left + 20, y, 580, 80, 15)];
  }).flat();
}

function grid(pen: Pen, top: number, columns: number, rowHeight: number): string[] {
  const width = WIDTH / columns;
  const cells: string[] = [];
  for (let y = top; y < HEIGHT; y += rowHeight) {
    cells.push(rect(0, y, WIDTH, 1, '#9aa0a6'));
    for (let column = 0; column < columns; column++) {
      if (pen.random(9) === 0) {
        const fill = pen.accents[pen.random(pen.accents.length)] as string;
        cells.push(
          rect(column * width + 2, y + 2, width - 4, rowHeight - 4, fill, 'opacity="0.3"'),
        );
      }
      cells.push(...line(pen, column * width + 8, y + 20, width - 16, 13));
    }
  }
  for (let column = 1; column < columns; column++) {
    cells.push(rect(column * width, top, 1, HEIGHT, '#9aa0a6'));
  }
  return cells;
}

function chart(pen: Pen): string[] {
  const columns = Array.from({ length: 24 }, (_, index) => {
    const height = 80 + pen.random(500);
    const fill = pen.accents[index % pen.accents.length] as string;
    return rect(120 + index * 52, 780 - height, 36, height, fill);
  });
  const scale = Array.from({ length: 8 }, (_, index) => [
    rect(100, 780 - index * 90, 1280, 1, '#dadce0'),
    ...line(pen, 30, 785 - index * 90, 60, 14),
  ]).flat();
  return [...scale, ...columns, ...line(pen, 120, 820, 1200, 14)];
}

function rows(pen: Pen, x: number, height: number): string[] {
  return Array.from({ length: 13 }, (_, index) => {
    const y = index * height;
    const isOn = pen.random(2) === 0;
    const fill = isOn ? (pen.accents[0] as string) : '#bdc1c6';
    return [
      ...line(pen, x, y + 30, 500, 17),
      ...line(pen, x, y + 52, 700, 12),
      rect(1300, y + 20, 52, 28, fill, 'rx="14"'),
      `<circle cx="${isOn ? 1338 : 1314}" cy="${y + 34}" r="11" fill="#fff"/>`,
      rect(x, y + height - 1, 1000, 1, '#dadce0'),
    ];
  }).flat();
}

function dialog(pen: Pen): string[] {
  return [
    rect(0, 0, WIDTH, HEIGHT, '#000', 'opacity="0.5"'),
    rect(420, 260, 600, 340, '#2d2d30', 'rx="8"'),
    ...paragraph(pen, 450, 280, 540, 220, 16),
    rect(840, 540, 150, 40, pen.accents[0] as string, 'rx="4"'),
    ...line({ ...pen, text: '#fff' }, 870, 566, 100, 15),
  ];
}

function streets(pen: Pen): string[] {
  const parks = Array.from({ length: 9 }, () =>
    rect(
      pen.random(WIDTH),
      pen.random(HEIGHT),
      80 + pen.random(240),
      60 + pen.random(200),
      '#c8e6c9',
    ),
  );
  const roads = Array.from({ length: 40 }, () => {
    const [x, y] = [pen.random(WIDTH), pen.random(HEIGHT)];
    const end = pen.random(2) ? `${WIDTH} ${pen.random(HEIGHT)}` : `${pen.random(WIDTH)} ${HEIGHT}`;
    return `<path d="M${x} ${y}L${end}" stroke="${pen.random(4) ? '#fff' : '#fdd663'}" stroke-width="${4 + pen.random(12)}"/>`;
  });
  const names = Array.from({ length: 60 }, () =>
    word(pen.random, pen.random(WIDTH), pen.random(HEIGHT), 4 + pen.random(9), 13, pen.text),
  );
  return [rect(0, 0, WIDTH, HEIGHT, '#e8eaed'), ...parks, ...roads, ...names];
}
