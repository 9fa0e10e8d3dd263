// Changes where client and provider both speak this dialect: none, except for servers that need thinking before calls.
import type { Passthrough } from '../dialect.ts';
import { createLossReport } from '../shared/loss-report.ts';
import { withNeededThinking } from './needed-thinking.ts';
import { holdsUnsealed } from './unsealed.ts';
import { ID } from './wire.ts';

export const passthrough: Passthrough = {
  edits(body, quirks) {
    const messages = withNeededThinking(body, quirks, createLossReport(ID));
    return messages === undefined ? {} : { messages };
  },
  losses(body, quirks) {
    const losses = createLossReport(ID);
    withNeededThinking(body, quirks, losses);
    return losses.list();
  },
  refuses: holdsUnsealed,
};
