// The names by which budgets and rate limits distinguish requests, and the patterns of a limit compiled to match them.
import { compileGlob } from './glob.ts';

/** Null if the request has no such name. */
export interface RequestNames {
  agentType: string | null;
  projectId: string | null;
  provider: string | null;
  model: string | null;
}

/** To which requests a limit applies: those whose names match all of these globs; null: any name. */
export interface NamePatterns {
  agent: string | null;
  project: string | null;
  provider: string | null;
  model: string | null;
}

type NameKind = keyof NamePatterns;

export interface NameReader {
  fits(names: RequestNames): boolean;
  /** The name that has the limit to itself; empty for requests without one, and where all share the limit. */
  nameOf(names: RequestNames): string;
}

const NAMES: Readonly<Record<NameKind, (names: RequestNames) => string | null>> = {
  agent: ({ agentType }) => agentType,
  project: ({ projectId }) => projectId,
  provider: ({ provider }) => provider,
  model: ({ model }) => model,
};

/** For example `project web`, `agent code-*`, `each project`. */
export function formatNames({
  each,
  agent,
  project,
  provider,
  model,
}: NamePatterns & { each: NameKind | null }): string[] {
  return Object.entries({ agent, project, provider, model }).flatMap(([kind, glob]) => {
    if (kind === each) return `each ${kind}${glob === null ? '' : ` ${glob}`}`;
    return glob === null ? [] : `${kind} ${glob}`;
  });
}

/** @param limit `each`: the kind of name of which each value has the whole limit; null: all share it. */
export function compileNames(limit: NamePatterns & { each: NameKind | null }): NameReader {
  const { each } = limit;
  const tests = (Object.keys(NAMES) as NameKind[]).flatMap((kind) => {
    const glob = limit[kind];
    if (glob === null) return [];
    // Some vendors serve a model under its name in any case of letters, which must not evade the limit.
    const spelt = kind === 'model' ? (name: string) => name.toLowerCase() : (name: string) => name;
    const fits = compileGlob(spelt(glob));
    // A missing name counts as an empty one, which `*` also matches.
    return [(names: RequestNames) => fits(spelt(NAMES[kind](names) ?? ''))];
  });
  return {
    fits: (names) => tests.every((test) => test(names)),
    nameOf: (names) => (each === null ? '' : (NAMES[each](names) ?? '')),
  };
}
