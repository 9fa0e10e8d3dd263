// Run by networks.test.ts on a machine without a network, or without netlink where that is the first argument: says of each host in
// its arguments how dialling it fails.
import { Addresses } from '../../src/server/http1/addresses.ts';
import { dial } from '../../src/server/http1/dial.ts';
import { codeOf } from '../../src/model/thrown.ts';
import { forbidNetlink } from '../support/no-netlink.ts';

const hosts = process.argv.slice(2);
if (hosts[0] === '--no-netlink') {
  hosts.shift();
  forbidNetlink();
}

for (const host of hosts) {
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
  process.stdout.write(`${host} ${error.offline === true} ${codeOf(error)}\n`);
}
