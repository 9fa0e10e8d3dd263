// From starting the program to its first answer, the way users start it.
import type { Measure } from '../measure.ts';
import { PASSTHROUGH, startUnconfigured } from '../sluice.ts';

export const startUp: Measure = {
  name: 'Start',
  metrics: { 'start to first answer': 'ms' },
  applies: ({ name }) => name === PASSTHROUGH,
  rounds: ({ name }) => ({ tiny: 1, quick: 3, full: 9 })[name],
  async run({ directory }) {
    const running = await startUnconfigured(directory);
    try {
      const response = await fetch(`http://127.0.0.1:${running.port}/gateway/health`);
      await response.text();
      return { 'start to first answer': performance.now() - running.startedAt };
    } finally {
      await running.stop();
    }
  },
};
