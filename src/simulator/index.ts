// What the rest of the program uses of the simulator.
export type { SimulatorDeps } from './body.ts';
export { serveSimulator } from './served.ts';
export { createSimulator, type Simulator } from './simulator.ts';
export { createSleep } from './sleep.ts';
