// Run by networks.test.ts on a machine without a network: says of each host in its arguments how dialling it fails.
import { Addresses } from '../../src/server/http1/addresses.ts';
import { dial } from '../../src/server/http1/dial.ts';

for (const host of process.argv.slice(2)) {
  const error = await new Promise<Error & { offline?: boolean }>((failed, opened) =>
    dial({
      addresses: new Addresses(host, () => performance.now()),
      port: 9,
      data: null,
      setTimer(callback, ms) {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
      opened,
      failed,
    }),
  );
  process.stdout.write(`${host} ${error.offline === true}\n`);
}
