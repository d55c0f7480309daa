import fc from 'fast-check';
import { variantSize, type Variant } from '../domain/variant.js';
import { parseVariant } from '../domain/variant-grammar.js';
import { planResizes } from './resize-plan.js';

const variants = (...texts: string[]) => texts.map((text) => parseVariant(text) as Variant);
const photo = { width: 4000, height: 3000 };

test('orders steps by size and resizes each from the smallest that is twice as large', () => {
  const { decodeSize, steps } = planResizes(
    variants('thumb:200x200:cover', 'w400:400', 'w800:800', 'w1600:1600', 'w700:700'),
    photo,
  );
  expect(decodeSize).toEqual({ width: 1600, height: 1200 });
  expect(steps.map(({ variants: names, source }) => [names.join(), source])).toEqual([
    ['w1600', undefined],
    ['w800', undefined],
    ['w700', undefined],
    ['w400', 1],
    // 267 x 200 is more than half of 400 x 300.
    ['thumb', 1],
  ]);
  expect(steps.at(-1)).toMatchObject({ fullSize: { width: 267, height: 200 }, crop: 'centre' });
});

test('combines variants with the same result into one step', () => {
  const { decodeSize, steps } = planResizes(
    variants('a:200x200:cover', 'b:300x300:cover', 'c:500', 'd:900', 'e:100x80:cover:attention'),
    { width: 100, height: 80 },
  );
  expect(decodeSize).toEqual({ width: 100, height: 80 });
  expect(steps.map(({ variants: names, crop }) => [names.join(), crop])).toEqual([
    ['a,b', 'centre'],
    ['c,d,e', undefined],
  ]);
});

test('a step with a byte limit is combined with no other and is the source of none', () => {
  const stepsOf = (...texts: string[]) =>
    planResizes(variants('w2000:2000', ...texts, 'w400:400'), photo).steps.map(
      ({ variants: names, maxBytes, source }) => [names.join(), maxBytes, source],
    );
  const limited = ['a:800x600:jpeg:100kB', 'b:800x600:jpeg:100kB'];
  expect(stepsOf('w800:800x600', ...limited)).toEqual([
    ['w2000', undefined, undefined],
    ['w800', undefined, undefined],
    ['a,b', 100_000, undefined],
    ['w400', undefined, 1],
  ]);
  expect(stepsOf(...limited).at(-1)).toEqual(['w400', undefined, undefined]);
});

test('has one step per crop', () => {
  const { steps } = planResizes(variants('a:100x100:cover', 'b:100x100:cover:attention'), photo);
  expect(steps.map(({ crop }) => crop)).toEqual(['centre', 'attention']);
});

const edge = fc.integer({ min: 1, max: 16383 });
const anyVariant = fc
  .record({
    width: edge,
    height: fc.option(edge, { nil: undefined }),
    fit: fc.constantFrom('inside', 'cover'),
    crop: fc.constantFrom('centre', 'attention', undefined),
  })
  .map(({ height, crop, ...rest }): Omit<Variant, 'name'> => ({
    ...rest,
    ...(height !== undefined && { height }),
    ...(crop && { crop }),
  }));

test('contains any variants once, at their sizes, from a large enough source', () => {
  fc.assert(
    fc.property(
      fc.array(anyVariant, { minLength: 1, maxLength: 20 }),
      fc.record({ width: edge, height: edge }),
      (rules, original) => {
        const named = rules.map((rule, index) => ({ ...rule, name: `v${index}` }));
        const { decodeSize, steps } = planResizes(named, original);
        const planned = steps.flatMap((step) => step.variants.map((name) => ({ ...step, name })));
        expect(planned.map(({ name }) => name).sort()).toEqual(
          named.map(({ name }) => name).sort(),
        );
        let heldPixels = decodeSize.width * decodeSize.height;
        for (const variant of named) {
          const { width, height, fullSize } =
            planned.find(({ name }) => name === variant.name) ?? {};
          expect({ width, height }).toEqual(variantSize(variant, original));
          expect(fullSize?.width).toBeGreaterThanOrEqual(width ?? Infinity);
          expect(fullSize?.height).toBeGreaterThanOrEqual(height ?? Infinity);
        }
        for (const [index, step] of steps.entries()) {
          const source = step.source === undefined ? decodeSize : steps[step.source]?.fullSize;
          expect(source?.width).toBeGreaterThanOrEqual(step.fullSize.width);
          expect(source?.height).toBeGreaterThanOrEqual(step.fullSize.height);
          expect(step.source ?? -1).toBeLessThan(index);
          if (step.source !== undefined) expect(steps[step.source]?.crop).toBeUndefined();
        }
        const sources = new Set(steps.map(({ source }) => source).filter((s) => s !== undefined));
        for (const source of sources) {
          const { width = 0, height = 0 } = steps[source]?.fullSize ?? {};
          heldPixels += width * height;
        }
        // The pixels held as sources are bounded by the decoded size.
        expect(heldPixels).toBeLessThanOrEqual((decodeSize.width * decodeSize.height * 4) / 3 + 20);
      },
    ),
  );
});
