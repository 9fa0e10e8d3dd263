// How many combinations of names the sums distinguish, and which names they keep.
import { describe, expect, test } from 'bun:test';
import { createKinds, type Kinds } from '../../src/ledger/kinds.ts';
import { rowValues } from '../../src/ledger/rows/row-columns.ts';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import { sampleRow } from '../support/ledger-rows.ts';

function kindOf(kinds: Kinds, changes: Partial<LedgerRow>) {
  const values = rowValues(sampleRow(changes));
  return kinds.of(values) ?? kinds.choose(values).kind;
}

describe('kinds', () => {
  test('half of the room for names is for requests that succeeded', () => {
    const kinds = createKinds([], { names: 10, kinds: 1000 });
    const distinguished = (status: LedgerRow['status'], from: number) =>
      Array.from({ length: 20 }, (_, at) => kindOf(kinds, { status, model: `m${from + at}` }).model).filter(
        (model) => model !== 'other',
      );
    expect(distinguished('error', 0)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4']);
    expect(distinguished('success', 100)).toEqual(['m100', 'm101', 'm102', 'm103', 'm104']);
    expect(distinguished('success', 0)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4']);
    expect(kindOf(kinds, { model: 'm100', status: 'aborted' }).model).toBe('m100');
  });

  test('each name is hidden by itself, and a kind that hides one has a number below 0', () => {
    const kinds = createKinds([], { names: 1, kinds: 1000 });
    const first = kindOf(kinds, { model: 'm', agentType: 'a', projectId: 'p' });
    expect(first).toMatchObject({ model: 'm', agent: 'a', project: 'p', id: 1 });
    expect(kindOf(kinds, { model: 'n', agentType: 'a', projectId: null })).toMatchObject({
      model: 'other',
      agent: 'a',
      project: '',
      id: -1,
    });
    expect(kindOf(kinds, { model: 'x', agentType: 'a', projectId: null }).id).toBe(-1);
    expect(kindOf(kinds, { model: 'm', agentType: null, projectId: 'q' })).toMatchObject({
      model: 'm',
      project: 'other',
      id: -2,
    });
  });

  test('a project that has a key is told apart however many others there are, and combinations', () => {
    const kinds = createKinds(['team'], { names: 1, kinds: 2 });
    const projectOf = (projectId: string, model = 'm') =>
      kindOf(kinds, { model, agentType: null, projectId }).project;
    expect([projectOf('a'), projectOf('b'), projectOf('team')]).toEqual(['a', 'other', 'team']);
    expect([projectOf('team', 'n'), projectOf('a', 'n'), projectOf('c')]).toEqual(['team', 'other', 'other']);
  });

  test('a client that names something "other" is hidden among the others', () => {
    const kinds = createKinds();
    expect(kindOf(kinds, { model: 'other' }).id).toBe(-1);
    expect(kindOf(kinds, { model: 'other' }).id).toBe(-1);
  });

  test('names that hold line ends are distinguished', () => {
    const kinds = createKinds();
    const one = kindOf(kinds, { model: 'a\nb', agentType: 'c' });
    const other = kindOf(kinds, { model: 'a', agentType: 'b\nc' });
    expect(one.id).not.toBe(other.id);
  });

  test('combinations have a bound of their own', () => {
    const kinds = createKinds([], { names: 100, kinds: 50 });
    const ids = new Set<number>();
    for (let index = 0; index < 5000; index++) {
      const row = { model: `m${index % 40}`, agentType: `a${index % 39}`, projectId: `p${index % 37}` };
      ids.add(kindOf(kinds, row).id);
    }
    expect(ids.size).toBe(51);
    expect(kindOf(kinds, { model: 'm1', agentType: 'a2', projectId: null })).toMatchObject({
      provider: 'lab',
      model: 'other',
      agent: 'other',
      project: '',
    });
  });

  test('half of them are for requests that succeeded: failed ones with all names that there are leave room', () => {
    const kinds = createKinds([], { names: 100, kinds: 50 });
    for (let index = 0; index < 1000; index++)
      kindOf(kinds, { status: 'error', model: `m${index % 40}`, agentType: `a${index % 39}` });
    const paid = { status: 'success', model: 'm1', agentType: 'a1', projectId: 'p1' } as const;
    expect(kindOf(kinds, paid)).toMatchObject({ model: 'm1', agent: 'a1', project: 'p1' });
    expect(kindOf(kinds, { ...paid, status: 'error' })).toMatchObject({ model: 'other', project: 'other' });
  });

  test('what others added is learnt, what was lost is forgotten', () => {
    const kinds = createKinds();
    expect(kinds.learnt()).toEqual([0, 0]);
    const mine = kindOf(kinds, {});
    kinds.learn([
      { ...mine, id: 7, model: 'theirs' },
      { ...mine, id: -4, model: 'other' },
    ]);
    expect(kinds.learnt()).toEqual([7, -4]);
    expect(kindOf(kinds, { model: 'theirs' }).id).toBe(7);
    expect(kindOf(kinds, { model: 'next' }).id).toBe(8);
    kinds.forget();
    expect(kinds.learnt()).toEqual([0, 0]);
    expect(kinds.of(rowValues(sampleRow()))).toBeUndefined();
  });
});
