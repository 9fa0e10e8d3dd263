// What a request and an event cost, against nginx, against a bare proxy on the same runtime, and without the ledger.
import { BARE, LARGE_PAGES, NO_LEDGER, SLOWEST, SLOWEST_LARGE_PAGES } from '../contenders.ts';
import { NGINX_NAME } from '../nginx.ts';
import { PASSTHROUGH } from '../sluice.ts';
import { atLeast, atMost, type Finding, type Numbers } from './finding.ts';

const NGINX = `× ${NGINX_NAME}`;

export function findWork({ ratio }: Numbers): Finding[] {
  return [
    {
      name: 'CPU per event, passthrough',
      unit: NGINX,
      value: ratio('CPU per event', PASSTHROUGH, NGINX_NAME),
      target: atMost(1.7, 2.2),
    },
    {
      name: `CPU per event, ${SLOWEST}`,
      unit: NGINX,
      value: ratio('CPU per event', SLOWEST, NGINX_NAME),
      target: atMost(2.2),
    },
    {
      name: `CPU per event, ${SLOWEST}, over passthrough`,
      unit: `× ${PASSTHROUGH}`,
      value: ratio('CPU per event', SLOWEST, PASSTHROUGH),
      target: atMost(1.5, 1.5),
    },
    {
      name: 'Plain requests/s, passthrough',
      unit: NGINX,
      value: ratio('plain requests', PASSTHROUGH, NGINX_NAME),
      target: atLeast(1 / 3, 0.25),
    },
    {
      name: '200-event streams/s, passthrough',
      unit: NGINX,
      value: ratio('streams of 200 events', PASSTHROUGH, NGINX_NAME),
      target: atLeast(0.5),
    },
    {
      name: 'Plain requests/s with the ledger',
      unit: '× without',
      value: ratio('plain requests', PASSTHROUGH, NO_LEDGER),
      target: atLeast(0.95),
    },
    {
      name: 'CPU per event with the ledger',
      unit: '× without',
      value: ratio('CPU per event', PASSTHROUGH, NO_LEDGER),
      target: atMost(1.05),
    },
    {
      name: `CPU per event with ${LARGE_PAGES}`,
      unit: '× without',
      value: ratio('CPU per event', LARGE_PAGES, PASSTHROUGH),
    },
    {
      name: `CPU per event, ${SLOWEST}, with ${LARGE_PAGES}`,
      unit: '× without',
      value: ratio('CPU per event', SLOWEST_LARGE_PAGES, SLOWEST),
    },
    {
      name: `CPU per event, ${SLOWEST}, with ${LARGE_PAGES}`,
      unit: NGINX,
      value: ratio('CPU per event', SLOWEST_LARGE_PAGES, NGINX_NAME),
    },
    {
      name: `CPU per plain request with ${LARGE_PAGES}`,
      unit: '× without',
      value: ratio('CPU per plain request', LARGE_PAGES, PASSTHROUGH),
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
