// What the rest of the program uses from the simulator.
export type { SimulatorDeps } from './body.ts';
export { serveSimulator } from './served.ts';
export { createSimulator, type Simulator } from './simulator.ts';
export { createSleep } from './sleep.ts';
