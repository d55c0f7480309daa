import fc from 'fast-check';
import { parseVariant, variantSize, type Variant } from '../domain/variant.js';
import { stepsOf } from './resize-plan.js';

const variants = (...texts: string[]) => texts.map((text) => parseVariant(text) as Variant);
const photo = { width: 4000, height: 3000 };

test('from the largest to the smallest, each from the smallest that is twice as large', () => {
  const { decoded, steps } = stepsOf(
    variants('thumb:200x200:cover', 'w400:400', 'w800:800', 'w1600:1600', 'w700:700'),
    photo,
  );
  expect(decoded).toEqual({ width: 1600, height: 1200 });
  expect(steps.map(({ variants: names, source }) => [names.join(), source])).toEqual([
    ['w1600', undefined],
    ['w800', undefined],
    ['w700', undefined],
    ['w400', 1],
    // 267 x 200 are not half of 400 x 300.
    ['thumb', 1],
  ]);
  expect(steps.at(-1)).toMatchObject({ whole: { width: 267, height: 200 }, crop: 'centre' });
});

test('variants that come to the same are one step', () => {
  const { decoded, steps } = stepsOf(
    variants('a:200x200:cover', 'b:300x300:cover', 'c:500', 'd:900', 'e:100x80:cover:attention'),
    { width: 100, height: 80 },
  );
  expect(decoded).toEqual({ width: 100, height: 80 });
  expect(steps.map(({ variants: names, crop }) => [names.join(), crop])).toEqual([
    ['a,b', 'centre'],
    ['c,d,e', undefined],
  ]);
});

test('two ways to crop are two steps', () => {
  const { steps } = stepsOf(variants('a:100x100:cover', 'b:100x100:cover:attention'), photo);
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

test('whatever the variants: each is there once, at its size, from something large enough', () => {
  fc.assert(
    fc.property(
      fc.array(anyVariant, { minLength: 1, maxLength: 20 }),
      fc.record({ width: edge, height: edge }),
      (rules, original) => {
        const named = rules.map((rule, index) => ({ ...rule, name: `v${index}` }));
        const { decoded, steps } = stepsOf(named, original);
        const made = steps.flatMap((step) => step.variants.map((name) => ({ ...step, name })));
        expect(made.map(({ name }) => name).sort()).toEqual(named.map(({ name }) => name).sort());
        let kept = decoded.width * decoded.height;
        for (const variant of named) {
          const { width, height, whole } = made.find(({ name }) => name === variant.name) ?? {};
          expect({ width, height }).toEqual(variantSize(variant, original));
          expect(whole?.width).toBeGreaterThanOrEqual(width ?? Infinity);
          expect(whole?.height).toBeGreaterThanOrEqual(height ?? Infinity);
        }
        for (const [index, step] of steps.entries()) {
          const source = step.source === undefined ? decoded : steps[step.source]?.whole;
          expect(source?.width).toBeGreaterThanOrEqual(step.whole.width);
          expect(source?.height).toBeGreaterThanOrEqual(step.whole.height);
          expect(step.source ?? -1).toBeLessThan(index);
          if (step.source !== undefined) expect(steps[step.source]?.crop).toBeUndefined();
        }
        const sources = new Set(steps.map(({ source }) => source).filter((s) => s !== undefined));
        for (const source of sources) {
          const { width = 0, height = 0 } = steps[source]?.whole ?? {};
          kept += width * height;
        }
        // What is held to be shrunk again is bounded by the decoded picture.
        expect(kept).toBeLessThanOrEqual((decoded.width * decoded.height * 4) / 3 + 20);
      },
    ),
  );
});
