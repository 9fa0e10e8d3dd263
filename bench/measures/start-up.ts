// From starting the program to its first answer, the way users start it.
import { startLauncher } from '../contenders.ts';
import { PASSTHROUGH } from '../contenders.ts';
import type { Measure } from '../measure.ts';

export const startUp: Measure = {
  name: 'Start',
  metrics: { 'start to first answer': 'ms' },
  applies: ({ name }) => name === PASSTHROUGH,
  rounds: ({ name }) => ({ tiny: 1, quick: 3, full: 9 })[name],
  async run({ directory }) {
    const running = await startLauncher(directory);
    try {
      const response = await fetch(`http://127.0.0.1:${running.port}${running.path}`);
      await response.text();
      return { 'start to first answer': performance.now() - running.startedAt };
    } finally {
      await running.stop();
    }
  },
};
