/** The block engine's TypeScript face, and the client of the daemon that hosts it. */
export * from './errors';
export * from './engine-commands';
export * from './engine';
export * from './native-engine';
export * from './fake-engine';
export * from './storage';
export * from './storage-client';
export * from './fake-storage';
