// What npm runs after an install: the build, which makes starting faster and is not needed for it.
'use strict';
require('./old-node.js');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { findBun } = require('./find-bun.js');

const ROOT = path.resolve(__dirname, '..');
const bun = findBun(ROOT);
const built =
  bun !== undefined &&
  spawnSync(bun, [path.join(ROOT, 'scripts', 'build.ts')], { stdio: 'inherit' }).status === 0;
if (!built) console.error('sluice: there is no build; it runs from src/, which takes longer to start');
