// Reaches the Redis server in its argument once, and prints what is wrong.
import { tryRemoteCount } from '../../src/server/redis/remote-count.ts';

const url = process.argv[2] ?? '';
console.log((await tryRemoteCount({ url, prefix: 'test:', timeoutMs: 20_000 })).lastError);
process.exit();
