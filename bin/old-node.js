// Ends a process of a Node that cannot read the rest, with words in place of a SyntaxError. In the words of old Node itself.
'use strict';

/** From here on it starts; what is tested is in package.json. */
const OLDEST_NODE = 16;

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  console.error(
    `sluice: needs Node ${require('../package.json').engines.node.slice(2)} or newer; ${process.execPath} is ${process.version}. Get one from https://nodejs.org, and put it first on PATH.`,
  );
  process.exit(1);
}
