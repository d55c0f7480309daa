/** Files that the tests of the demo page choose. */
import sharp from 'sharp';

/** The first bytes of a JPEG. */
export const JPEG_START = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);
/** A file of a form, with the type that its name suggests. */
export const chosenFile = (name: string, buffer: Buffer) => ({
  ...{ name, buffer },
  mimeType: name.endsWith('.jpg') ? 'image/jpeg' : 'text/plain',
});

/** Up to eight photos that differ. */
export async function furtherPhotos(count: number): Promise<ReturnType<typeof chosenFile>[]> {
  const colors = [
    '#2f6f4f',
    '#c9772b',
    '#31517a',
    '#8a2f4a',
    '#6b6a2a',
    '#4a3a78',
    '#1f7a7a',
    '#a8442f',
  ];
  const pictures = colors.slice(0, count).map(async (color, index) => {
    const size = index % 3 === 0 ? [900, 1200] : [1200, 800];
    return chosenFile(`photo-${index}.jpg`, await landscape(size[0] ?? 0, size[1] ?? 0, color));
  });
  return Promise.all(pictures);
}

/** A picture that differs from others in a screenshot: a sun above hills. */
function landscape(width: number, height: number, color: string): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="${color}"/><stop offset="1" stop-color="#f6dfb8"/></linearGradient></defs>
    <rect width="100%" height="100%" fill="url(#sky)"/>
    <circle cx="${width * 0.68}" cy="${height * 0.42}" r="${height * 0.11}" fill="#fff3d6"/>
    <path d="M0 ${height * 0.7}Q${width * 0.3} ${height * 0.45} ${width * 0.6} ${height * 0.72}T${width} ${height * 0.62}V${height}H0Z" fill="${color}"/>
    <path d="M0 ${height * 0.85}Q${width * 0.4} ${height * 0.65} ${width} ${height * 0.9}V${height}H0Z" fill="#14201f"/></svg>`;
  return sharp(Buffer.from(svg)).jpeg({ quality: 90 }).toBuffer();
}
