import { hashEdgeKey } from '../../domain/edge-key.js';
import { openEdgeAccess } from '../../serve/edge-access.js';
import { edgeKey, USAGE } from './command.js';

function run(argv: string[]) {
  let [out, err] = ['', ''];
  const terminal = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
  };
  return { code: edgeKey(argv, terminal), out, err };
}

test('makes another key each time; `serve` accepts it by the hash that it prints', () => {
  const [one, other] = [run([]), run([])];
  expect(one.out).toMatch(/^[\w-]{43}\n$/);
  expect(one.out).not.toBe(other.out);
  const [name, hash = ''] = one.err.trim().split('=');
  expect(name).toBe('EDGE_KEY_HASHES');
  expect(hash).toBe(hashEdgeKey(one.out.trim()));
  const accepts = openEdgeAccess([hash]);
  expect(accepts({ 'x-edge-key': one.out.trim() })).toBe(true);
  expect(accepts({ 'x-edge-key': other.out.trim() })).toBe(false);
});

test('prints its usage', () => {
  expect(run(['--help'])).toEqual({ code: 0, out: USAGE, err: '' });
  expect(run(['--add'])).toEqual({
    code: 2,
    out: '',
    err: `expected no arguments, found "--add"\n\n${USAGE}`,
  });
});
