// One pair's stream in a process of its own, so that what its collector says is about nothing else.
// Arguments: wire, client, text of each event, events.
import type { DialectId, ProviderDialectId } from '../../src/model/dialect-id.ts';
import { createPairPump, run } from './pair.ts';
import { textStream } from './streams.ts';

const [wire = '', client = '', text = '', deltas = ''] = process.argv.slice(2);
const pair = { wire: wire as ProviderDialectId, client: client as DialectId };
run(await createPairPump(pair), textStream(pair.wire, text), Number(deltas));
