// A flame graph shows each function above its caller, as wide as the share of samples that found it.
import { expect, test } from 'bun:test';
import { treeOf } from '../../bench/profile/cpu-profile.ts';
import { flameGraph } from '../../bench/profile/flame-graph.ts';

const call = (functionName: string, url = '') => ({ functionName, url, lineNumber: 4 });
const PROFILE = {
  nodes: [
    { id: 1, callFrame: call('(root)'), children: [2] },
    { id: 2, callFrame: call('serve', 'file:///home/me/sluice/src/serve.ts'), children: [3, 4] },
    { id: 3, callFrame: call('write<0>') },
    { id: 4, callFrame: call('', '/elsewhere/secret.ts') },
  ],
  samples: [3, 2, 3, 4],
};

test('samples are folded into callers and what they call', () => {
  const all = treeOf(PROFILE, '/home/me/sluice');
  expect(all.samples).toBe(4);
  const [serve] = all.children.values();
  expect(serve).toMatchObject({ name: 'serve', place: 'src/serve.ts:5', samples: 4 });
  expect([...(serve?.children.values() ?? [])].map(({ name, samples }) => [name, samples])).toEqual([
    ['write<0>', 2],
    ['(anonymous)', 1],
  ]);
});

test('the picture holds every frame, its share, and no path of the machine', () => {
  const picture = flameGraph(treeOf(PROFILE, '/home/me/sluice'), 'a title');
  expect(picture).toContain('<title>serve · src/serve.ts:5 · 100.0 %</title>');
  expect(picture).toContain('<title>write&lt;0&gt; · 50.0 %</title>');
  expect(picture).not.toMatch(/elsewhere|home/);
  expect(picture.match(/<rect/g)).toHaveLength(5);
});
