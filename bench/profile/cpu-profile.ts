// Reads what `--cpu-prof` writes (https://chromedevtools.github.io/devtools-protocol/tot/Profiler/) into a tree of frames.

/** One function under one caller, with how many samples found it on the stack. */
export interface Frame {
  name: string;
  /** Where it is written, below the project's root; empty for the runtime's own. */
  place: string;
  samples: number;
  children: Map<string, Frame>;
}

export interface CpuProfile {
  nodes: {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
    children?: number[];
  }[];
  samples: number[];
}

/**
 * Samples are counted, not the time between them: the runtime takes none while its thread waits, and the whole wait would
 * be the next one's.
 *
 * @param root the project's folder, which no name should show
 */
export function treeOf({ nodes, samples }: CpuProfile, root: string): Frame {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const all: Frame = { name: 'all', place: '', samples: 0, children: new Map() };
  for (const sample of samples) {
    const stack: number[] = [];
    for (let id: number | undefined = sample; id !== undefined; id = parents.get(id)) stack.push(id);
    let frame = all;
    frame.samples++;
    for (const id of stack.toReversed()) {
      const node = byId.get(id);
      if (node === undefined || node.callFrame.functionName === '(root)') continue;
      const { functionName, url, lineNumber } = node.callFrame;
      const name = functionName === '' ? '(anonymous)' : functionName;
      const place = placeOf(url, lineNumber, root);
      const key = `${name} ${place}`;
      const child = frame.children.get(key) ?? { name, place, samples: 0, children: new Map() };
      frame.children.set(key, child);
      child.samples++;
      frame = child;
    }
  }
  return all;
}

function placeOf(url: string, line: number, root: string): string {
  const path = url.replace(/^file:\/\//, '');
  return path.startsWith(`${root}/`) ? `${path.slice(root.length + 1)}:${line + 1}` : '';
}
