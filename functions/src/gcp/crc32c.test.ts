import { crc32c } from './crc32c.js';

const hex = (base64: string) => Buffer.from(base64, 'base64').toString('hex');

// RFC 3720 appendix B.4 states these in little-endian order; "123456789" is the usual check value of a CRC.
test.each([
  ['no bytes', Buffer.alloc(0), '00000000'],
  ['32 zeros', Buffer.alloc(32), '8a9136aa'],
  ['32 bytes of 0xff', Buffer.alloc(32, 0xff), '62a8ab43'],
  ['32 ascending bytes', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), '46dd794e'],
  ['32 descending bytes', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), '113fdb5c'],
  ['nine digits, not a multiple of eight bytes', Buffer.from('123456789'), 'e3069283'],
])('the checksum of %s', (_name, data, expected) => {
  expect(hex(crc32c(data))).toBe(expected);
});

test('each length has the checksum that a bit at a time gives', () => {
  const data = Buffer.from(Array.from({ length: 64 }, (_, i) => (i * 37) & 0xff));
  for (let length = 0; length <= data.length; length++) {
    let sum = 0xffffffff;
    for (const byte of data.subarray(0, length)) {
      sum ^= byte;
      for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0x82f63b78 : 0);
    }
    const expected = (~sum >>> 0).toString(16).padStart(8, '0');
    expect(hex(crc32c(data.subarray(0, length)))).toBe(expected);
  }
});
