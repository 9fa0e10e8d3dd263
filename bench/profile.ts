// `npm run profile`: where the main thread's time goes, for plain requests and for 200 paced streams, as flame graphs in
// docs/profiles.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Behaviour } from './behaviour.ts';
import { killChildren } from './child.ts';
import { EFFORTS, onStage, startLoad } from './measure.ts';
import { type CpuProfile, treeOf } from './profile/cpu-profile.ts';
import { flameGraph } from './profile/flame-graph.ts';
import { sluiceContender } from './sluice.ts';

const ROOT = join(import.meta.dir, '..');
const MEASURED_MS = 12_000;

interface Profiled {
  file: string;
  title: string;
  behaviour: Behaviour;
  connections: number;
}

const PROFILED: readonly Profiled[] = [
  {
    file: 'plain.svg',
    title: 'Plain requests, passthrough, as fast as they go: main thread',
    behaviour: { kind: 'plain', amount: 0 },
    connections: 32,
  },
  {
    file: 'streams.svg',
    title: '200 streams of 20 events/s, passthrough: main thread',
    behaviour: { kind: 'paced', amount: 20 },
    connections: 200,
  },
];

try {
  for (const profiled of PROFILED) await profile(profiled);
} finally {
  killChildren();
}

async function profile({ file, title, behaviour, connections }: Profiled): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-profile-'));
  const runtimeFlags = ['--cpu-prof', `--cpu-prof-dir=${directory}`];
  const contender = sluiceContender('anthropic-messages', 'anthropic-messages', { runtimeFlags });
  try {
    await onStage({ contender, effort: EFFORTS.full, directory }, behaviour, async ({ request }) => {
      const load = startLoad({ ...request(behaviour.kind === 'paced'), connections, perSecond: null });
      await Bun.sleep(MEASURED_MS);
      await load.stop();
    });
    const written = readdirSync(directory).find((name) => name.endsWith('.cpuprofile'));
    if (written === undefined) throw new Error('the gateway left no profile: it did not end by itself');
    // Written by the runtime.
    const tree = treeOf(JSON.parse(readFileSync(join(directory, written), 'utf8')) as CpuProfile, ROOT);
    mkdirSync(join(ROOT, 'docs', 'profiles'), { recursive: true });
    writeFileSync(join(ROOT, 'docs', 'profiles', file), flameGraph(tree, title));
    console.log(`docs/profiles/${file}: ${tree.samples} samples`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
