import * as fc from 'fast-check';
import { crc32c } from './crc32c.js';
import { readRecords, writeRecords } from './record-log.js';

const read = (log: Buffer): Buffer[] => [...readRecords(log, 'a log')];

test('the checksum is that of RFC 3720, appendix B.4', () => {
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
  expect(crc32c(Buffer.from(Array.from({ length: 32 }, (_, index) => index)))).toBe(0x46dd794e);
});

// The first record of every NAME.overall_export_metadata that Google's emulator has written.
test('a record has the checksum, the length and the type of LevelDB', () => {
  expect(writeRecords([Buffer.from('3')]).toString('hex')).toBe('b86d444e01000133');
});

test('records of any length are read as they were written', () => {
  const lengths = fc.oneof(
    fc.integer({ min: 0, max: 100 }),
    fc.integer({ min: 32_740, max: 32_780 }),
    fc.integer({ min: 65_500, max: 65_560 }),
    fc.integer({ min: 0, max: 200_000 }),
  );
  fc.assert(
    fc.property(fc.array(lengths, { maxLength: 6 }), (all) => {
      const records = all.map((length, index) => Buffer.alloc(length, index + 1));
      const found = read(writeRecords(records));
      // Jest compares bytes one by one.
      expect(found.map(({ length }) => length)).toEqual(all);
      expect(found.every((record, index) => record.equals(records[index] ?? Buffer.of()))).toBe(
        true,
      );
    }),
    { numRuns: 50 },
  );
});

test('the rest of a block may be empty, as in exports of production', () => {
  const log = writeRecords([Buffer.from('one')]);
  const padded = Buffer.concat([log, Buffer.alloc(32_768 - log.length), log]);
  expect(read(padded).map(String)).toEqual(['one', 'one']);
});

test('a damaged log is refused in a sentence', () => {
  const log = writeRecords([Buffer.alloc(100, 1), Buffer.alloc(40_000, 2)]);
  const changed = (offset: number, byte: number): Buffer => {
    const copy = Buffer.from(log);
    copy.writeUInt8(byte, offset);
    return copy;
  };
  expect(() => read(changed(50, 9))).toThrow('a log is damaged: expected another checksum at byte 0.'); // prettier-ignore
  expect(() => read(changed(4, 99))).toThrow('a log is damaged: expected another checksum');
  expect(() => read(changed(5, 255))).toThrow('a record is cut off at byte 0.');
  expect(() => read(log.subarray(0, 50))).toThrow('a record is cut off at byte 0.');
  expect(() => read(log.subarray(0, 32_768))).toThrow('its last record is cut off.');
  expect(() => read(log.subarray(0, 110))).toThrow('a record is cut off at byte 107.');
  expect(() => read(Buffer.from('not a log at all, but text'))).toThrow('a log is damaged');
});

test('each byte that is changed is noticed', () => {
  const log = writeRecords([Buffer.from('some record')]);
  for (let offset = 0; offset < log.length; offset += 1) {
    const copy = Buffer.from(log);
    copy.writeUInt8(copy.readUInt8(offset) ^ 0x10, offset);
    expect(() => read(copy)).toThrow('is damaged');
  }
});
