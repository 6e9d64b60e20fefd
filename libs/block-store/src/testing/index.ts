/** The contract suites, for the test files of whoever implements or hosts the real thing. */
export * from './engine.contract';
export * from './storage.contract';
