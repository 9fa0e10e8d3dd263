// What the numbers are compared with: the ratios that matter, and the targets of some of them.
import { type Finding, numbersOf } from './findings/finding.ts';
import { findBodies } from './findings/bodies.ts';
import { findResources } from './findings/resources.ts';
import { findStreams, findWaits } from './findings/waits.ts';
import { findWork } from './findings/work.ts';
import type { MeasureResult } from './results.ts';

/** Those with a target first. */
export function findAll(results: readonly MeasureResult[]): Finding[] {
  const numbers = numbersOf(results);
  const findings = [findWork, findWaits, findResources, findStreams, findBodies].flatMap((find) =>
    find(numbers),
  );
  const aimed = findings.filter(({ target }) => target !== undefined);
  return [...aimed, ...findings.filter(({ target }) => target === undefined)];
}
