import { delay } from './lazy-modules.js';

class Base {
  constructor(readonly name: string) {}
  greet(): string {
    return `hello ${this.name}`;
  }
}

function delayed<T extends object>(value: T): { module: T; loads: () => number } {
  let loads = 0;
  const module = delay(() => {
    loads += 1;
    return value;
  }) as T;
  return { module, loads: () => loads };
}

test('a module is loaded once, when a member is first used', () => {
  const { module, loads } = delayed({ add: (a: number, b: number) => a + b, version: '1' });
  expect(loads()).toBe(0);
  expect(module.add(1, 2)).toBe(3);
  expect(module.version).toBe('1');
  expect(loads()).toBe(1);
});

test('members can be replaced, listed and copied', () => {
  const exports: Record<string, unknown> = { one: 1 };
  const { module } = delayed(exports);
  module['two'] = 2;
  expect(exports).toEqual({ one: 1, two: 2 });
  expect(Object.keys(module)).toEqual(['one', 'two']);
  expect({ ...module }).toEqual({ one: 1, two: 2 });
  expect('one' in module).toBe(true);
  expect(Object.hasOwn(module, 'three')).toBe(false);
});

test('a module that is a function can be called', () => {
  const { module } = delayed(Object.assign((text: string) => text.length, { json: true }));
  expect(module('four')).toBe(4);
  expect(module.json).toBe(true);
  expect(Object.keys(module)).toEqual(['json']);
});

test('a module that is a class can be constructed and extended', () => {
  const { module: Delayed } = delayed(Base);
  class Derived extends Delayed {
    own(): string {
      return this.greet().toUpperCase();
    }
  }
  expect(new Delayed('ann')).toBeInstanceOf(Base);
  expect(new Delayed('ann')).toBeInstanceOf(Delayed);
  expect(new Derived('ann').own()).toBe('HELLO ANN');
});

test('the error of a module that cannot be loaded is thrown at its use', () => {
  const module = delay(() => {
    throw new Error('no such module');
  }) as { member: unknown };
  expect(() => module.member).toThrow('no such module');
});
