/** Starts the one system that all specs share, and stops it at the end. */
import type { TestProject } from 'vitest/node';
import { OwnedSystem, type SystemAddress } from './system';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly systemAddress: SystemAddress;
  }
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const owned = await OwnedSystem.start();
  project.provide('systemAddress', owned.address);
  return async () => {
    const code = await owned.stop();
    owned.remove();
    if (code !== 0) throw new Error(`The shared system did not stop cleanly: ${String(code)}.`);
  };
}
