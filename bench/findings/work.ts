// What a request and an event cost, against nginx, against a bare proxy on the same runtime, and without the ledger.
import { BARE, NO_LEDGER, SLOWEST } from '../contenders.ts';
import { NGINX_NAME } from '../nginx.ts';
import { PASSTHROUGH } from '../sluice.ts';
import type { Finding, Numbers } from './finding.ts';

const NGINX = `× ${NGINX_NAME}`;

export function findWork({ ratio }: Numbers): Finding[] {
  return [
    {
      name: 'CPU per event, passthrough',
      unit: NGINX,
      value: ratio('CPU per event', PASSTHROUGH, NGINX_NAME),
      target: {
        bound: 1.7,
        side: 'at most',
        obstacle:
          'most of it is what the runtime takes to pass a chunk on at all (below: bare Bun); the rest are the ' +
          'frames, the tap and the record of each',
      },
    },
    {
      name: `CPU per event, ${SLOWEST}`,
      unit: NGINX,
      value: ratio('CPU per event', SLOWEST, NGINX_NAME),
      target: {
        bound: 2.2,
        side: 'at most',
        obstacle: 'what passthrough takes, and beyond it an event is parsed, put in order, and written anew',
      },
    },
    {
      name: 'Plain requests/s, passthrough',
      unit: NGINX,
      value: ratio('plain requests', PASSTHROUGH, NGINX_NAME),
      target: {
        bound: 1 / 3,
        side: 'at least',
        obstacle:
          'a proxy on this runtime that does nothing else takes more than twice nginx’s CPU (below: bare Bun); ' +
          'beyond it most is the main thread’s, [profiles.md](profiles.md) shows where',
      },
    },
    {
      name: '200-event streams/s, passthrough',
      unit: NGINX,
      value: ratio('streams of 200 events', PASSTHROUGH, NGINX_NAME),
      target: {
        bound: 0.5,
        side: 'at least',
        obstacle: 'each of the 200 events is read for the ledger, and the stream costs what a request costs',
      },
    },
    {
      name: 'Plain requests/s with the ledger',
      unit: '× without',
      value: ratio('plain requests', PASSTHROUGH, NO_LEDGER),
      target: {
        bound: 0.95,
        side: 'at least',
        obstacle:
          'a row, its bodies with secrets taken out, and their way to the store’s thread, which shares the core here',
      },
    },
    {
      name: 'CPU per event with the ledger',
      unit: '× without',
      value: ratio('CPU per event', PASSTHROUGH, NO_LEDGER),
      target: {
        bound: 1.05,
        side: 'at most',
        obstacle: 'the body is captured as it flows, and written when the stream is over',
      },
    },
    {
      name: `CPU per event, ${SLOWEST}`,
      unit: `× ${PASSTHROUGH}`,
      value: ratio('CPU per event', SLOWEST, PASSTHROUGH),
      target: {
        bound: 1.5,
        side: 'at most',
        obstacle: 'a translated event is parsed, put in order, and written anew',
      },
    },
    {
      name: 'CPU per event, bare Bun',
      unit: NGINX,
      value: ratio('CPU per event', BARE, NGINX_NAME),
    },
    {
      name: 'Plain requests/s, bare Bun',
      unit: NGINX,
      value: ratio('plain requests', BARE, NGINX_NAME),
    },
    ...[PASSTHROUGH, SLOWEST].map((name) => ({
      name: `CPU per plain request, ${name}`,
      unit: NGINX,
      value: ratio('CPU per plain request', name, NGINX_NAME),
    })),
    {
      name: `Plain requests/s, ${SLOWEST}`,
      unit: NGINX,
      value: ratio('plain requests', SLOWEST, NGINX_NAME),
    },
    {
      name: `200-event streams/s, ${SLOWEST}`,
      unit: NGINX,
      value: ratio('streams of 200 events', SLOWEST, NGINX_NAME),
    },
  ];
}
