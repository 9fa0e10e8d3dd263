export type { SimulatorDeps } from './body.ts';
export { createSimulator, type Simulator } from './simulator.ts';
export { createSleep } from './sleep.ts';
