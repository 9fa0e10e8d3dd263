// What holds for rate limits that several processes or gateways count together, wherever the count is kept.
import { describe, expect, test } from 'bun:test';
import type { RateLimit } from '../../src/config/resolved.ts';
import type { Count, LimitBook } from '../../src/limits/limit-book.ts';

export const MINUTE: RateLimit = {
  kind: 'requests',
  most: 10,
  per: 'minute',
  each: 'project',
  agent: null,
  project: null,
  provider: null,
  model: null,
};
export const AT_ONCE: RateLimit = { ...MINUTE, kind: 'concurrent', most: 2, per: null };
export const TOKENS: RateLimit = { ...MINUTE, kind: 'tokens', most: 100 };

export const namesOf = (projectId: string, provider = 'one') => ({
  agentType: 'coder',
  projectId,
  provider,
  model: 'm',
});

export interface Together extends AsyncDisposable {
  books: LimitBook[];
  /** What a book has said without waiting for an answer has been counted. */
  settled(): Promise<void>;
  /** The process of this book ends. */
  end(index: number): Promise<void>;
  /** Changes the limits of all. */
  configure(limits: RateLimit[]): void;
}

/** @param begin several that count together; of one at a time. */
export function countsTogether(
  where: string,
  begin: (books: number, limits: RateLimit[]) => Promise<Together>,
): void {
  describe(`counted together ${where}`, () => {
    const passes = async (book: LimitBook | undefined, names = namesOf('web'), counted: Count[] = []) =>
      (await book?.enter(names, counted)) === null;

    test.each([1, 3, 7, 97])('of many that come at once, %d pass, not one more or less', async (most) => {
      await using together = await begin(3, [{ ...MINUTE, most, per: 'day' }]);
      const { books } = together;
      const all = await Promise.all(Array.from({ length: 300 }, (_, n) => passes(books[n % 3])));
      expect(all.filter(Boolean)).toHaveLength(most);
      expect(await passes(books[0], namesOf('data'))).toBe(true);
      const [state] = (await books[0]?.states()) ?? [];
      expect(state).toMatchObject({ used: most, isReached: true });
    });

    test('who is refused is told the time until the next may pass', async () => {
      await using together = await begin(2, [{ ...MINUTE, most: 1, per: 'day', each: null }]);
      const [one, other] = together.books;
      expect(await passes(one)).toBe(true);
      const reached = await other?.enter(namesOf('web'), []);
      expect(reached?.waitMs).toBeGreaterThan(86_400_000 - 60_000);
      expect(reached?.waitMs).toBeLessThanOrEqual(86_400_000);
    });

    test('who is refused may ask again after that time', async () => {
      await using together = await begin(2, [{ ...MINUTE, most: 5, per: 'second' }]);
      const [one, other] = together.books;
      // At once: where each takes its time, as many come back meanwhile.
      const all = () => Promise.all(Array.from({ length: 20 }, () => passes(one)));
      while (!(await all()).includes(false));
      const reached = await other?.enter(namesOf('web'), []);
      await Bun.sleep((reached?.waitMs ?? 0) + 2);
      expect(await passes(other)).toBe(true);
    });

    test('tokens that one adds are counted by the others', async () => {
      await using together = await begin(2, [{ ...TOKENS, per: 'day' }]);
      const { books, settled } = together;
      expect(await passes(books[1])).toBe(true);
      books[0]?.addTokens(namesOf('web'), 99);
      await settled();
      expect(await passes(books[1])).toBe(true);
      books[1]?.addTokens(namesOf('web'), 151);
      await settled();
      expect(await passes(books[0])).toBe(false);
      expect(await passes(books[0], namesOf('data'))).toBe(true);
      expect(await books[0]?.states()).toMatchObject([{ used: 250, isReached: true }]);
      // 151 of them have to come back before one is left.
      const reached = await books[1]?.enter(namesOf('web'), []);
      expect(reached?.waitMs).toBeGreaterThan(1.51 * 86_400_000 - 60_000);
    });

    test('requests that run, until they end or their process ends', async () => {
      await using together = await begin(2, [AT_ONCE]);
      const { books, settled } = together;
      const [one, other] = books;
      const counted: Count[] = [];
      expect(await passes(one, namesOf('web'), counted)).toBe(true);
      expect(await passes(other)).toBe(true);
      expect(await passes(one)).toBe(false);
      expect(await passes(other)).toBe(false);
      expect(await one?.states()).toMatchObject([{ used: 2, isReached: true }]);
      one?.leave(counted);
      await settled();
      expect(await passes(other)).toBe(true);
      expect(await passes(one)).toBe(false);
      await together.end(1);
      expect(await passes(one)).toBe(true);
      expect(await one?.states()).toMatchObject([{ used: 1 }]);
    });

    test('what one limit refuses counts towards no other', async () => {
      const wide: RateLimit = { ...MINUTE, most: 50, per: 'day', each: null };
      const limits = [wide, { ...AT_ONCE, most: 1 }, { ...TOKENS, per: 'day' as const }];
      await using together = await begin(2, limits);
      const [one, other] = together.books;
      expect(await passes(one)).toBe(true);
      for (let n = 0; n < 5; n++)
        expect(await other?.enter(namesOf('web'), [])).toMatchObject({ limit: limits[1], waitMs: 1_000 });
      expect((await other?.states())?.[0]).toMatchObject({ used: 1 });
    });

    test('of several that are reached, the one told is the one that lasts longest', async () => {
      const limits = (['minute', 'day', 'hour'] as const).map((per) => ({ ...MINUTE, most: 1, per }));
      await using together = await begin(2, limits);
      const [one, other] = together.books;
      expect(await passes(one)).toBe(true);
      expect(await other?.enter(namesOf('web'), [])).toMatchObject({ limit: limits[1], name: 'web' });
    });

    test('a request counts once, also where the second target has a limit more', async () => {
      const limits: RateLimit[] = [
        { ...MINUTE, most: 1, per: 'day', each: null },
        { ...MINUTE, most: 1, per: 'day', each: null, provider: 'two' },
      ];
      await using together = await begin(2, limits);
      const [one, other] = together.books;
      const counted: Count[] = [];
      expect(await passes(one, namesOf('web'), counted)).toBe(true);
      expect(await passes(one, namesOf('web', 'two'), counted)).toBe(true);
      expect(await passes(one, namesOf('web', 'two'), counted)).toBe(true);
      expect(counted).toHaveLength(2);
      expect((await other?.states())?.map(({ used }) => used)).toEqual([1, 1]);
    });

    test('a request that is not sent after all counts towards nothing', async () => {
      const limits: RateLimit[] = [
        { ...MINUTE, most: 1, per: 'day' },
        { ...MINUTE, most: 5, per: 'day', each: null },
        AT_ONCE,
      ];
      await using together = await begin(2, limits);
      const [one, other] = together.books;
      expect(await passes(one, namesOf('data'))).toBe(true);
      for (let n = 0; n < 9; n++) {
        const counted: Count[] = [];
        expect(await passes(n % 2 === 0 ? one : other, namesOf('web'), counted)).toBe(true);
        (n % 2 === 0 ? one : other)?.giveBack(counted);
        await together.settled();
      }
      expect((await other?.states())?.filter(({ limit }) => limit.project === 'web')).toEqual([]);
      expect((await one?.states())?.find(({ limit }) => limit.each === null)).toMatchObject({ used: 1 });
    });

    test('a changed limit begins anew, but what runs goes on counting', async () => {
      await using together = await begin(2, [MINUTE, AT_ONCE]);
      const [one, other] = together.books;
      expect(await passes(one)).toBe(true);
      expect(await passes(other)).toBe(true);
      expect(await passes(one)).toBe(false);
      together.configure([
        { ...MINUTE, most: 1 },
        { ...AT_ONCE, most: 3 },
      ]);
      expect(await passes(one)).toBe(true);
      expect(await passes(other)).toBe(false);
      expect((await one?.states())?.map(({ used }) => used)).toEqual([1, 3]);
    });
  });
}
